"""Messages as files: whole or not at all."""

from __future__ import annotations

import asyncio
import mailbox
import os
import stat
import time
from pathlib import Path

import pytest

from publisher.errors import InDoubt, Unreachable
from publisher.mail import wire
from publisher.model import Envelope
from publisher.transports._settings import FileFormat
from publisher.transports.file import File

ENVELOPE = Envelope(sender="bounce+t1@news.example", recipient="ada@reader.example")
CONTENT = b"Subject: One\r\n\r\nHello\r\n"
MESSAGE = wire.message(ENVELOPE, CONTENT)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


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


@pytest.mark.parametrize(("form", "left"), [("eml", ".eml"), ("maildir", "new")])
async def test_file_whose_name_the_disk_may_not_keep_is_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: FileFormat, left: str
) -> None:
    """F3: whoever picks it up has it already, so it must not go out a second time by itself."""
    fsync = os.fsync

    def failing(number: int) -> None:
        if stat.S_ISDIR(os.fstat(number).st_mode):
            raise OSError(5, "Input/output error")
        fsync(number)

    monkeypatch.setattr(os, "fsync", failing)
    transport = File(tmp_path, form)
    await transport.offer(MESSAGE)
    with pytest.raises(InDoubt, match="a power cut may take it back: Input/output error"):
        await transport.transmit()

    (file,) = files(tmp_path)
    assert left in (file.suffix, file.parent.name)


async def test_mailbox_is_read_by_other_programs(tmp_path: Path) -> None:
    """As Dovecot, mutt and Python have it: a new message, its lines ended by LF alone."""
    transport = File(tmp_path / "box", "maildir")
    for _ in range(3):
        await transport.offer(MESSAGE)
        await transport.transmit()

    box = mailbox.Maildir(tmp_path / "box", create=False)
    assert len(box) == 3
    for message in box:
        assert message.get_subdir() == "new"
        assert message["Return-Path"] == "<bounce+t1@news.example>"
        assert message["Delivered-To"] == "ada@reader.example"
        assert message.get_payload() == "Hello\n"
    assert all(b"\r" not in file.read_bytes() for file in files(tmp_path))
    assert list((tmp_path / "box" / "tmp").iterdir()) == []


async def test_deliveries_at_the_same_instant_never_meet_in_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_123_456_000)

    async def deliver() -> None:
        transport = File(tmp_path, "maildir")
        await transport.offer(MESSAGE)
        await transport.transmit()

    await asyncio.gather(*(deliver() for _ in range(50)))

    names = [path.name for path in (tmp_path / "new").iterdir()]
    assert len(names) == 50
    assert not any(":" in name or "/" in name or name.startswith(".") for name in names)


@pytest.mark.parametrize("missing", ["tmp", "new"])
async def test_failed_write_leaves_nothing_in_a_mailbox(tmp_path: Path, missing: str) -> None:
    transport = File(tmp_path, "maildir")
    await transport.offer(MESSAGE)
    (tmp_path / missing).rmdir()
    with pytest.raises(Unreachable, match="cannot be written"):
        await transport.transmit()

    assert files(tmp_path) == []
