"""Archives (RFC 5005 §4): with the feed's document they hold everything, and pages stay."""

from __future__ import annotations

from datetime import timedelta

import feedparser  # type: ignore[import-untyped]
import pytest

from publisher.model import ArticleState, Feed, FeedDocument, Format, Selection
from publisher.publish import Press
from publisher.store import articles
from tests.rig import builders
from tests.rig.builders import told
from tests.rig.desk import Desk

FEED = builders.feed(limit=10, formats=(Format.ATOM,))


async def bring(desk: Desk, first: int, last: int) -> None:
    """Bring numbered articles, one a minute of the week before."""
    week = desk.clock() - timedelta(days=7)
    desk.source.tells += [
        told(f"a{n}", published=week + timedelta(minutes=n)) for n in range(first, last + 1)
    ]
    await desk.take_in(has_breaker=False)


async def live(press: Press, desk: Desk) -> FeedDocument:
    (document,) = await press.publish()
    return document


def titles(document: FeedDocument | None) -> list[str]:
    assert document is not None
    return [entry.title for entry in feedparser.parse(document.body).entries]


async def everything(press: Press, newest: str, feed: Feed = FEED) -> list[str]:
    """Follow the chain of names from the newest page down."""
    found = titles(await press.archived(feed, newest, Format.ATOM))
    for number in range(int(newest.partition("-")[0]) - 1, 0, -1):
        found += titles(await press.archived(feed, str(number), Format.ATOM))
    return found


async def test_document_and_archive_hold_everything_once(desk: Desk) -> None:
    press = builders.press(desk, FEED)
    await bring(desk, 1, 235)

    shown = titles(await live(press, desk))

    archived = await everything(press, "3-25")
    assert shown == [f"a{n}" for n in range(235, 225, -1)]
    assert archived == [f"a{n}" for n in range(225, 0, -1)]


async def test_full_page_keeps_its_articles_whatever_comes(desk: Desk) -> None:
    press = builders.press(desk, FEED)
    await bring(desk, 1, 115)
    await press.publish()
    before = titles(await press.archived(FEED, "1", Format.ATOM))
    desk.clock.advance(hours=1)
    await desk.bring("older than all", published=desk.clock() - timedelta(days=900))
    await bring(desk, 200, 230)

    await press.publish()

    assert titles(await press.archived(FEED, "1", Format.ATOM)) == before


async def test_article_dated_back_is_in_the_archive_at_once(desk: Desk) -> None:
    """It never was among the newest, and must not be missing."""
    press = builders.press(desk, FEED)
    await bring(desk, 1, 20)
    await press.publish()
    await desk.bring("old", published=desk.clock() - timedelta(days=900))

    await press.publish()

    assert titles(await press.archived(FEED, "1-11", Format.ATOM))[0] == "old"


async def test_page_under_an_earlier_name_is_still_there(desk: Desk) -> None:
    """Whoever was told of "1-5" may come for it later."""
    press = builders.press(desk, FEED)
    await bring(desk, 1, 15)
    await press.publish()
    before = titles(await press.archived(FEED, "1-5", Format.ATOM))
    desk.clock.advance(hours=1)
    await bring(desk, 16, 200)
    await press.publish()

    assert titles(await press.archived(FEED, "1-5", Format.ATOM)) == before


async def test_edit_is_told_in_the_archive(desk: Desk) -> None:
    press = builders.press(desk, FEED)
    await bring(desk, 1, 15)
    await press.publish()
    first = await press.archived(FEED, "1-5", Format.ATOM)
    desk.clock.advance(hours=1)
    desk.source.tells[0] = told("a1", title="Corrected", published=desk.clock() - timedelta(days=7))
    await desk.take_in()

    second = await press.archived(FEED, "1-5", Format.ATOM)

    assert "Corrected" in titles(second)
    assert first is not None
    assert second is not None
    assert first.etag != second.etag


async def test_withdrawn_article_leaves_the_archive(desk: Desk) -> None:
    press = builders.press(desk, FEED)
    await bring(desk, 1, 15)
    await press.publish()
    async with desk.store.write() as connection:
        await articles.set_state(connection, "a3", ArticleState.WITHDRAWN, desk.clock())

    assert "a3" not in titles(await press.archived(FEED, "1-5", Format.ATOM))


async def test_archive_shows_what_the_feed_selects_now(desk: Desk) -> None:
    await bring(desk, 1, 15)
    await builders.press(desk, FEED).publish()
    changed = builders.feed(
        limit=10, formats=(Format.ATOM,), select=Selection(sources=("elsewhere",))
    )

    page = await builders.press(desk, changed).archived(changed, "1-5", Format.ATOM)

    assert titles(page) == []


async def test_feed_that_has_moved_keeps_its_archive(desk: Desk) -> None:
    await bring(desk, 1, 15)
    await builders.press(desk, FEED).publish()
    before = titles(await builders.press(desk, FEED).archived(FEED, "1-5", Format.ATOM))
    moved = builders.feed(slug="moved", formerly=(FEED.slug,), limit=10, formats=(Format.ATOM,))

    page = await builders.press(desk, moved).archived(moved, "1-5", Format.ATOM)

    assert titles(page) == before


async def test_complete_feed_holds_everything_and_has_no_archive(desk: Desk) -> None:
    complete = builders.feed(limit=None, formats=(Format.ATOM,))
    press = builders.press(desk, complete)
    await bring(desk, 1, 250)

    shown = titles(await live(press, desk))

    assert len(shown) == 250
    assert await press.archived(complete, "1", Format.ATOM) is None


@pytest.mark.parametrize(
    "page", ["0", "2", "1-6", "1-0", "01", "1-100", "x", "", "1-5-1", "\u0669"]
)
async def test_page_that_nobody_was_told_of_is_not_there(desk: Desk, page: str) -> None:
    press = builders.press(desk, FEED)
    await bring(desk, 1, 15)
    await press.publish()

    assert await press.archived(FEED, page, Format.ATOM) is None
