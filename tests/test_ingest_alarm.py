"""Too many new articles at once are held, and nobody is mailed before somebody has looked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from publisher.ingest.reconcile import Scope
from publisher.model import ArticleState, SourceArticle
from publisher.store import arriving, sources
from tests.rig.builders import TellingSource, told
from tests.rig.desk import Desk

SOURCE = "upstream"


def articles(prefix: str, count: int, since: datetime) -> list[SourceArticle]:
    """Tell so many articles, one a day back from an instant."""
    return [
        told(
            f"{prefix}{n}",
            title=f"{prefix} {n}",
            html=f"<p>{prefix} tells of day {n}.</p>",
            published=since - timedelta(days=n, hours=1),
        )
        for n in range(count)
    ]


@pytest.fixture
async def upstream(desk: Desk) -> TellingSource:
    """A source that has told an article a day for thirty days, and one reader who has them."""
    source = TellingSource(name=SOURCE, scope=Scope.WINDOW)
    source.tells = list(articles("old", 30, desk.clock()))
    await desk.take_in(source)
    await desk.join("ann")
    await desk.issue_now()
    desk.clock.advance(days=1)
    return source


async def state_of(desk: Desk, prefix: str) -> set[ArticleState]:
    return {each.state for each in await desk.all_articles() if each.guid.startswith(prefix)}


async def alarm(desk: Desk) -> str | None:
    async with desk.store.read() as connection:
        return (await sources.status(connection, SOURCE)).alarm


async def test_flood_is_held_and_told(desk: Desk, upstream: TellingSource) -> None:
    upstream.tells = list(articles("flood", 30, desk.clock()))

    intake = await desk.take_in(upstream)

    assert (intake.new, intake.held, intake.is_news) == (0, 30, False)
    assert await state_of(desk, "flood") == {ArticleState.HELD}
    assert await state_of(desk, "old") == {ArticleState.LIVE}
    assert "30 of 30 articles that it told look new" in (await alarm(desk) or "")
    assert await desk.told_to(await desk.issue_now()) == {}


async def test_flood_told_again_stays_held(desk: Desk, upstream: TellingSource) -> None:
    upstream.tells = list(articles("flood", 30, desk.clock()))
    await desk.take_in(upstream)

    intake = await desk.take_in(upstream)

    assert (intake.new, intake.held, intake.unchanged) == (0, 0, 30)
    assert intake.alarm is not None
    assert await state_of(desk, "flood") == {ArticleState.HELD}


async def test_what_comes_after_a_flood_is_not_held(desk: Desk, upstream: TellingSource) -> None:
    upstream.tells = list(articles("flood", 30, desk.clock()))
    await desk.take_in(upstream)
    upstream.tells.append(told("fresh"))

    intake = await desk.take_in(upstream)

    assert (intake.new, await state_of(desk, "fresh")) == (1, {ArticleState.LIVE})


async def test_released_flood_is_mailed_once(desk: Desk, upstream: TellingSource) -> None:
    upstream.tells = list(articles("flood", 20, desk.clock()))
    upstream.tells += articles("more", 5, desk.clock())
    await desk.take_in(upstream)
    async with desk.store.write() as connection:
        count = await arriving.release_held(connection, SOURCE, desk.clock(), mailed=True)
    desk.clock.advance(minutes=1)

    first, second = [await desk.told_to(await desk.issue_now()) for _ in range(2)]

    assert (count, len(first["ann"]), second) == (25, 25, {})


async def test_flood_released_without_mail_is_only_shown(
    desk: Desk, upstream: TellingSource
) -> None:
    upstream.tells = list(articles("flood", 30, desk.clock()))
    await desk.take_in(upstream)

    async with desk.store.write() as connection:
        await arriving.release_held(connection, SOURCE, desk.clock(), mailed=False)

    assert await state_of(desk, "flood") == {ArticleState.LIVE}
    assert await desk.told_to(await desk.issue_now()) == {}


async def test_discarded_flood_never_comes_back(desk: Desk, upstream: TellingSource) -> None:
    upstream.tells = list(articles("flood", 30, desk.clock()))
    await desk.take_in(upstream)
    async with desk.store.write() as connection:
        await arriving.discard_held(connection, SOURCE)
    upstream.tells = [
        told(each.guid, title="Edited") for each in articles("flood", 30, desk.clock())
    ]

    await desk.take_in(upstream)

    assert await state_of(desk, "flood") == {ArticleState.WITHDRAWN}


async def test_first_load_is_no_flood(desk: Desk) -> None:
    source = TellingSource(*articles("a", 100, desk.clock()), name="other", scope=Scope.WINDOW)

    intake = await desk.take_in(source)

    assert (intake.new, intake.held) == (100, 0)


async def test_long_stop_explains_much(desk: Desk, upstream: TellingSource) -> None:
    desk.clock.advance(days=30)
    upstream.tells = list(articles("since", 30, desk.clock()))

    intake = await desk.take_in(upstream)

    assert (intake.new, intake.held) == (30, 0)


async def test_few_articles_are_no_flood(desk: Desk, upstream: TellingSource) -> None:
    upstream.tells = list(articles("few", 19, desk.clock()))

    intake = await desk.take_in(upstream)

    assert intake.new == 19


async def test_source_without_habits_is_believed(desk: Desk) -> None:
    source = TellingSource(told("one"), name="young", scope=Scope.WINDOW)
    await desk.take_in(source)
    source.tells += articles("batch", 30, desk.clock())

    intake = await desk.take_in(source)

    assert intake.new == 30


async def test_breaker_can_be_switched_off(desk: Desk, upstream: TellingSource) -> None:
    upstream.tells = list(articles("flood", 30, desk.clock()))

    intake = await desk.take_in(upstream, has_breaker=False)

    assert (intake.new, intake.held) == (30, 0)
