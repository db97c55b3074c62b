"""Messages as files: whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.errors import Unreachable
from publisher.mail import wire
from publisher.model import Envelope
from publisher.transports.file import File

ENVELOPE = Envelope(sender="bounce+t1@news.example", recipient="ada@reader.example")
CONTENT = b"Subject: One\r\n\r\nHello\r\n"
MESSAGE = wire.message(ENVELOPE, CONTENT)


async def test_file_begins_with_the_envelope_and_goes_on_with_the_content(tmp_path: Path) -> None:
    transport = File(tmp_path / "out" / "mail")
    await transport.offer(MESSAGE)
    reply = await transport.transmit()

    assert (tmp_path / "out" / "mail" / reply.text).read_bytes() == (
        b"Return-Path: <bounce+t1@news.example>\r\nDelivered-To: ada@reader.example\r\n" + CONTENT
    )


async def test_folder_that_cannot_be_made_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(Unreachable, match="cannot be made"):
        await File(tmp_path / "taken").offer(MESSAGE)


async def test_failed_write_leaves_nothing_and_needs_a_new_offer(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    transport = File(folder)
    await transport.offer(MESSAGE)
    folder.rmdir()
    with pytest.raises(Unreachable, match="cannot be written"):
        await transport.transmit()
    await transport.offer(MESSAGE)
    await transport.transmit()

    assert [path.suffix for path in folder.iterdir()] == [".eml"]
