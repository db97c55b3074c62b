"""XOAUTH2, by which Google and Microsoft want programs to log in: with a token, not a password.

A token is worth as much as a password for as long as it lasts. It is said on an encrypted line
only, and stands in no message, not even where a server repeats it.
"""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path

from aiosmtplib import SMTP, SMTPAuthenticationError

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1
_CHALLENGE, _WELCOME = 334, 235


class NoLogin(Exception):
    """There is nothing to log in with, or no way to. The message says what to do."""


async def log_in(client: SMTP, username: str, token_file: Path) -> None:
    """Log in with the token that the file holds now, so that another program may renew it.

    Raises NoLogin before anything is said, and SMTPAuthenticationError with what the server said.
    """
    if client.get_transport_info("sslcontext") is None:
        raise NoLogin("the line is not encrypted, and a token must not be seen; set security")
    if "xoauth2" not in client.server_auth_methods:
        offered = ", ".join(client.server_auth_methods).upper() or "no login"
        raise NoLogin(f'the server does not offer XOAUTH2, but {offered}; set auth = "password"?')
    token = await asyncio.to_thread(_read, token_file)
    initial = base64.b64encode(f"user={username}\x01auth=Bearer {token}\x01\x01".encode())
    response = await client.execute_command(b"AUTH", b"XOAUTH2", initial)
    reason = ""
    if response.code == _CHALLENGE:
        # It has said why as JSON, and waits for an empty line before it refuses.
        reason = f" ({_decoded(response.message)})"
        response = await client.execute_command(b"")
    if response.code != _WELCOME:
        said = f"{response.message}{reason}"
        for secret in (token, initial.decode()):
            said = said.replace(secret, "[token]")
        raise SMTPAuthenticationError(response.code, said)


def _read(file: Path) -> str:
    try:
        token = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise NoLogin(f"oauth_token_file {file}: {error.strerror}") from error
    except ValueError:
        token = ""
    if not _TOKEN.fullmatch(token):
        raise NoLogin(f"oauth_token_file {file} holds no token")
    return token


def _decoded(challenge: str) -> str:
    try:
        return base64.b64decode(challenge).decode()
    except ValueError:
        return challenge
