"""Programs that come back: nothing is told twice, and a poll that finds nothing costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import feedparser  # type: ignore[import-untyped]
import pytest
from reader import make_reader

from publisher.model import Format
from tests.readers.conftest import Served, Serving
from tests.rig import builders
from tests.rig.builders import TellingSource, told
from tests.rig.desk import Desk

FEED = builders.feed()
PATHS = [f"{FEED.path}.{format}" for format in Format]
ANA = told("ana", summary="Tugs and cranes.")


async def take_in(desk: Desk, *names: str) -> None:
    """Take in these articles, and no change to ana's, in a new hour."""
    desk.clock.advance(hours=1)
    await desk.take_in(TellingSource(ANA, *(told(name) for name in names)))


async def update(served: Served, library: Path) -> tuple[int, int]:
    """Let `reader` update every format; give how many entries are new and how many changed."""
    urls = [served.url + path for path in PATHS]
    return await asyncio.to_thread(_update, urls, library)


def _update(urls: Sequence[str], library: Path) -> tuple[int, int]:
    new = modified = 0
    with make_reader(str(library)) as reader:
        for url in urls:
            reader.add_feed(url, exist_ok=True)
            # Of one feed, whenever it was updated last. Of nothing new it says nothing.
            if (found := reader.update_feed(url)) is not None:
                new += found.new
                modified += found.modified
    return new, modified


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Where `reader` keeps what it has read, between one start and the next."""
    return tmp_path / "reader.db"


async def test_second_look_finds_nothing_and_fetches_nothing(
    desk: Desk, serving: Serving, library: Path
) -> None:
    await take_in(desk, "ben")
    served = await serving(FEED)
    first = await update(served, library)
    served.answers.clear()
    await take_in(desk, "ben")
    await builders.press(desk, FEED).publish()  # as a process would that has just started

    second = await update(served, library)

    assert (first, second) == ((6, 0), (0, 0))
    assert sorted(served.answers) == sorted((path, 304) for path in PATHS)


async def test_edit_is_one_update_and_nothing_new(
    desk: Desk, serving: Serving, library: Path
) -> None:
    await take_in(desk, "ben")
    served = await serving(FEED)
    await update(served, library)
    desk.clock.advance(hours=1)
    edited = told("ben", title="Ben, corrected", html="<p>It happened on the mole.</p>")
    await desk.take_in(TellingSource(ANA, edited))
    await served.press.publish()

    found = await update(served, library)

    assert found == (0, len(PATHS))


async def test_new_article_is_one_entry_and_no_update(
    desk: Desk, serving: Serving, library: Path
) -> None:
    await take_in(desk, "ben")
    served = await serving(FEED)
    await update(served, library)
    await take_in(desk, "ben", "cleo")
    await served.press.publish()

    found = await update(served, library)

    assert found == (len(PATHS), 0)


@pytest.mark.parametrize("validator", ["etag", "modified"])
async def test_either_validator_alone_saves_the_document(
    desk: Desk, serving: Serving, validator: str
) -> None:
    await take_in(desk)
    served = await serving(FEED)
    url = served.url + PATHS[0]
    first = await asyncio.to_thread(feedparser.parse, url)

    second = await asyncio.to_thread(feedparser.parse, url, **{validator: first[validator]})

    assert (first.status, second.status) == (200, 304)
