from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from publisher.model import Balance, DeliveryState
from publisher.store import settling
from publisher.store.engine import Store
from tests.rig import builders
from tests.rig.builders import DAILY, WEEKLY
from tests.rig.desk import Desk

SEVEN = datetime(2026, 11, 23, 6, tzinfo=UTC)  # 07:00 in Berlin, on a Monday


async def with_article(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")


async def test_stop_returns_its_people_to_the_next_issue(desk: Desk) -> None:
    for name in ("ann", "bob", "cem"):
        await desk.join(name)
    await desk.bring("one")
    issue = await desk.issue_now()
    claims = await desk.claim(limit=1)
    sent = claims[0]
    await desk.mark(claims)
    await desk.settle(claims, DeliveryState.ACCEPTED)

    returned = await desk.stop(issue)

    assert returned == 2
    told = await desk.told_to(await desk.issue_now())
    left = {"ann", "bob", "cem"} - {sent.address.mailbox[:3]}
    assert told == {name: ["one"] for name in left}
    assert await desk.repeats() == []


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_stop_waits_for_no_row_that_a_worker_writes(
    desk: Desk, second_store: Store, kind: str
) -> None:
    """The worker may wait for another row of it: both would, until the database ends one."""
    for name in ("ann", "bob", "cem"):
        await desk.join(name)
    await desk.bring("one")
    issue = await desk.issue_now()
    claims = await desk.claim(limit=1)

    async with asyncio.timeout(60), second_store.write() as worker:
        now = desk.clock()
        await worker.run_sync(settling.mark_sending, claims, now, now + timedelta(minutes=5))
        returned = await desk.stop(issue)

    assert returned == 2
    assert await desk.balance(issue) == Balance(
        audience=3, accepted=0, failed=0, skipped=2, pending=1, in_doubt=0
    )


async def test_stop_brings_nobody_articles_from_before_they_came(desk: Desk) -> None:
    """One reader of an issue looks back further than another; each goes back on their own."""
    desk.newsletter = builders.newsletter(cadences=(DAILY, WEEKLY))
    await desk.join("ann", "weekly")
    await desk.bring("one")
    desk.clock.advance(hours=1)
    await desk.join("zoe", "daily")
    await desk.issue_now("daily")
    desk.clock.advance(hours=1)
    await desk.join("bob", "daily")
    await desk.switch("ann", "daily")
    await desk.bring("two")
    await desk.stop(await desk.issue_now("daily"))

    told = await desk.told_to(await desk.issue_now("daily"))

    assert sorted(told.pop("ann")) == ["one", "two"]
    assert told == {"zoe": ["two"], "bob": ["two"]}


async def test_withdrawn_article_of_a_stopped_issue_does_not_return(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one", "two")
    await desk.stop(await desk.issue_now())
    desk.source.tells = desk.source.tells[1:]
    await desk.take_in()

    assert await desk.told_to(await desk.issue_now()) == {"ann": ["two"]}


async def test_issue_is_stopped_once(desk: Desk) -> None:
    await with_article(desk)
    issue = await desk.issue_now()

    assert [await desk.stop(issue), await desk.stop(issue)] == [1, None]


async def test_issue_that_came_to_nothing_cannot_be_stopped(desk: Desk) -> None:
    issue = await desk.issue_now()

    assert await desk.stop(issue) is None
