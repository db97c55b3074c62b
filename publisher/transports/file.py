"""Messages as files in a folder instead of on the wire: for trials, archives and pick-up by others.

Each message becomes one ``.eml`` file that any mail program opens. It begins as a final
delivery does, with a ``Return-Path`` (RFC 5321 §4.4) and a ``Delivered-To`` line for the
envelope; all that follows is the content, byte for byte. One file holds both, so that neither
can be lost without the other.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from pathlib import Path

from publisher.errors import Unreachable
from publisher.mail.wire import check_envelope
from publisher.model import Message, Reply


class File:
    """A folder as next hop: `publisher.ports.Transport`. Makes the folder if it is missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offered: Message | None = None

    async def offer(self, message: Message) -> None:
        """Note the message. Raises Unreachable when the folder cannot be made."""
        check_envelope(message.envelope)
        self._offered = None
        try:
            await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise Unreachable(f"{self._folder}: cannot be made: {error.strerror}") from error
        self._offered = message

    async def transmit(self) -> Reply:
        """Write the message durably; the reply's text is the file's name.

        Raises Unreachable when it could not be written; nothing is left of it then. There is
        never a doubt: the file has its name only when all of it is on the disk.
        """
        if self._offered is None:
            raise RuntimeError("transmit() without offer()")
        message, self._offered = self._offered, None
        envelope = message.envelope
        lines = f"Return-Path: <{envelope.sender}>\r\nDelivered-To: {envelope.recipient}\r\n"
        try:
            name = await asyncio.to_thread(self._write, lines.encode("ascii") + message.content)
        except OSError as error:
            raise Unreachable(f"{self._folder}: cannot be written: {error.strerror}") from error
        return Reply(code=250, text=name)

    async def close(self) -> None:
        """Forget a message that was only offered."""
        self._offered = None

    def _write(self, data: bytes) -> str:
        path = self._folder / f"{uuid.uuid4().hex}.eml"
        part = path.with_suffix(".part")
        try:
            with part.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            part.rename(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        # The name is durable only once the folder is; without this a power cut takes back
        # what was answered with 250.
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return path.name
