"""Where the next pass begins."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from publisher.sources._sql_watermark import OutOfRange, Progress
from tests.rig.visits import NOON

ZONE = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)


def local(written: str) -> datetime:
    return datetime.fromisoformat(written)


def begun(memory: dict[str, Any], now: datetime = NOON) -> Progress:
    return Progress(memory, question="q", now=now, zone=ZONE)


def after(*values: object) -> Progress:
    """Give what an hour after a first pass is made of its memory."""
    first = begun({})
    first.see(values)
    return begun(json.loads(json.dumps(first.to_memory())), NOON + HOUR)


@pytest.mark.parametrize(
    ("mark", "since"),
    [
        (7, 7),
        (1.5, 1.5),
        ("b", "b"),
        (Decimal("1.50"), Decimal("1.50")),
        # Five minutes, for what was committed late.
        (local("2026-11-20 08:00"), local("2026-11-20 07:55")),
        (datetime(2026, 11, 20, 8, 0, tzinfo=ZONE), datetime(2026, 11, 19, 23, 55, tzinfo=UTC)),
        (date(2026, 11, 20), date(2026, 11, 19)),
        # The future does not hide the present: it is 21:00 in Shanghai.
        (local("2030-01-01 00:00"), local("2026-11-24 20:55")),
        (datetime(2030, 1, 1, tzinfo=UTC), datetime(2026, 11, 24, 12, 55, tzinfo=UTC)),
        (date(2030, 1, 1), date(2026, 11, 23)),
        (local("0001-01-01 00:00"), local("0001-01-01 00:00")),
        (date.min, date.min),
    ],
)
def test_next_pass_begins_at_the_last_mark(mark: object, since: object) -> None:
    progress = after(mark)

    assert progress.since == since
    assert type(progress.since) is type(since)


def test_last_row_that_has_a_mark_counts() -> None:
    assert after(1, 2, None, OutOfRange("infinity"), float("nan"), Decimal("inf")).since == 2


def test_pass_without_rows_keeps_the_mark() -> None:
    assert after(7).to_memory()["mark"] == {"type": "int", "value": 7}


@pytest.mark.parametrize("value", [True, b"\x00", [1], object()])
def test_other_values_are_no_marks(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- it has no sentence
        begun({}).see([value])


@pytest.mark.parametrize(
    "change",
    [
        {"question": "another"},
        {"mark": None},
        {"mark": 7},
        {"mark": {"type": "datetime", "value": "soon"}},
        {"mark": {"type": "decimal", "value": "x"}},
        {"mark": {"type": "int", "value": "7"}},
        {"swept": None},
        {"swept": "soon"},
        {"swept": "2026-11-24T12:00:00"},
        {"swept": (NOON + 2 * HOUR).isoformat()},
        {"swept": (NOON - 23 * HOUR).isoformat()},
    ],
)
def test_all_is_asked_for_when_memory_does_not_say_from_where(change: dict[str, Any]) -> None:
    memory = {"question": "q", "mark": {"type": "int", "value": 7}, "swept": NOON.isoformat()}

    assert begun(memory, NOON + HOUR).since == 7
    assert begun(memory | change, NOON + HOUR).since is None
