"""Cron text to slots: when the issues of a cadence are due, on the wall clock of a zone.

The config checks cron text here and the scheduler asks here for what comes next and what was
due since. Two rules are ours and not the library's:

- Cron means crontab(5) as Vixie's cron reads it: 0 and 7 are Sunday, and a day matches when
  *either* day field does, if both are restricted. APScheduler counts weekdays from Monday
  and wants both fields to match, so each field is read here and handed over as plain values
  and weekday names.
- Slots are computed on the wall clock, without a zone, and placed in the zone afterwards. The
  library's own zone arithmetic fires twice in autumn, and at times that do not exist in spring.

Whether a slot is too late to be used is not decided here.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

# apscheduler ships no types; what it gives is annotated where it enters.
from apscheduler.triggers.combining import OrTrigger  # type: ignore[import-untyped]
from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A due time: ``local`` as the wall clock shows it (naive), ``instant`` in aware UTC.

    They disagree only in a spring gap, where ``local`` is the time that was skipped.
    """

    local: datetime
    instant: datetime

    @property
    def label(self) -> str:
        """The slot as it stands in the ledger: unique within a cadence."""
        return self.local.isoformat(timespec="minutes")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    title: str
    low: int
    high: int
    names: tuple[str, ...] = ()  # of low, low + 1, ...

    @property
    def allowed(self) -> str:
        return f"{self.low} to {self.high}" + (f" or {' '.join(self.names)}" if self.names else "")


_MINUTE = _Field(title="minute", low=0, high=59)
_HOUR = _Field(title="hour", low=0, high=23)
_DAY = _Field(title="day of month", low=1, high=31)
_MONTH = _Field(
    title="month",
    low=1,
    high=12,
    names=("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
)
_WEEKDAY = _Field(
    title="day of week",
    low=0,
    high=7,
    names=("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"),
)
_FIELDS = (_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)

_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\w+))?", re.ASCII)
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def check(cron: str) -> None:
    """Raise ValueError, with a sentence for the admin, unless ``cron`` names some day to come."""
    _trigger(cron)


def following(cron: str, zone: ZoneInfo, after: datetime) -> Iterator[Slot]:
    """Give the slots whose instant is later than ``after`` (aware), oldest first, without end.

    Several slots of one spring gap share an instant. Raises ValueError as `check` does.
    """
    trigger = _trigger(cron)
    wall = after.astimezone(zone).replace(tzinfo=UTC)
    while (due := _next(trigger, wall)) is not None:
        local = due.replace(tzinfo=None)
        instant = _instant(local, zone)
        # In the repeated hour of autumn the wall clock meets slots that have fired already.
        if instant > after:
            yield Slot(local=local, instant=instant)
        wall = due + timedelta(minutes=1)


def between(cron: str, zone: ZoneInfo, after: datetime, until: datetime) -> list[Slot]:
    """Give the slots later than ``after`` and not later than ``until``, oldest first."""
    return list(takewhile(lambda slot: slot.instant <= until, following(cron, zone, after)))


def time_of_day(cron: str) -> time | None:
    """Give the one time at which it is due on its days; None if there are several."""
    parts = _fields(cron)
    minutes, hours = _values(_MINUTE, parts[0]), _values(_HOUR, parts[1])
    return time(hours[0], minutes[0]) if len(minutes) == len(hours) == 1 else None


def at_hour(cron: str, hour: int) -> str:
    """Give cron text for the same minute and days at another hour."""
    minute, _, *days = _fields(cron)
    return " ".join([minute, str(hour), *days])


