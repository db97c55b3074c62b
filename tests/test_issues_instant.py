from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from publisher.store.engine import Store
from tests.rig import builders
from tests.rig.builders import DAILY, INSTANT
from tests.rig.desk import Desk

SEVEN = datetime(2026, 11, 23, 6, tzinfo=UTC)  # 07:00 in Berlin, on a Monday


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    """A desk with a daily newsletter whose schedule is in force since the evening before."""
    desk.newsletter = builders.newsletter(cadences=(DAILY,))
    desk.clock.move_to(SEVEN - timedelta(hours=12))
    await desk.ring()
    return desk


@pytest.fixture
async def instant(desk: Desk) -> Desk:
    desk.newsletter = builders.newsletter(cadences=(INSTANT, DAILY))
    await desk.ring()
    desk.clock.advance(minutes=1)
    return desk


async def now(desk: Desk) -> list[dict[str, list[str]]]:
    """Ring and compose; what each person is told by each issue."""
    await desk.ring()
    return [await desk.told_to(issue) for issue in await desk.compose_due()]


async def test_article_makes_an_instant_issue_once(instant: Desk) -> None:
    await instant.join("ann", "instant")
    instant.clock.advance(minutes=1)
    await instant.bring("one")

    told = [await now(instant), await now(instant)]

    assert told == [[{"ann": ["one"]}], []]


async def test_two_clocks_make_one_instant_issue(instant: Desk, second_store: Store) -> None:
    await instant.join("ann", "instant")
    instant.clock.advance(minutes=1)
    await instant.bring("one")

    made = await asyncio.gather(*(instant.ring(each) for each in [instant.store, second_store] * 4))

    assert len([issue for each in made for issue in each]) == 1


async def test_instant_cadence_that_nobody_chose_makes_no_issue(instant: Desk) -> None:
    await instant.join("ann", "daily")
    await instant.bring("one")

    assert await instant.ring() == []


async def test_first_instant_reader_is_not_flooded_with_old_articles(instant: Desk) -> None:
    await instant.bring(*(f"old {n}" for n in range(30)))
    instant.clock.advance(days=90)
    await instant.join("ann", "instant")
    first = await now(instant)
    instant.clock.advance(minutes=1)
    await instant.bring("new")

    assert first == []
    assert await now(instant) == [{"ann": ["new"]}]


async def test_reader_after_a_time_without_any_is_not_flooded(instant: Desk) -> None:
    await instant.join("ann", "instant")
    instant.clock.advance(minutes=1)
    await instant.bring("first")
    await now(instant)
    await instant.leave("ann")
    instant.clock.advance(days=90)
    await instant.bring(*(f"old {n}" for n in range(30)))
    instant.clock.advance(minutes=1)
    await instant.join("bob", "instant")
    instant.clock.advance(minutes=1)
    await instant.bring("new")

    assert await now(instant) == [{"bob": ["new"]}]


async def test_archive_that_was_there_before_the_cadence_is_not_mailed_at_once(
    desk: Desk,
) -> None:
    await desk.bring("old")
    desk.clock.advance(minutes=1)
    await desk.join("ann", "instant")
    desk.newsletter = builders.newsletter(cadences=(INSTANT,))
    first = await now(desk)
    desk.clock.advance(minutes=1)
    await desk.bring("new")

    assert first == []
    assert await now(desk) == [{"ann": ["new"]}]


async def test_switch_to_an_instant_cadence_that_is_new_loses_nothing(desk: Desk) -> None:
    await desk.join("ann", "daily")
    desk.clock.advance(minutes=1)
    await desk.bring("one")
    desk.clock.advance(minutes=1)
    desk.newsletter = builders.newsletter(cadences=(INSTANT,))
    await now(desk)
    await desk.switch("ann", "instant")
    desk.clock.advance(minutes=1)
    await desk.bring("two")

    (told,) = await now(desk)

    assert sorted(told["ann"]) == ["one", "two"]


async def test_stopped_instant_issue_is_not_made_again(instant: Desk) -> None:
    await instant.join("ann", "instant")
    instant.clock.advance(minutes=1)
    await instant.bring("one")
    (issue,) = await instant.ring()
    await instant.stop(issue)

    assert await instant.ring() == []
