"""Slots against the almanac, and against an evaluator that looks at every minute."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.slots import Slot, between, check, following

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = (BERLIN, NEW_YORK, LORD_HOWE, SHANGHAI)


def fired(cron: str, zone: ZoneInfo, day: date) -> list[tuple[str, str]]:
    """Give (wall clock, UTC) of a local day's slots."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    slots = between(cron, zone, midnight - timedelta(days=2), midnight + timedelta(days=2))
    return [(f"{s.local:%H:%M}", f"{s.instant:%H:%M}") for s in slots if s.local.date() == day]


def weekdays(cron: str) -> set[str]:
    return {f"{s.local:%a}".lower() for s in islice(following(cron, SHANGHAI, START), 30)}


START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 8 * * 0", {"sun"}),
        ("0 8 * * 7", {"sun"}),
        ("0 8 * * 1", {"mon"}),
        ("0 8 * * mon", {"mon"}),
        ("0 8 * * Mon", {"mon"}),
        ("0 8 * * 5-7", {"fri", "sat", "sun"}),
        ("0 8 * * fri-sun", {"fri", "sat", "sun"}),
        ("0 8 * * sun-tue", {"sun", "mon", "tue"}),
        ("0 8 * * 0,3,7", {"sun", "wed"}),
        ("0 8 * * */2", {"sun", "tue", "thu", "sat"}),
        ("0 8 * * */7", {"sun"}),
        ("0 8 * * 1-5/2", {"mon", "wed", "fri"}),
        ("@weekly", {"sun"}),
    ],
)
def test_weekdays_are_numbered_as_in_cron(cron: str, expected: set[str]) -> None:
    assert expected == weekdays(cron)


def test_restricted_day_fields_match_either() -> None:
    expected = [2, 9, 13, 16, 23, 30]

    slots = between("0 0 13 * fri", SHANGHAI, START, datetime(2026, 2, 1, tzinfo=UTC))

    assert expected == [s.local.day for s in slots]


@pytest.mark.parametrize("cron", ["0 0 */7 * mon", "0 0 1,8,15,22,29 * */1", "0 0 */7 * *"])
def test_a_starred_day_field_does_not_widen_the_other(cron: str) -> None:
    slots = between(cron, SHANGHAI, START, datetime(2026, 12, 1, tzinfo=UTC))

    assert {s.local.day for s in slots} <= {1, 8, 15, 22, 29}


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@Midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * sun"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 jan *"),
        ("@annually", "0 0 1 JAN *"),
    ],
)
def test_nicknames_stand_for_five_fields(cron: str, expected: str) -> None:
    assert list(islice(following(expected, BERLIN, START), 30)) == list(
        islice(following(cron, BERLIN, START), 30)
    )


@pytest.mark.parametrize(
    ("cron", "sentence"),
    [
        ("* * * *", '"* * * *" is not five fields'),
        ("0 0 * * * *", "is not five fields"),
        ("", '"" is not five fields'),
        ("@reboot", '"@reboot" is not five fields'),
        ("60 * * * *", 'minute: "60" is not 0 to 59'),
        ("* 24 * * *", 'hour: "24" is not 0 to 23'),
        ("* * 0 * *", 'day of month: "0" is not 1 to 31'),
        ("* * last * *", 'day of month: "last" is not 1 to 31'),
        ("* * * 13 *", 'month: "13" is not 1 to 12 or jan feb'),
        ("* * * * 8", 'day of week: "8" is not 0 to 7 or sun mon'),
        ("* * * * sunday", 'day of week: "sunday" is not 0 to 7 or sun mon'),
        ("30-10 * * * *", 'minute: "30-10" runs backwards'),
        ("* * * * fri-mon", 'day of week: "fri-mon" runs backwards'),
        ("5/15 * * * *", 'minute: "5/15" needs a range for its step; write 5-59/15'),
        ("*/0 * * * *", 'minute: the step in "*/0" must be 1 to 60'),
        ("*/90 * * * *", 'minute: the step in "*/90" must be 1 to 60'),
        ("* */x * * *", 'hour: the step in "*/x" must be 1 to 24'),
        ("1,,2 * * * *", 'minute: "" is not understood'),
        ("*-5 * * * *", 'minute: "*-5" is not understood'),
        ("² * * * *", 'minute: "²" is not understood'),
        ("0 0 31 2 *", 'day of month: "31" never comes in month 2'),
        ("0 0 30-31 feb *", 'day of month: "30-31" never comes in month feb'),
        ("0 0 31 4,6 */2", 'day of month: "31" never comes in month 4,6'),
    ],
)
def test_check_says_which_field_and_what_is_allowed(cron: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        check(cron)


@pytest.mark.parametrize(
    "cron", ["0 0 29 2 *", "0 0 31 2,3 *", "0 0 31 2 mon", "*/60 * * * *", " 0  7 * * * "]
)
def test_check_lets_what_can_happen_pass(cron: str) -> None:
    check(cron)


def test_leap_day_comes_every_fourth_year() -> None:
    expected = ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]

    slots = islice(following("0 0 29 2 *", SHANGHAI, START), 3)

    assert expected == [s.label for s in slots]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_year_of_mornings(zone: ZoneInfo) -> None:
    new_year = datetime(2026, 1, 1, tzinfo=zone)

    slots = between("0 7 * * *", zone, new_year, new_year.replace(year=2027))

    assert 365 == len({s.local.date() for s in slots}) == len(slots)
    assert {"07:00"} == {f"{s.instant.astimezone(zone):%H:%M}" for s in slots}


