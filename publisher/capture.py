"""A mail server on loopback that takes everything and lets nothing out, for trials.

``publisher run --capture`` stands it where the relay would be, so that a new site sends real
SMTP and no reader gets anything. Whoever shows the catch reads it with `caught` and `read`;
the server never renders anything and listens on nothing but loopback, for it asks nobody who
they are.

Each message becomes one ``.eml`` file, begun as a final delivery begins (RFC 5321 §4.4): a
``Return-Path`` and a ``Delivered-To`` line for the envelope, then the content byte for byte.
"""

from __future__ import annotations

import asyncio
import email.message
import email.policy
import ipaddress
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path
from typing import cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

MAX_MESSAGE_BYTES = 25 * 1024 * 1024
KEPT = 1000

# The instant of arrival, to the microsecond, so that names sort as messages came.
_ID = re.compile(r"[0-9]{8}T[0-9]{12}Z-[0-9a-f]{8}")
_TIME_FORMAT = "%Y%m%dT%H%M%S%fZ"
_HEADER_BYTES = 64 * 1024  # more than any header of ours; the list need not read whole mails


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtMail:
    """One line of the list of what was caught."""

    id: str
    received: datetime
    sender: str
    recipient: str
    subject: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtContent:
    """A caught message taken apart: header fields in their order, decoded; bodies or None.

    All of it is as hostile as its sender. ``raw`` is the content as it came over the wire.
    """

    headers: tuple[tuple[str, str], ...]
    html: str | None
    text: str | None
    raw: bytes


class CaptureServer:
    """The server. Port 0 takes a free one; ``port`` tells which once it has started."""

    def __init__(self, host: str, port: int, folder: Path, *, kept: int = KEPT) -> None:
        """Raise ValueError for a host that is not loopback; beyond ``kept`` the oldest go."""
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"{host} is not loopback: anybody could leave mail here")
        self.host = host
        self.port = port
        self._folder = folder
        self._kept = kept
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()

    async def start(self) -> None:
        """Listen. Raises OSError when the folder cannot be made or the port is taken."""
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Session(self._sessions, self._folder, self._kept), self.host, self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut what is open. What was answered with 250 is on the disk."""
        if self._server is not None:
            self._server.close()
            for session in list(self._sessions):
                session.cut()
            # One turn of the loop for the connections to be closed in.
            await asyncio.sleep(0)
            await self._server.wait_closed()
            self._server = None


class _Session(SMTP):
    """One connection, known to the server so that it can be cut."""

    def __init__(self, sessions: set[_Session], folder: Path, kept: int) -> None:
        super().__init__(
            _Handler(folder, kept),
            data_size_limit=MAX_MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="capture",
            # A site's relay password works here, whatever it is; nothing is encrypted.
            auth_require_tls=False,
            authenticator=lambda *_: AuthResult(success=True),
            loop=asyncio.get_running_loop(),
        )
        self._sessions = sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the open ones."""
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Leave the open ones."""
        self._sessions.discard(self)
        super().connection_lost(error)

    def cut(self) -> None:
        """End it without a word."""
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()


class _Handler:
    def __init__(self, folder: Path, kept: int) -> None:
        self._folder = folder
        self._kept = kept

    # aiosmtpd finds its hooks by name and fills their arguments by place.
    async def handle_DATA(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        """Keep the message once for each recipient, then say so."""
        content = envelope.content
        if not isinstance(content, bytes):
            return "554 5.6.0 content is no bytes"
        for recipient in envelope.rcpt_tos:
            await asyncio.to_thread(
                _keep, self._folder, envelope.mail_from or "", recipient, content, self._kept
            )
        return "250 2.0.0 caught"


def caught(folder: Path) -> list[CaughtMail]:
    """List what was caught, newest first. Nothing caught, or no folder, is an empty list."""
    return list(_summaries(folder))


def read(folder: Path, id: str) -> CaughtContent | None:
    """Take a caught message apart; None for an id that names none."""
    if not _ID.fullmatch(id):
        return None
    try:
        data = (folder / f"{id}.eml").read_bytes()
    except FileNotFoundError:
        return None
    _, _, raw = _split(data)
    message = BytesParser(policy=email.policy.default).parsebytes(raw)
    return CaughtContent(
        headers=tuple((name, str(value)) for name, value in message.items()),
        html=_body(message, "html"),
        text=_body(message, "plain"),
        raw=raw,
    )


def _keep(folder: Path, sender: str, recipient: str, content: bytes, kept: int) -> None:
    """Write the file under a name that no reader sees before it is whole; forget the oldest."""
    name = f"{datetime.now(UTC).strftime(_TIME_FORMAT)}-{secrets.token_hex(4)}"
    part = folder / f"{name}.part"
    envelope = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n"
    part.write_bytes(envelope.encode() + content)
    part.rename(folder / f"{name}.eml")
    for id in _ids(folder)[kept:]:
        (folder / f"{id}.eml").unlink(missing_ok=True)


def _ids(folder: Path) -> list[str]:
    """Give the ids of all messages, newest first."""
    return sorted(
        (path.stem for path in folder.glob("*.eml") if _ID.fullmatch(path.stem)), reverse=True
    )


def _summaries(folder: Path) -> Iterator[CaughtMail]:
    parser = BytesHeaderParser(policy=email.policy.default)
    for id in _ids(folder):
        try:
            with (folder / f"{id}.eml").open("rb") as stream:
                start = stream.read(_HEADER_BYTES)
                size_bytes = stream.seek(0, 2)
        except FileNotFoundError:  # forgotten meanwhile
            continue
        sender, recipient, raw = _split(start)
        yield CaughtMail(
            id=id,
            received=datetime.strptime(id.partition("-")[0], _TIME_FORMAT).replace(tzinfo=UTC),
            sender=sender,
            recipient=recipient,
            subject=str(parser.parsebytes(raw)["Subject"] or ""),
            size_bytes=size_bytes - (len(start) - len(raw)),
        )


def _split(data: bytes) -> tuple[str, str, bytes]:
    """Part the two lines of `_keep` from the content: sender, recipient, content."""
    first, second, raw = data.split(b"\r\n", 2)
    sender = first.decode().removeprefix("Return-Path: <").removesuffix(">")
    return sender, second.decode().removeprefix("Delivered-To: "), raw


def _body(message: email.message.EmailMessage, subtype: str) -> str | None:
    part = message.get_body((subtype,))
    if part is None:
        return None
    content = part.get_content()
    return content if isinstance(content, str) else None
