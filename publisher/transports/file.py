"""Messages written into a folder, one file each: for trials, archives and pick-up by others.

As ``.eml`` each is a file that any mail program opens; as Maildir (cr.yp.to/proto/maildir.html) the
folder is one that mail programs and servers read as a mailbox. A file begins as a final delivery
does, with a ``Return-Path`` (RFC 5321 §4.4) and a ``Delivered-To`` line for the envelope; all that
follows is the content. One file holds both, so that neither can be lost without the other.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
import uuid
from itertools import count
from pathlib import Path

from publisher.errors import InDoubt, Unreachable
from publisher.mail.wire import check_envelope
from publisher.model import Message, Reply
from publisher.transports._settings import FileFormat, FileSettings

__all__ = ["File", "FileSettings"]

_MAILDIR = ("tmp", "new", "cur")
_numbers = count(1)


class File:
    """A folder as next hop: `publisher.ports.Transport`. Makes the folder if it is missing."""

    def __init__(self, folder: Path, form: FileFormat = "eml") -> None:
        self._folder = folder
        self._is_maildir = form == "maildir"
        self._offered: Message | None = None

    async def offer(self, message: Message) -> None:
        """Note the message. Raises Unreachable when the folder cannot be made."""
        check_envelope(message.envelope)
        self._offered = None
        try:
            await asyncio.to_thread(self._make_folders)
        except OSError as error:
            raise Unreachable(f"{self._folder}: cannot be made: {error.strerror}") from error
        self._offered = message

    async def transmit(self, following: Message | None = None) -> Reply:  # noqa: ARG002
        """Write the message durably; the reply's text is the file's name.

        Raises Unreachable when it could not be written, and nothing is left of it then: the file
        has its name only when all of it is on the disk. Raises InDoubt when it has that name, and
        the disk would not say that it will keep it.
        """
        if self._offered is None:
            raise RuntimeError("transmit() without offer()")
        message, self._offered = self._offered, None
        envelope = message.envelope
        lines = f"Return-Path: <{envelope.sender}>\r\nDelivered-To: {envelope.recipient}\r\n"
        data = lines.encode("ascii") + message.content
        try:
            name = await asyncio.to_thread(self._write, data)
        except OSError as error:
            raise Unreachable(f"{self._folder}: cannot be written: {error.strerror}") from error
        return Reply(code=250, text=name)

    async def close(self) -> None:
        """Forget a message that was only offered."""
        self._offered = None

    def _make_folders(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in _MAILDIR if self._is_maildir else ():
            (self._folder / name).mkdir(exist_ok=True)

    def _write(self, data: bytes) -> str:
        if self._is_maildir:
            name = _maildir_name()
            draft, path = self._folder / "tmp" / name, self._folder / "new" / name
            # As mail programs and servers write it there; one with CRLF is shown with a ^M a line.
            data = data.replace(b"\r\n", b"\n")
        else:
            path = self._folder / f"{uuid.uuid4().hex}.eml"
            draft = path.with_suffix(".part")
        try:
            with draft.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            draft.rename(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        try:
            _sync(path.parent)
        except OSError as error:
            raise InDoubt(
                f"{path}: written, but a power cut may take it back: {error.strerror}"
            ) from error
        return path.name


def _sync(folder: Path) -> None:
    """Have a name kept: without this a power cut takes back what was answered with 250."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _maildir_name() -> str:
    """Make a name that no other delivery has: time, process and number, and the host."""
    now = time.time_ns() // 1000
    seconds, microseconds = divmod(now, 1_000_000)
    host = socket.gethostname().replace("/", "\\057").replace(":", "\\072")
    return f"{seconds}.M{microseconds}P{os.getpid()}Q{next(_numbers)}.{host}"
