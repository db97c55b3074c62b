from __future__ import annotations

import asyncio
import gzip
from datetime import datetime, timedelta

import feedparser  # type: ignore[import-untyped]
import pytest

from publisher.model import ArticleState, Coding, Feed, FeedDocument, Format, Selection
from publisher.store import articles, feeds
from publisher.store.engine import Store
from publisher.store.tables import feed_documents
from tests.rig import builders
from tests.rig.builders import told
from tests.rig.desk import Desk

FEED = builders.feed()


async def build(desk: Desk, feed: Feed = FEED, store: Store | None = None) -> list[FeedDocument]:
    return await builders.press(desk, feed, store=store).publish()


async def stored(desk: Desk, format: Format = Format.ATOM, feed: Feed = FEED) -> FeedDocument:
    async with desk.store.read() as connection:
        found = await feeds.get(connection, feed.slug, format)
    assert found is not None
    return found


async def titles(desk: Desk, feed: Feed = FEED) -> list[str]:
    """What a reader's program finds in the stored feed."""
    parsed = feedparser.parse((await stored(desk, feed=feed)).body)
    return [entry.title for entry in parsed.entries]


async def updated(desk: Desk) -> datetime:
    parsed = feedparser.parse((await stored(desk)).body)
    return datetime.fromisoformat(parsed.feed.updated)


async def test_first_build_makes_every_format(desk: Desk) -> None:
    await desk.bring("one")

    made = await build(desk)

    assert [document.format for document in made] == [Format.RSS, Format.ATOM, Format.JSON]
    assert made == [await stored(desk, document.format) for document in made]


async def test_nothing_is_built_when_nothing_changed(desk: Desk) -> None:
    await desk.bring("one")
    await build(desk)
    before = await stored(desk)
    desk.clock.advance(days=1)

    made = await build(desk)

    assert made == []
    assert await stored(desk) == before


async def test_same_articles_give_the_same_bytes_and_tag(desk: Desk) -> None:
    """Another process, or the same after a restart, must not make readers load it all again."""
    await desk.bring("one", "two")
    first = await build(desk)
    desk.clock.advance(days=1)
    async with desk.store.write() as connection:
        await connection.execute(feed_documents.delete())

    second = await build(desk)

    assert [(d.body, d.etag) for d in second] == [(d.body, d.etag) for d in first]


async def test_two_processes_may_build_at_once(desk: Desk, second_store: Store) -> None:
    await desk.bring("one")

    await asyncio.gather(*(build(desk, store=each) for each in [desk.store, second_store] * 3))

    assert await titles(desk) == ["one"]
    assert await build(desk) == []


async def test_packed_bytes_are_the_same_feed(desk: Desk) -> None:
    await desk.bring("one")
    await build(desk)

    document = await stored(desk)

    assert gzip.decompress(document.packed[Coding.GZIP]) == document.body


async def test_edit_moves_updated_and_modified(desk: Desk) -> None:
    await desk.bring("one")
    await build(desk)
    before, before_updated = await stored(desk), await updated(desk)
    desk.clock.advance(hours=1)
    desk.source.tells = [told("one", title="Corrected")]
    await desk.take_in()

    await build(desk)

    after = await stored(desk)
    assert await titles(desk) == ["Corrected"]
    assert await updated(desk) - before_updated == timedelta(hours=1)
    assert after.modified - before.modified == timedelta(hours=1)
    assert after.etag != before.etag


async def test_article_outside_the_selection_changes_nothing(desk: Desk) -> None:
    feed = builders.feed(select=Selection(tags=("ports",)))
    await desk.bring("one", tags=("ports",))
    await build(desk, feed)
    desk.clock.advance(hours=1)
    await desk.bring("two", tags=("rails",))

    assert await build(desk, feed) == []
    assert await titles(desk, feed) == ["one"]


@pytest.mark.parametrize("state", [ArticleState.WITHDRAWN, ArticleState.HELD])
async def test_withdrawal_removes_the_entry_and_moves_updated(
    desk: Desk, state: ArticleState
) -> None:
    await desk.bring("one", "two")
    await build(desk)
    before = await updated(desk)
    desk.clock.advance(hours=1)
    async with desk.store.write() as connection:
        await articles.set_state(connection, "two", state, desk.clock())

    await build(desk)

    assert await titles(desk) == ["one"]
    assert await updated(desk) - before == timedelta(hours=1)


async def test_embargoed_article_appears_when_its_time_has_come(desk: Desk) -> None:
    await desk.bring("one")
    await desk.bring("later", published=desk.clock() + timedelta(hours=2))
    await build(desk)
    before = await titles(desk)
    desk.clock.advance(hours=2)

    made = await build(desk)

    assert before == ["one"]
    assert len(made) == 3
    assert await titles(desk) == ["later", "one"]
    assert await updated(desk) == desk.clock()


async def test_newest_come_first_and_no_more_than_the_limit(desk: Desk) -> None:
    day = desk.clock() - timedelta(days=1)
    for n in (2, 0, 3, 1):
        await desk.bring(f"a{n}", published=day + timedelta(hours=n))
    feed = builders.feed(limit=3)

    await build(desk, feed)

    assert await titles(desk, feed) == ["a3", "a2", "a1"]


async def test_limit_counts_what_is_selected(desk: Desk) -> None:
    """Selected articles may stand behind many others: pages are read until there are enough."""
    day = desk.clock() - timedelta(days=30)
    await desk.bring("old", tags=("ports",), published=day)
    for n in range(205):
        desk.source.tells.append(told(f"r{n}", published=day + timedelta(minutes=n + 1)))
    await desk.take_in()
    feed = builders.feed(select=Selection(tags=("ports",)))

    await build(desk, feed)

    assert await titles(desk, feed) == ["old"]


async def test_feed_without_an_article_is_valid_and_keeps_its_bytes(desk: Desk) -> None:
    born = desk.clock()
    desk.clock.advance(days=3)

    made = await build(desk)
    desk.clock.advance(days=3)

    assert len(made) == 3
    assert not feedparser.parse((await stored(desk)).body).bozo
    assert await updated(desk) == born
    assert await build(desk) == []


async def test_changed_setting_is_a_reason_to_build(desk: Desk) -> None:
    await desk.bring("one")
    await build(desk)

    made = await build(desk, builders.feed(title="All"))

    assert len(made) == 3


async def test_setting_that_changes_no_byte_keeps_modified(desk: Desk) -> None:
    await desk.bring("one")
    await build(desk)
    before = await stored(desk)
    desk.clock.advance(hours=1)
    larger = builders.feed(limit=51)

    made = [await build(desk, larger), await build(desk, larger)]

    assert made == [[], []]
    assert await stored(desk) == before
