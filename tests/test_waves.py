"""Readers who have it at an hour, and in a zone, of their own: one issue, in waves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from publisher.model import Issue, IssueState, MissedPolicy, OwnTime, WaveState
from publisher.store import issues, waves
from publisher.store.engine import Store
from publisher.store.tables import subscriptions
from tests.rig import builders
from tests.rig.builders import DAILY, WEEKLY
from tests.rig.desk import Desk

SEVEN = datetime(2026, 11, 23, 6, tzinfo=UTC)  # 07:00 in Berlin, on a Monday
OWN = replace(DAILY, own_time=True)
TOKYO = OwnTime(zone=ZoneInfo("Asia/Tokyo"))  # 07:00 there is 23:00 in Berlin, the day before
NEW_YORK = OwnTime(zone=ZoneInfo("America/New_York"))
EVENING = OwnTime(hour=18)


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    """A desk with a daily newsletter in everybody's own time, since the evening before."""
    desk.newsletter = builders.newsletter(cadences=(OWN,))
    desk.clock.move_to(SEVEN - timedelta(hours=10))
    for name, own_time in (("ann", OwnTime()), ("bob", TOKYO), ("cem", EVENING)):
        await desk.join(name)
        await desk.wish(name, own_time=own_time)
    await desk.ring()
    return desk


async def day(desk: Desk, until: datetime) -> list[tuple[str, Issue, list[str]]]:
    """Let the clock ring each half hour; give when who got what, by which issue."""
    happened = []
    async with desk.store.read() as connection:
        known = await issues.listing(connection)
    seen = {(issue.id, name) for issue in known for name in await desk.told_to(issue)}
    while desk.clock() < until:
        desk.clock.advance(minutes=30)
        await desk.ring()
        for issue in await desk.compose_due():
            for name, got in (await desk.told_to(issue)).items():
                if (issue.id, name) not in seen:
                    seen.add((issue.id, name))
                    happened.append((f"{desk.clock():%d %H:%M} {name}", issue, got))
    return happened


async def test_each_reader_has_it_at_their_own_hour_by_the_same_issue(desk: Desk) -> None:
    desk.clock.move_to(SEVEN - timedelta(hours=10))
    await desk.bring("one")

    happened = await day(desk, SEVEN + timedelta(hours=12))

    assert [(when, got) for when, _, got in happened] == [
        ("22 22:00 bob", ["one"]),
        ("23 06:00 ann", ["one"]),
        ("23 17:00 cem", ["one"]),
    ]
    (issue,) = {issue.id: issue for _, issue, _ in happened}.values()
    assert (issue.slot, issue.number) == ("2026-11-23T07:00", 1)
    balance = await desk.balance(await desk.issue(issue.id))
    assert (balance.audience, balance.holds) == (3, True)


async def test_later_wave_carries_what_came_in_between(desk: Desk) -> None:
    desk.clock.move_to(SEVEN - timedelta(minutes=30))
    await desk.bring("one")
    morning = await day(desk, SEVEN)
    await desk.bring("two")

    evening = await day(desk, SEVEN + timedelta(hours=12))

    assert [(when, sorted(got)) for when, _, got in morning + evening] == [
        ("23 06:00 ann", ["one"]),
        ("23 17:00 cem", ["one", "two"]),
    ]