SPRING = {  # (cron, zone, day): what fires, as (wall clock, UTC)
    ("30 2 * * *", BERLIN, date(2026, 3, 29)): [("02:30", "01:00")],
    ("*/30 1-3 * * *", BERLIN, date(2026, 3, 29)): [
        ("01:00", "00:00"),
        ("01:30", "00:30"),
        ("02:00", "01:00"),
        ("02:30", "01:00"),
        ("03:00", "01:00"),
        ("03:30", "01:30"),
    ],
    ("0 1-4 * * *", BERLIN, date(2026, 3, 29)): [
        ("01:00", "00:00"),
        ("02:00", "01:00"),
        ("03:00", "01:00"),
        ("04:00", "02:00"),
    ],
    ("59 2 * * *", NEW_YORK, date(2026, 3, 8)): [("02:59", "07:00")],
    ("15 2 * * *", LORD_HOWE, date(2026, 10, 4)): [("02:15", "15:30")],
    ("45 2 * * *", LORD_HOWE, date(2026, 10, 4)): [("02:45", "15:45")],
    ("0 7 * * *", ZoneInfo("Pacific/Apia"), date(2011, 12, 30)): [("07:00", "10:00")],
}


@pytest.mark.parametrize(("at", "expected"), SPRING.items())
def test_a_slot_in_a_gap_fires_at_the_first_instant_after_it(
    at: tuple[str, ZoneInfo, date], expected: list[tuple[str, str]]
) -> None:
    assert expected == fired(*at)


AUTUMN = {
    ("30 2 * * *", BERLIN, date(2026, 10, 25)): [("02:30", "00:30")],
    ("*/30 1-3 * * *", BERLIN, date(2026, 10, 25)): [
        ("01:00", "23:00"),
        ("01:30", "23:30"),
        ("02:00", "00:00"),
        ("02:30", "00:30"),
        ("03:00", "02:00"),
        ("03:30", "02:30"),
    ],
    ("0 1-3 * * *", BERLIN, date(2026, 10, 25)): [
        ("01:00", "23:00"),
        ("02:00", "00:00"),
        ("03:00", "02:00"),
    ],
    ("30 1 * * *", NEW_YORK, date(2026, 11, 1)): [("01:30", "05:30")],
    ("45 1 * * *", LORD_HOWE, date(2026, 4, 5)): [("01:45", "14:45")],
    ("15 2 * * *", LORD_HOWE, date(2026, 4, 5)): [("02:15", "15:45")],
}


@pytest.mark.parametrize(("at", "expected"), AUTUMN.items())
def test_an_ambiguous_slot_fires_once_at_the_first(
    at: tuple[str, ZoneInfo, date], expected: list[tuple[str, str]]
) -> None:
    assert expected == fired(*at)


def test_asking_within_the_repeated_hour_repeats_nothing() -> None:
    """At the second 02:10 the slot of 02:30 has fired already."""
    second_ten_past_two = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    expected = "2026-10-25T03:00"

    slot = next(following("*/30 * * * *", BERLIN, second_ten_past_two))

    assert expected == slot.label


def test_following_is_strictly_later_and_between_includes_its_end() -> None:
    seven = datetime(2026, 1, 1, 23, tzinfo=UTC)
    day = timedelta(days=1)

    slots = between("0 7 * * *", SHANGHAI, seven, seven + day)

    assert [Slot(local=datetime(2026, 1, 3, 7), instant=seven + day)] == slots  # noqa: DTZ001 the wall clock


