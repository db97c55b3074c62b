"""The clock: each source on its own, and what is due at its instant."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.app import App, opened, utc_now
from publisher.config import load
from publisher.model import Event, EventKind, Format
from publisher.scheduler import keep_time
from publisher.store import events, feeds, sources
from tests.rig.program import until

CONFIG = """
[publication]
title = "Example News"
base_url = "https://news.example.org"

[store]
url = "sqlite:///site.db"

[[sources]]
name = "hanging"
kind = "tests.rig.kinds.hanging"

[[sources]]
name = "raising"
kind = "tests.rig.kinds.raising"
every = "1s"

[[sources]]
name = "newsroom"
kind = "folder"
path = "articles"
every = "{every}"

[[feeds]]
slug = "all"
title = "Everything"
"""


class Newsroom:
    """A site whose clock runs, and its folder of articles."""

    def __init__(self, app: App, folder: Path) -> None:
        self.app = app
        self._folder = folder

    def write(self, name: str, text: str) -> None:
        path = self._folder / f"{name}.md"
        path.write_text(text, encoding="utf-8")
        os.utime(path, (1_780_000_000, 1_780_000_000))

    async def shows(self, words: str) -> bool:
        async with self.app.store.read() as connection:
            document = await feeds.get(connection, "all", Format.JSON)
        return document is not None and words.encode() in document.body

    async def is_asked(self) -> bool:
        async with self.app.store.read() as connection:
            return (await sources.status(connection, "newsroom")).last_good is not None


@asynccontextmanager
async def newsroom(tmp_path: Path, every: str) -> AsyncIterator[Newsroom]:
    (tmp_path / "articles").mkdir()
    config = tmp_path / "publisher.toml"
    config.write_text(CONFIG.format(every=every), encoding="utf-8")
    stop = asyncio.Event()
    async with opened(load(config, {}), migrated=True) as app:
        clock = asyncio.create_task(keep_time(app, stop, asyncio.Event()))
        try:
            yield Newsroom(app, tmp_path / "articles")
        finally:
            stop.set()
            await clock


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.scheduler._PATIENCE_SECONDS", 0.1)


async def test_hanging_and_raising_sources_delay_no_other(tmp_path: Path) -> None:
    async with newsroom(tmp_path, every="1s") as desk:
        desk.write("frost", "# Frost\n\nThe lake froze.\n")

        await until(lambda: desk.shows("Frost"))


async def test_saved_file_is_noticed_long_before_its_interval_is_over(tmp_path: Path) -> None:
    async with newsroom(tmp_path, every="12h") as desk:
        await until(desk.is_asked)
        desk.write("frost", "# Frost\n\nThe lake froze.\n")

        await until(lambda: desk.shows("Frost"))


async def test_embargoed_article_is_shown_when_its_time_has_come(tmp_path: Path) -> None:
    async with newsroom(tmp_path, every="12h") as desk:
        await until(desk.is_asked)
        due = utc_now().replace(microsecond=0) + timedelta(seconds=4)
        desk.write("frost", f"---\npublished: {due.isoformat()}\n---\n# Frost\n\nIt froze.\n")

        await until(lambda: desk.shows("Frost"))

        assert utc_now() >= due


async def test_what_was_kept_for_long_enough_is_let_go_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.scheduler._FIRST_PRUNING", timedelta(seconds=1))
    async with newsroom(tmp_path, every="12h") as desk:
        long_ago = utc_now() - timedelta(days=91)
        async with desk.app.store.write() as connection:
            events.note(connection, Event(kind=EventKind.COMPLAINT, occurred=long_ago))

        async def is_gone() -> bool:
            async with desk.app.store.read() as connection:
                return await events.newest(connection) == 0

        await until(is_gone)
