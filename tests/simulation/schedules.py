"""When something is due, worked out by walking over days: what `publisher.slots` is judged by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Both kinds of clock change in either half of the world, one by half an hour, one by Ramadan,
# halves and quarters of hours, and both sides of the date line.
ZONES = tuple(
    ZoneInfo(name)
    for name in (
        "UTC",
        "Africa/Casablanca",
        "America/New_York",
        "America/Santiago",
        "America/St_Johns",
        "Asia/Kathmandu",
        "Asia/Kolkata",
        "Asia/Shanghai",
        "Australia/Lord_Howe",
        "Europe/Berlin",
        "Pacific/Apia",
        "Pacific/Kiritimati",
    )
)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A time of day; on these weekdays (0 is Monday) or days of the month, or else daily."""

    hour: int
    minute: int = 0
    weekdays: tuple[int, ...] = ()
    days: tuple[int, ...] = ()

    @property
    def cron(self) -> str:
        days = ",".join(map(str, self.days)) or "*"
        weekdays = ",".join(_WEEKDAYS[day] for day in self.weekdays) or "*"
        return f"{self.minute} {self.hour} {days} * {weekdays}"

    def is_on(self, day: date) -> bool:
        on_weekday = not self.weekdays or day.weekday() in self.weekdays
        return on_weekday and (not self.days or day.day in self.days)

    def due(
        self, zone: ZoneInfo, after: datetime, until: datetime, hour: int | None = None
    ) -> Iterator[tuple[str, datetime]]:
        """Give what is due in (after, until], oldest first: a label, and the instant.

        Who has it at another hour has it under the same label.
        """
        day = after.astimezone(zone).date() - timedelta(days=1)
        while day <= until.astimezone(zone).date():
            usual = datetime.combine(day, time(self.hour, self.minute))
            instant = place(usual if hour is None else usual.replace(hour=hour), zone)
            if self.is_on(day) and after < instant <= until:
                yield usual.isoformat(timespec="minutes"), instant
            day += timedelta(days=1)

    def at(self, hour: int) -> Schedule:
        return replace(self, hour=hour)


def place(local: datetime, zone: ZoneInfo) -> datetime:
    """Give when a wall clock shows a time first; one that is skipped comes right after the gap."""
    while True:
        instant = local.replace(tzinfo=zone).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == local:
            return instant
        local += timedelta(minutes=1)


def clock_changes(after: datetime, until: datetime) -> int:
    """Count how often the clocks of all zones were changed."""
    hours = int((until - after) / timedelta(hours=1))
    return sum(
        (after + n * timedelta(hours=1)).astimezone(zone).utcoffset()
        != (after + (n + 1) * timedelta(hours=1)).astimezone(zone).utcoffset()
        for zone in ZONES
        for n in range(hours)
    )