def test_following_raises_for_what_check_refuses() -> None:
    with pytest.raises(ValueError, match="never comes"):
        next(following("0 0 31 2 *", BERLIN, START))


# --- against every minute ---------------------------------------------------------------


def parts(low: int, high: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """Cron parts, each with the values that crontab(5) gives it."""
    pair = st.tuples(st.integers(low, high), st.integers(low, high)).map(sorted)
    return st.one_of(
        st.just(("*", frozenset(range(low, high + 1)))),
        st.integers(low, high).map(lambda n: (str(n), frozenset({n}))),
        st.lists(st.integers(low, high), min_size=2, max_size=4).map(
            lambda ns: (",".join(map(str, ns)), frozenset(ns))
        ),
        pair.map(lambda p: (f"{p[0]}-{p[1]}", frozenset(range(p[0], p[1] + 1)))),
        st.integers(1, high - low).map(
            lambda n: (f"*/{n}", frozenset(v for v in range(low, high + 1) if (v - low) % n == 0))
        ),
        pair.map(lambda p: (f"{p[0]}-{p[1]}/1", frozenset(range(p[0], p[1] + 1)))),
    )


# Few minutes an hour: the naive evaluator and two weeks of minutes are slow.
MINUTES = parts(0, 59).filter(lambda part: len(part[1]) <= 6)
CRONS = st.tuples(MINUTES, parts(0, 23), parts(1, 31), parts(1, 12), parts(0, 7))
CHANGES = [
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
    datetime(2026, 10, 3, tzinfo=UTC),
]


def is_refused(cron: str) -> bool:
    try:
        check(cron)
    except ValueError:
        return True
    return False


def naive_evaluator(
    cron: tuple[tuple[str, frozenset[int]], ...], first: datetime, last: datetime
) -> list[str]:
    """Look at every minute of the wall clock, ``first`` to ``last``, both naive."""
    (_, minutes), (_, hours), (day_text, days), (_, months), (week_text, week) = cron
    found = []
    for n in range(int((last - first) / timedelta(days=1))):
        day = first + timedelta(days=n)
        in_month, in_week = day.day in days, bool({day.isoweekday() % 7, day.isoweekday()} & week)
        both = day_text.startswith("*") or week_text.startswith("*")
        if day.month in months and (in_month and in_week if both else in_month or in_week):
            found += [
                f"{day:%Y-%m-%d}T{hour:02}:{minute:02}"
                for hour in range(24)
                for minute in range(60)
                if hour in hours and minute in minutes
            ]
    return found


@settings(max_examples=60, deadline=None)
@given(cron=CRONS, zone=st.sampled_from(ZONES), change=st.sampled_from(CHANGES))
def test_every_matching_minute_of_the_wall_clock_is_one_slot(
    cron: tuple[tuple[str, frozenset[int]], ...], zone: ZoneInfo, change: datetime
) -> None:
    """Two weeks around a change of the clock: none lost, none doubled, in order."""
    text = " ".join(part for part, _ in cron)
    first = change.replace(tzinfo=None) - timedelta(days=7)
    last = first + timedelta(days=14)
    midnights = [at.replace(tzinfo=zone).astimezone(UTC) for at in (first, last)]
    moment = timedelta(microseconds=1)
    if is_refused(text):
        leap_cycle = datetime(2024, 1, 1), datetime(2028, 1, 1)  # noqa: DTZ001 the wall clock
        assert not naive_evaluator(cron, *leap_cycle)
        return

    slots = between(text, zone, midnights[0] - moment, midnights[1] - moment)

    assert naive_evaluator(cron, first, last) == [s.label for s in slots]
    assert all(count == 1 for count in Counter(s.label for s in slots).values())
    assert all(a.local < b.local and a.instant <= b.instant for a, b in pairwise(slots))


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    change=st.sampled_from(CHANGES),
    minutes=st.lists(st.integers(0, 4 * 24 * 60), min_size=1, max_size=8),
)
def test_slots_do_not_depend_on_when_the_question_is_asked(
    zone: ZoneInfo, change: datetime, minutes: list[int]
) -> None:
    """A clock that looks now and then sees each slot once, as one that looks but once does."""
    start = change - timedelta(days=2)
    looks = [start, *(start + timedelta(minutes=m) for m in sorted(minutes))]

    seen = [s for a, b in pairwise(looks) for s in between("*/20 * * * *", zone, a, b)]

    assert between("*/20 * * * *", zone, looks[0], looks[-1]) == seen
