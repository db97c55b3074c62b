"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SettableClock:
    """Fulfils `publisher.ports.Clock`. Starts on a Monday morning in autumn."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)) -> None:
        self._now = now

    def __call__(self) -> datetime:
        return self._now

    def now(self) -> datetime:
        return self._now

    def advance(self, **by: float) -> datetime:
        """Move on by what a timedelta takes (minutes=5); back with a minus."""
        self._now += timedelta(**by)
        return self._now

    def move_to(self, moment: datetime) -> datetime:
        self._now = moment
        return moment
