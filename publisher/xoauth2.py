"""XOAUTH2, by which Google and Microsoft want programs to log in: with a token, not a password.

A token is worth as much as a password for as long as it lasts. It is said on an encrypted line
only, and stands in no message, not even where a server repeats it.
"""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import dataclass
from pathlib import Path

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1


class NoLogin(Exception):
    """There is nothing to log in with, or no way to. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a server is shown."""

    token: str
    initial: str

    def hidden(self, said: str, challenge: str = "") -> str:
        """Give what a server said, without the token, and with the reason in its challenge."""
        if challenge:
            said = f"{said} ({_decoded(challenge)})"
        for secret in (self.token, self.initial):
            said = said.replace(secret, "[token]")
        return said


async def proof(username: str, token_file: Path) -> Proof:
    """Make the proof with the token that a file holds now, so that another program may renew it.

    Raises NoLogin.
    """
    token = await asyncio.to_thread(_read, token_file)
    initial = base64.b64encode(f"user={username}\x01auth=Bearer {token}\x01\x01".encode())
    return Proof(token, initial.decode())


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
