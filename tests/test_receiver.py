"""What comes back is brought in until told to stop; a mailbox that fails holds up no other."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from publisher.app import opened
from publisher.config import Config, load
from publisher.receiver import receive
from publisher.store import bounces
from tests.rig.clock import SettableClock
from tests.rig.program import until
from tests.rig.returned import report

CONFIG = """
[publication]
title = "The Lighthouse"
base_url = "https://news.example.org"

[store]
url = "${DATABASE}"

[bounces]
address = "bounce@example.org"
"""


def configured(folder: Path, more: str, database_url: str) -> Config:
    path = folder / "publisher.toml"
    path.write_text(CONFIG + more, encoding="utf-8")
    return load(path, {"DATABASE": database_url})


@pytest.fixture
def kind() -> str:
    return "sqlite"


async def test_mailbox_that_fails_is_tried_again_and_holds_up_no_other(
    tmp_path: Path, database_url: str, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.receiver._SHORTEST_REST_SECONDS", 0.01)
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    config = configured(tmp_path, f'maildir = "bounces"\nlmtp = "127.0.0.1:{port}"', database_url)
    for name in ("new", "cur", "tmp"):
        (tmp_path / "bounces" / name).mkdir(parents=True)
    (tmp_path / "bounces" / "new" / "1").write_bytes(report("bounce@example.org"))
    stop = asyncio.Event()

    async with opened(config, clock=clock) as app:

        async def counted() -> bool:
            async with app.store.read() as connection:
                found = await bounces.counts(connection, clock() - timedelta(days=1))
            return found == {"foreign": 1}

        async def listening() -> bool:
            return any(each["event"] == "bounces are taken over LMTP" for each in logs)

        with capture_logs() as logs:
            receiving = asyncio.create_task(receive(app, stop))
            await until(counted)
            taken.close()
            await taken.wait_closed()
            await until(listening)
            stop.set()
            await receiving

    rests = [each["seconds"] for each in logs if each["event"] == "bounces not fetched"]
    assert rests == [0.01 * 2**n for n in range(len(rests))] != []
    assert [file.name for file in (tmp_path / "bounces").glob("*/*")] == ["1:2,S"]


async def test_server_that_hangs_keeps_nobody_from_stopping(
    tmp_path: Path, database_url: str, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.receiver._PATIENCE_SECONDS", 0.05)
    connected = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    login = f'host = "127.0.0.1"\nport = {port}\nsecurity = "none"\nusername = "a"\npassword = "b"'
    config = configured(tmp_path, f"[bounces.imap]\n{login}", database_url)
    stop = asyncio.Event()

    async with opened(config, clock=clock) as app:
        receiving = asyncio.create_task(receive(app, stop))
        await connected.wait()
        stop.set()
        await asyncio.wait_for(receiving, 30)
    silent.close()