async def test_own_hour_keeps_to_the_days_of_the_cadence(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(cadences=(replace(WEEKLY, own_time=True),))
    await desk.join("dov", "weekly")
    await desk.wish("dov", cadence="weekly", own_time=OwnTime(hour=20, zone=TOKYO.zone))
    await desk.ring()
    await desk.bring("one")

    happened = await day(desk, SEVEN + timedelta(days=6))

    assert [when for when, _, _ in happened] == ["23 11:00 dov"]


async def test_who_moves_from_one_wave_to_a_later_one_gets_the_issue_once(desk: Desk) -> None:
    desk.clock.move_to(SEVEN - timedelta(minutes=30))
    await desk.bring("one")
    morning = await day(desk, SEVEN)
    await desk.wish("ann", own_time=EVENING)
    await desk.bring("two")

    evening = await day(desk, SEVEN + timedelta(hours=12))
    next_day = await day(desk, SEVEN + timedelta(hours=36))

    assert "23 06:00 ann" in [when for when, _, _ in morning]
    assert [when for when, _, _ in evening if "ann" in when] == []
    assert [(when, got) for when, _, got in next_day if "ann" in when] == [
        ("24 17:00 ann", ["two"])
    ]


async def test_who_moves_to_a_wave_that_has_passed_loses_nothing(desk: Desk) -> None:
    desk.clock.move_to(SEVEN - timedelta(minutes=30))
    await desk.bring("one")
    await day(desk, SEVEN)
    await desk.wish("cem", own_time=OwnTime())

    happened = await day(desk, SEVEN + timedelta(hours=36))

    assert [(when, got) for when, _, got in happened if "cem" in when] == [
        ("24 06:00 cem", ["one"])
    ]


async def test_time_that_somebody_chooses_first_makes_no_past_slot(desk: Desk) -> None:
    await desk.bring("one")
    await desk.wish("ann", own_time=NEW_YORK)

    made = await desk.ring()

    assert made == []


async def test_time_that_somebody_chooses_again_makes_no_past_slot(desk: Desk) -> None:
    desk.newsletter = replace(desk.newsletter, missed=MissedPolicy.SEND)
    await desk.wish("bob", own_time=OwnTime())
    for _ in range(5):
        desk.clock.advance(days=1)
        await desk.ring()
    await desk.wish("ann", own_time=TOKYO)

    made = await desk.ring()

    assert made == []


async def test_two_clocks_make_each_wave_once(desk: Desk, second_store: Store) -> None:
    desk.newsletter = builders.newsletter(cadences=(OWN,), max_lateness=timedelta(days=1))
    await desk.bring("one")
    desk.clock.move_to(SEVEN + timedelta(hours=12))

    await asyncio.gather(*(desk.ring(each) for each in [desk.store, second_store] * 4))

    async with desk.store.read() as connection:
        coming = await waves.to_make(connection, "digest", desk.clock())
    assert sorted(wave.own_time or "" for _, wave in coming) == ["", "18@", "@Asia/Tokyo"]


async def test_wave_that_nobody_reads_any_more_leaves_its_issue_alone(desk: Desk) -> None:
    desk.clock.move_to(SEVEN - timedelta(minutes=30))
    await desk.bring("one")
    await day(desk, SEVEN)
    await desk.leave("cem")

    happened = await day(desk, SEVEN + timedelta(hours=12))

    assert happened == []
    (issue,) = await desk.open_issues()
    assert (issue.audience, (await desk.balance(issue)).holds) == (1, True)


async def test_empty_issue_opens_when_a_later_wave_has_something(desk: Desk) -> None:
    desk.clock.move_to(SEVEN - timedelta(minutes=30))
    await day(desk, SEVEN)
    await desk.bring("one")

    ((when, issue, got),) = await day(desk, SEVEN + timedelta(hours=12))

    assert (when, got, issue.state) == ("23 17:00 cem", ["one"], IssueState.OPEN)


async def test_stopped_issue_has_no_more_waves(desk: Desk) -> None:
    desk.clock.move_to(SEVEN - timedelta(minutes=30))
    await desk.bring("one")
    ((_, issue, _), *_) = await day(desk, SEVEN)
    await desk.stop(issue)

    today = await day(desk, SEVEN + timedelta(hours=12))
    tomorrow = await day(desk, SEVEN + timedelta(hours=36))

    assert [when for when, each, _ in today if each.id == issue.id] == []
    assert sorted(got for when, _, got in [*today, *tomorrow]) == [["one"]] * 3


async def test_zone_that_is_there_no_more_leaves_a_reader_with_the_newsletters(
    desk: Desk,
) -> None:
    bond = await desk.bond("ann")
    async with desk.store.write() as connection:
        await connection.execute(
            update(subscriptions)
            .where(subscriptions.c.id == bond.id)
            .values(own_time="8@Mars/Olympus")
        )
    await desk.ring()
    await desk.bring("one")

    happened = await day(desk, SEVEN + timedelta(hours=2))

    assert [when for when, _, _ in happened if "ann" in when] == ["23 07:00 ann"]


async def test_own_time_does_nothing_where_it_is_not_allowed(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(cadences=(DAILY,))
    desk.clock.move_to(SEVEN - timedelta(minutes=30))
    await desk.bring("one")

    happened = await day(desk, SEVEN + timedelta(hours=12))

    assert sorted(when for when, _, _ in happened) == [
        "23 06:00 ann",
        "23 06:00 bob",
        "23 06:00 cem",
    ]


# --- clock changes


async def test_own_time_in_a_gap_is_due_right_after_it(desk: Desk) -> None:
    """02:30 in New York on 8 March 2026 does not exist; 03:00 is the first instant after."""
    night = replace(OWN, cron="30 2 * * *")
    desk.newsletter = builders.newsletter(cadences=(night,))
    desk.clock.move_to(datetime(2026, 3, 7, 12, tzinfo=UTC))
    await desk.wish("ann", own_time=NEW_YORK)
    await desk.ring()
    await desk.bring("one")

    happened = await day(desk, datetime(2026, 3, 8, 12, tzinfo=UTC))

    assert [when for when, _, _ in happened if "ann" in when] == ["08 07:00 ann"]


async def test_own_time_that_comes_twice_is_due_once(desk: Desk) -> None:
    """01:30 in New York on 1 November 2026 comes at 05:30 and at 06:30 UTC."""
    night = replace(OWN, cron="30 1 * * *")
    desk.newsletter = builders.newsletter(cadences=(night,))
    desk.clock.move_to(datetime(2026, 10, 31, 12, tzinfo=UTC))
    await desk.wish("ann", own_time=NEW_YORK)
    await desk.ring()
    await desk.bring("one")
    first = await day(desk, datetime(2026, 11, 1, 5, 30, tzinfo=UTC))
    await desk.bring("two")

    second = await day(desk, datetime(2026, 11, 1, 12, tzinfo=UTC))

    assert [when for when, _, _ in first if "ann" in when] == ["01 05:30 ann"]
    assert [when for when, _, _ in second if "ann" in when] == []


# --- what was missed


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (MissedPolicy.SKIP, [WaveState.MISSED] * 3),
        (MissedPolicy.MERGE, [WaveState.MISSED, WaveState.MISSED, WaveState.COMPOSED]),
        (MissedPolicy.SEND, [WaveState.COMPOSED] * 3),
    ],
)
async def test_policy_says_what_becomes_of_slots_that_are_too_late(
    desk: Desk, policy: MissedPolicy, expected: list[WaveState]
) -> None:
    desk.newsletter = builders.newsletter(cadences=(DAILY,), missed=policy)
    for number in range(3):
        desk.clock.move_to(SEVEN + timedelta(days=number, hours=-1))
        await desk.bring(f"day {number}")
    desk.clock.move_to(SEVEN + timedelta(days=2, hours=7))

    made = await desk.ring()

    await desk.compose_due()
    async with desk.store.read() as connection:
        states = [
            wave.state for issue in made for wave in await waves.of_issue(connection, issue.id)
        ]
    assert states == expected


async def test_slots_sent_one_by_one_carry_what_each_would_have_carried(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(cadences=(DAILY,), missed=MissedPolicy.SEND)
    for number in range(3):
        desk.clock.move_to(SEVEN + timedelta(days=number, hours=-1))
        await desk.bring(f"day {number}")
    desk.clock.move_to(SEVEN + timedelta(days=2, hours=7))
    await desk.ring()

    made = await desk.compose_due()

    assert [(await desk.told_to(issue))["ann"] for issue in made] == [
        ["day 0"],
        ["day 1"],
        ["day 2"],
    ]


async def test_missed_slots_made_as_one_carry_everything(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(cadences=(DAILY,), missed=MissedPolicy.MERGE)
    for number in range(3):
        desk.clock.move_to(SEVEN + timedelta(days=number, hours=-1))
        await desk.bring(f"day {number}")
    desk.clock.move_to(SEVEN + timedelta(days=2, hours=7))
    await desk.ring()

    (issue,) = await desk.compose_due()

    assert sorted((await desk.told_to(issue))["ann"]) == ["day 0", "day 1", "day 2"]
