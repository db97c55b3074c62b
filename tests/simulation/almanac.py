"""Which waves a clock has to make when it rings: what `publisher.issues.ring` is judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from tests.simulation.papers import Paper
from tests.simulation.schedules import Schedule

# Newsletter, cadence, slot, own time ("*" for everybody).
Name: TypeAlias = tuple[str, str, str, str]


class Almanac:
    """Remembers up to when each schedule has been rung for, and what was made by then."""

    def __init__(self) -> None:
        self._in_force: dict[tuple[str, str], Schedule] = {}
        self._rung: dict[tuple[str, str, str], datetime] = {}
        self._zones: dict[str, ZoneInfo] = {}
        self._made: set[Name] = set()

    def open(self, papers: Iterable[Paper], now: datetime) -> set[str]:
        """Let schedules be in force from now on that are new or have changed.

        Gives the newsletters whose zone has moved: what a day's slot is has moved with it, so
        their next ring may make what it likes, but nothing twice.
        """
        moved = set()
        found = {}
        for paper in papers:
            if self._zones.get(paper.slug, paper.zone) != paper.zone:
                moved.add(paper.slug)
            self._zones[paper.slug] = paper.zone
            for name, schedule in paper.cadences.items():
                if schedule is not None:
                    found[paper.slug, name] = schedule
        for cadence in self._in_force.keys() | found.keys():
            if self._in_force.get(cadence) != found.get(cadence):
                for key in [key for key in self._rung if key[:2] == cadence]:
                    del self._rung[key]
                if cadence in found:
                    self._rung[*cadence, ""] = now
        self._in_force = found
        return moved

    def ring(
        self, paper: Paper, chosen: Mapping[str, Iterable[str]], now: datetime
    ) -> dict[Name, bool]:
        """Give what is to be made now, and of each whether it is but missed.

        ``chosen`` maps cadences to the times that readers have chosen.
        """
        found: dict[Name, bool] = {}
        for cadence, schedule in paper.cadences.items():
            if schedule is None:
                continue
            is_own = cadence in paper.own_time
            times = {"", *(chosen.get(cadence, ()) if is_own else ())}
            for key in [key for key in self._rung if key[:2] == (paper.slug, cadence)]:
                if key[2] not in times:
                    del self._rung[key]
            for time in sorted(times):
                since = self._rung.get((paper.slug, cadence, time), now)
                self._rung[paper.slug, cadence, time] = now
                hour, _, zone = time.partition("@")
                due = list(
                    schedule.due(
                        ZoneInfo(zone) if zone else paper.zone,
                        since,
                        now,
                        int(hour) if hour else None,
                    )
                )
                for label, instant in due:
                    is_last = (label, instant) == due[-1]
                    is_late = now - instant > paper.lateness
                    is_missed = (is_late and paper.missed == "skip") or (
                        not is_last and paper.missed != "send"
                    )
                    found[paper.slug, cadence, label, time if is_own else "*"] = is_missed
        return {name: is_missed for name, is_missed in found.items() if name not in self._made}

    def note(self, made: Iterable[Name]) -> None:
        """Take note of what was made."""
        self._made |= set(made)
