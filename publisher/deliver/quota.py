"""How many mails a relay or a sender's domain may be given on a day.

Reserved in the transaction that claims the rows (`publisher.store.quotas`), for each row one, and
used up when its content leaves: never is more handed over than the quota. What was reserved and
not used is given back when a run ends. A day is one of the publication's calendar.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import WarmUp
from publisher.store import quotas as taken

log = structlog.get_logger()

# How long nobody asks whether another worker has given something back.
_REST = timedelta(minutes=1)


@dataclass(slots=True, kw_only=True, eq=False)
class Quota:
    """A quota and what this process has of it. ``name`` is whose it is, in the database too."""

    name: str
    daily: int | None = None
    warm_up: WarmUp | None = None
    # What follows is of this process.
    spare: int = field(init=False, default=0)  # reserved, and for no row
    unpaid: int = field(init=False, default=0)  # sent without being reserved
    day: date = field(init=False, default=date.min)  # of which all this is
    _rests_until: datetime | None = field(init=False, default=None)
    _is_told: bool = field(init=False, default=False)

    def limit(self, day: date) -> int | None:
        """Say how many there are on a day; None for no limit."""
        limits = [self.daily, None if self.warm_up is None else self.warm_up.on(day)]
        return min((limit for limit in limits if limit is not None), default=None)

    def begin(self, day: date) -> None:
        """Forget what was of another day."""
        if day != self.day:
            self.day = day
            self.spare = self.unpaid = 0
            self._rests_until = None
            self._is_told = False

    def is_resting(self, today: Today) -> bool:
        """Whether nothing was left a moment ago."""
        return self._rests_until is not None and today.now < self._rests_until

    async def is_spent(self, connection: AsyncConnection, today: Today) -> bool:
        """Say whether nothing is left, as far as is known: it is looked up once a minute."""
        if self._rests_until is None or self.is_resting(today):
            return self._rests_until is not None
        limit = self.limit(today.day)
        if limit is None or await taken.used(connection, self.name, today.day) < limit:
            self._rests_until = None
            return False
        self._rests_until = today.now + _REST
        return True

    async def reserve(self, connection: AsyncConnection, today: Today, rows: int) -> int:
        """Reserve one of the limit for each of these rows; give for how many there was one."""
        limit = self.limit(today.day) or 0
        await self.settle(connection, today, keep=True)
        granted = min(rows, self.spare)
        self.spare -= granted
        if granted < rows:
            granted += await taken.reserve(
                connection, self.name, today.day, wanted=rows - granted, limit=limit
            )
        if granted < rows:
            self._rests_until = today.now + _REST
            if not self._is_told:
                self._is_told = True
                goes_on = today.ends.astimezone(today.zone).isoformat()
                log.info("quota spent", quota=self.name, mails=limit, goes_on=goes_on)
        return granted

    async def settle(self, connection: AsyncConnection, today: Today, *, keep: bool) -> None:
        """Write down what was sent unreserved; give back what is spare, unless to ``keep`` it."""
        owed, self.unpaid = self.unpaid, 0
        if not keep:
            owed, self.spare = owed - self.spare, 0
        if owed:
            await taken.count(connection, self.name, today.day, owed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """A day of the publication's calendar, seen from an instant of it."""

    now: datetime
    zone: ZoneInfo
    day: date
    ends: datetime

    @classmethod
    def at(cls, now: datetime, zone: ZoneInfo) -> Today:
        """Say which day it is in a zone."""
        day = now.astimezone(zone).date()
        ends = datetime.combine(day + timedelta(days=1), time(), zone)
        return cls(now=now, zone=zone, day=day, ends=ends.astimezone(now.tzinfo))


Quotas = tuple[Quota, ...]
