"""What the config says of a next hop. No library is loaded for it, since every command reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

FileFormat = Literal["eml", "maildir"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """How to reach a relay and who we are to it.

    Either ``host`` and ``port``, or ``socket``, a socket in the file system. ``security``: "tls"
    from the first byte (port 465), "starttls" (port 587) or "none". ``client_hostname`` is said
    in EHLO; None is this machine's own full name, or its address where it has none. ``ca_file``
    (PEM) replaces the system's authorities; without ``verify`` it encrypts to whomever answers.
    ``client_cert_file`` is shown to servers that ask for it; ``client_key_file`` is None where the
    key is in the same file. With ``oauth_token_file`` the login is by XOAUTH2, not by password.
    ``envelope_ahead`` allows the next envelope to follow a content that is not yet answered.
    """

    host: str = ""
    port: int = 0
    socket: Path | None = None
    security: Literal["none", "starttls", "tls"]
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    oauth_token_file: Path | None = None
    client_hostname: str | None = None
    ca_file: Path | None = None
    verify: bool = True
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    envelope_ahead: bool = False

    @property
    def where(self) -> str:
        """Name it in a message; an IPv6 address in brackets, as its port follows."""
        if self.socket is not None:
            return str(self.socket)
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait, in seconds; an answer that trickles gains no time.

    ``connect`` is for all of it together (TCP, banner, TLS, EHLO, AUTH), ``command`` for the
    whole reply to MAIL, RCPT and DATA each and for each block of content to leave, ``final``
    for the answer to the dot.
    """

    connect: float = 30
    command: float = 300  # RFC 5321 §4.5.3.2.2 and §4.5.3.2.3
    final: float = 600  # RFC 5321 §4.5.3.2.6: waiting less sends messages twice
    quit: float = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LmtpSettings(SmtpSettings):
    """The same of a server that speaks LMTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """Where mails are written, and as what."""

    folder: Path
    format: FileFormat = "eml"

    @property
    def where(self) -> str:
        """Name it in a message."""
        return str(self.folder)


Hop = SmtpSettings | FileSettings
