"""Up to where a query was read: the watermark of its last row, remembered between passes.

Part of the kind "sql".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

Mark = datetime | date | Decimal | float | int | str

# A transaction commits after it has taken the time for its rows, so that a row may appear that
# is older than the last one that was read. Most transactions are over by then; what numbers,
# texts and longer transactions leave behind, the daily pass over everything finds.
_OVERLAP = timedelta(minutes=5)
# How often all rows are asked for: those that have gone leave no mark.
_SWEEP_EVERY = timedelta(days=1)


class OutOfRange(str):
    """A date of the database's that Python has none for, such as infinity; it marks nothing."""

    __slots__ = ()


class Progress:
    """How far a source has come with its question, which is the query and all that goes with it.

    ``since`` is from where this pass asks, None for all rows.
    """

    def __init__(
        self, memory: Mapping[str, Any], *, question: str, now: datetime, zone: tzinfo
    ) -> None:
        is_same = memory.get("question") == question
        self._question = question
        self._mark = _from_json(memory.get("mark")) if is_same else None
        self._swept = _instant(memory.get("swept")) if is_same else None
        self.since: Mark | None = None
        is_due = self._swept is None or not self._swept <= now < self._swept + _SWEEP_EVERY
        if self._mark is None or is_due:
            self._swept = now
        else:
            self.since = step_back(self._mark, now, zone)

    def see(self, values: Sequence[object]) -> None:
        """Go on to the last mark among these, of rows in the order in which they were given.

        Raises ValueError, without a sentence, when such values cannot be watermarks.
        """
        for value in reversed(values):
            if (mark := read_mark(value)) is not None:
                self._mark = mark
                break

    def to_memory(self) -> dict[str, Any]:
        """Give what `Progress` takes, as JSON values."""
        return {
            "question": self._question,
            "mark": None if self._mark is None else _to_json(self._mark),
            "swept": None if self._swept is None else self._swept.isoformat(),
        }


def read_mark(value: object) -> Mark | None:
    """Give a row's watermark; None for one that marks nothing, such as NULL or infinity.

    Raises ValueError, without a sentence, when such values cannot be watermarks.
    """
    if value is None or isinstance(value, OutOfRange):
        return None
    if isinstance(value, bool) or not isinstance(value, Mark):
        raise ValueError(value)
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return None
    return value


def step_back(mark: Mark, now: datetime, zone: tzinfo) -> Mark:
    """Give from where to ask, so that rows that were committed late are seen.

    A mark in the future, of a row that is scheduled, would hide all that comes before it: from
    ``now`` on is asked for then. A time without a zone is in ``zone``.
    """
    try:
        if isinstance(mark, datetime):
            present = now if mark.tzinfo else now.astimezone(zone).replace(tzinfo=None)
            return min(mark, present) - _OVERLAP
        if isinstance(mark, date):
            return min(mark, now.astimezone(zone).date()) - timedelta(days=1)
    except OverflowError:  # the first day of the calendar
        pass
    return mark


def _to_json(mark: Mark) -> dict[str, str | int | float]:
    """Write a mark as JSON values, with its type."""
    match mark:
        case datetime():
            moment = mark.astimezone(UTC) if mark.tzinfo else mark
            return {"type": "datetime", "value": moment.isoformat()}
        case date():
            return {"type": "date", "value": mark.isoformat()}
        case Decimal():
            return {"type": "decimal", "value": str(mark)}
    return {"type": type(mark).__name__, "value": mark}


def _from_json(written: object) -> Mark | None:
    """Read what `_to_json` wrote; None if it is not that."""
    if not isinstance(written, dict):
        return None
    value = written.get("value")
    try:
        match written.get("type"), value:
            case "datetime", str():
                return datetime.fromisoformat(value)
            case "date", str():
                return date.fromisoformat(value)
            case "decimal", str():
                return Decimal(value)
            case ("int", int()) | ("float", float()) | ("str", str()):
                return value
    except (ValueError, InvalidOperation):
        pass
    return None


def _instant(written: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo else None