def _next(trigger: CronTrigger | OrTrigger, wall: datetime) -> datetime | None:
    due: datetime | None = trigger.get_next_fire_time(None, wall)
    return due


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Place a wall clock time: the first of two (PEP 495, fold=0); after a gap, if it is in one."""
    first = local.replace(tzinfo=zone, fold=0)
    instant = first.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    # In a gap, fold=0 reads the clock with the offset before it and fold=1 with the one after
    # it, and the change lies between the two.
    before = first.utcoffset()
    earliest = first.replace(fold=1).astimezone(UTC)
    seconds = bisect.bisect_left(
        range(int((instant - earliest).total_seconds())),
        True,
        key=lambda n: (earliest + timedelta(seconds=n)).astimezone(zone).utcoffset() != before,
    )
    return earliest + timedelta(seconds=seconds)


def _trigger(cron: str) -> CronTrigger | OrTrigger:
    """Read cron text into the library's trigger, which runs in UTC as if that were the wall."""
    parts = _fields(cron)
    minutes, hours, days, months, weekdays = (
        _values(field, part) for field, part in zip(_FIELDS, parts, strict=True)
    )
    # crontab(5): a day field that begins with a star, */2 too, is not "restricted".
    is_day_open, is_weekday_open = (parts[n].startswith("*") for n in (2, 4))
    if is_weekday_open and all(min(days) > _LONGEST[month - 1] for month in months):
        raise ValueError(f"day of month: {_quoted(parts[2])} never comes in month {parts[3]}")

    def trigger(**days_of: str) -> CronTrigger:
        return CronTrigger(
            minute=_list(minutes),
            hour=_list(hours),
            month=_list(months),
            second="0",
            timezone=UTC,
            **days_of,
        )

    day = _list(days)
    # Names, as the library's numbers start at Monday; 7 is Sunday again.
    weekday = ",".join({_WEEKDAY.names[n]: None for n in weekdays})
    if is_day_open or is_weekday_open:
        return trigger(day=day, day_of_week=weekday)
    return OrTrigger([trigger(day=day), trigger(day_of_week=weekday)])


def _fields(cron: str) -> list[str]:
    parts = _NICKNAMES.get(cron.strip().lower(), cron).split()
    if len(parts) != len(_FIELDS):
        raise ValueError(
            f"{_quoted(cron)} is not five fields (minute, hour, day of month, month, day of week)"
            f" nor one of {' '.join(_NICKNAMES)}"
        )
    return parts


def _values(field: _Field, text: str) -> list[int]:
    """Give what a field's text allows, ascending."""
    found: set[int] = set()
    for part in text.split(","):
        found.update(_range(field, part))
    return sorted(found)


def _range(field: _Field, part: str) -> range:
    match = _PART.fullmatch(part)
    if match is None or (match["first"] == "*" and match["last"]):
        raise ValueError(
            f"{field.title}: {_quoted(part)} is not understood;"
            f" use {field.allowed}, *, ranges (a-b), steps (*/n, a-b/n) and lists (a,b)"
        )
    if match["first"] == "*":
        first, last = field.low, field.high
    else:
        first = last = _number(field, match["first"])
        if match["last"]:
            last = _number(field, match["last"])
            if field is _WEEKDAY and last == 0 < first:
                last = 7  # fri-sun
        elif match["step"]:
            raise ValueError(
                f"{field.title}: {_quoted(part)} needs a range for its step;"
                f" write {first}-{field.high}/{match['step']}"
            )
    if first > last:
        raise ValueError(f"{field.title}: {_quoted(part)} runs backwards; write it as a list")
    step = match["step"] or "1"
    span = last - first + 1
    # A step beyond the range would quietly mean its first value alone: */90 is not 90 minutes.
    if not step.isdecimal() or not 1 <= int(step) <= span:
        raise ValueError(f"{field.title}: the step in {_quoted(part)} must be 1 to {span}")
    return range(first, last + 1, int(step))


def _number(field: _Field, text: str) -> int:
    if text.lower() in field.names:
        return field.low + field.names.index(text.lower())
    if text.isdecimal() and field.low <= int(text) <= field.high:
        return int(text)
    raise ValueError(f"{field.title}: {_quoted(text)} is not {field.allowed}")


def _list(values: list[int]) -> str:
    return ",".join(map(str, values))


def _quoted(text: str) -> str:
    return f'"{text}"'
