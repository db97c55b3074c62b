from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from publisher.model import Cadence, Issue, IssueState
from publisher.store.engine import Store
from tests.rig import builders
from tests.rig.builders import DAILY, WEEKLY
from tests.rig.desk import Desk

SEVEN = datetime(2026, 11, 23, 6, tzinfo=UTC)  # 07:00 in Berlin, on a Monday


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    """A desk with a daily newsletter whose schedule is in force since the evening before."""
    desk.newsletter = builders.newsletter(cadences=(DAILY,))
    desk.clock.move_to(SEVEN - timedelta(hours=12))
    await desk.ring()
    return desk


def seen(issues: list[Issue]) -> list[tuple[str, IssueState]]:
    return [(issue.slot, issue.state) for issue in issues]


async def with_article(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")


# --- slots


async def test_slot_becomes_an_issue_once_however_often_the_clock_rings(desk: Desk) -> None:
    desk.clock.move_to(SEVEN)

    made = [await desk.ring() for _ in range(3)]

    assert [seen(each) for each in made] == [[("2026-11-23T07:00", IssueState.HELD)], [], []]


async def test_two_clocks_make_one_issue(desk: Desk, second_store: Store) -> None:
    desk.clock.move_to(SEVEN)

    made = await asyncio.gather(*(desk.ring(each) for each in [desk.store, second_store] * 4))

    assert [issue.slot for each in made for issue in each] == ["2026-11-23T07:00"]


async def test_two_clocks_may_start_at_once(desk: Desk, second_store: Store) -> None:
    desk.newsletter = builders.newsletter(slug="fresh")

    made = await asyncio.gather(*(desk.ring(each) for each in [desk.store, second_store] * 4))

    assert made == [[]] * 8


async def test_nothing_is_due_before_its_slot(desk: Desk) -> None:
    desk.clock.move_to(SEVEN - timedelta(microseconds=1))

    assert await desk.ring() == []


async def test_late_slot_is_made_up_for_within_max_lateness(desk: Desk) -> None:
    desk.clock.move_to(SEVEN + timedelta(hours=6))

    assert seen(await desk.ring()) == [("2026-11-23T07:00", IssueState.HELD)]


async def test_slot_beyond_max_lateness_is_missed_and_says_so(desk: Desk) -> None:
    desk.clock.move_to(SEVEN + timedelta(hours=6, seconds=1))

    (issue,) = await desk.ring()

    assert (issue.state, issue.number) == (IssueState.MISSED, None)
    assert "6:00:00 late (max_lateness)" in issue.note


async def test_several_missed_slots_merge_into_the_latest(desk: Desk) -> None:
    """One mail after a stop of days, not one for each."""
    desk.clock.move_to(SEVEN + timedelta(days=2, hours=1))

    made = await desk.ring()

    assert seen(made) == [
        ("2026-11-23T07:00", IssueState.MISSED),
        ("2026-11-24T07:00", IssueState.MISSED),
        ("2026-11-25T07:00", IssueState.HELD),
    ]


async def test_slots_before_the_latest_merge_into_it_however_little_late(desk: Desk) -> None:
    hourly = Cadence(name="hourly", cron="0 * * * *")
    desk.newsletter = builders.newsletter(cadences=(hourly,))
    await desk.ring()
    desk.clock.advance(hours=3)

    made = await desk.ring()

    assert [issue.state for issue in made] == [
        IssueState.MISSED,
        IssueState.MISSED,
        IssueState.HELD,
    ]
    assert made[0].note == f"not made: its articles are in the issue of {made[2].slot}"


async def test_articles_of_a_missed_slot_are_in_the_next_issue(desk: Desk) -> None:
    await with_article(desk)
    desk.clock.move_to(SEVEN + timedelta(hours=10))
    await desk.ring()
    desk.clock.move_to(SEVEN + timedelta(days=1))
    await desk.ring()

    (issue,) = await desk.compose_due()

    assert await desk.told_to(issue) == {"ann": ["one"]}


async def test_new_schedule_never_fires_past_slots(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(cadences=(DAILY, WEEKLY))
    desk.clock.move_to(SEVEN + timedelta(hours=2))
    await desk.ring()
    desk.clock.advance(minutes=5)

    assert [issue for issue in await desk.ring() if issue.cadence == "weekly"] == []


async def test_changed_schedule_never_fires_past_slots(desk: Desk) -> None:
    desk.clock.move_to(SEVEN + timedelta(hours=1))
    await desk.ring()
    desk.newsletter = builders.newsletter(
        cadences=(replace(DAILY, cron="30 7 * * *"),), max_lateness=timedelta(days=9)
    )

    made = [await desk.ring(), await desk.ring()]

    assert made == [[], []]


async def test_changed_schedule_fires_its_next_slot(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(cadences=(replace(DAILY, cron="30 7 * * *"),))
    await desk.ring()
    desk.clock.move_to(SEVEN + timedelta(minutes=30))

    assert seen(await desk.ring()) == [("2026-11-23T07:30", IssueState.HELD)]


async def test_clock_set_back_makes_no_second_issue_for_a_slot(desk: Desk) -> None:
    """F27."""
    desk.clock.move_to(SEVEN)
    await desk.ring()
    desk.clock.advance(hours=-1)
    await desk.ring()
    desk.clock.move_to(SEVEN)

    assert await desk.ring() == []


async def test_clock_that_was_far_ahead_silences_nothing(desk: Desk) -> None:
    desk.clock.advance(days=400)
    await desk.ring()
    desk.clock.move_to(SEVEN - timedelta(hours=1))
    await desk.ring()
    desk.clock.move_to(SEVEN)

    assert seen(await desk.ring()) == [("2026-11-23T07:00", IssueState.HELD)]


async def test_issue_made_by_hand_does_not_pass_over_a_slot_just_before_it(desk: Desk) -> None:
    desk.clock.move_to(SEVEN + timedelta(seconds=20))
    await desk.occur()

    assert seen(await desk.ring()) == [("2026-11-23T07:00", IssueState.HELD)]


# --- grace and approval


async def test_grace_holds_an_issue(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(cadences=(DAILY,), grace=timedelta(minutes=10))
    await with_article(desk)
    desk.clock.move_to(SEVEN)
    await desk.ring()
    desk.clock.advance(minutes=9, seconds=59)
    early = await desk.compose_due()
    desk.clock.advance(seconds=1)

    (issue,) = await desk.compose_due()

    assert early == []
    assert issue.state is IssueState.OPEN


async def test_article_that_comes_in_the_grace_time_is_taken_along(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(cadences=(DAILY,), grace=timedelta(minutes=10))
    await with_article(desk)
    desk.clock.move_to(SEVEN)
    await desk.ring()
    desk.clock.advance(minutes=5)
    await desk.bring("two")
    desk.clock.advance(minutes=5)

    (issue,) = await desk.compose_due()

    assert sorted((await desk.told_to(issue))["ann"]) == ["one", "two"]


async def test_approval_holds_an_issue_until_it_is_given(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(cadences=(DAILY,), approval=True)
    await with_article(desk)
    desk.clock.move_to(SEVEN)
    (held,) = await desk.ring()
    before = await desk.compose_due()
    await desk.approve(held)

    (issue,) = await desk.compose_due()

    assert before == []
    assert (issue.id, issue.state) == (held.id, IssueState.OPEN)


async def test_issue_made_by_hand_needs_neither(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(
        cadences=(DAILY,), approval=True, grace=timedelta(minutes=10)
    )
    await with_article(desk)
    await desk.occur()

    (issue,) = await desk.compose_due()

    assert issue.state is IssueState.OPEN
