"""What the config says of mailboxes. No library is loaded for it, since every command reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class MaildirSettings:
    """A folder in the Maildir format. With ``keep`` mails that were read stay in ``cur``."""

    folder: Path
    keep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    """A folder at an IMAP server.

    Mails that were read go to the folder ``move_to``; without one they stay, marked as seen, or
    are deleted if not ``keep``. With ``oauth_token_file`` the login is by XOAUTH2, not by
    ``password``. ``ca_file`` (PEM) replaces the system's authorities; without
    ``verify`` it encrypts to whomever answers.
    """

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    verify: bool
    ca_file: Path | None
    username: str
    password: str = field(repr=False, default="")
    oauth_token_file: Path | None = None
    folder: str
    move_to: str | None
    keep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LmtpListenSettings:
    """Where we listen for LMTP: a host and a port, or a socket in the file system."""

    host: str = ""
    port: int = 0
    socket: Path | None = None
