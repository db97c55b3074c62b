"""Logging in at a relay with a token."""

from __future__ import annotations

from pathlib import Path

from aiosmtplib import SMTP, SMTPAuthenticationError

from publisher.xoauth2 import NoLogin, proof

_CHALLENGE, _WELCOME = 334, 235


async def log_in(client: SMTP, username: str, token_file: Path) -> None:
    """Log in by XOAUTH2.

    Raises NoLogin before anything is said, and SMTPAuthenticationError with what the server said.
    """
    if client.get_transport_info("sslcontext") is None:
        raise NoLogin("the line is not encrypted, and a token must not be seen; set security")
    if "xoauth2" not in client.server_auth_methods:
        offered = ", ".join(client.server_auth_methods).upper() or "no login"
        raise NoLogin(f'the server does not offer XOAUTH2, but {offered}; set auth = "password"?')
    shown = await proof(username, token_file)
    response = await client.execute_command(b"AUTH", b"XOAUTH2", shown.initial.encode())
    challenge = ""
    if response.code == _CHALLENGE:
        # It has said why as JSON, and waits for an empty line before it refuses.
        challenge = response.message
        response = await client.execute_command(b"")
    if response.code != _WELCOME:
        raise SMTPAuthenticationError(response.code, shown.hidden(response.message, challenge))
