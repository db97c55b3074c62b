"""A folder of article files as editors treat it: broken, moved, taken away, put back."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from publisher.ports import Clock
from tests.simulation.originals import tags_of, write_text, write_title

# Numbers of their own, so that an article is known by its number wherever it came from.
FIRST = 100_000
_ACTS = ("edit", "break", "move", "take away", "put back", "date ahead")


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    number: int
    path: Path
    title: str
    text: str
    date: datetime | None
    is_broken: bool = False
    is_away: bool = False


class Folder:
    """Its files; ``act`` lets its editors write, and do one odd thing now and then."""

    def __init__(self, path: Path, chance: random.Random, clock: Clock) -> None:
        self.path = path
        self.counts: Counter[str] = Counter()
        self._chance = chance
        self._clock = clock
        self._files: list[_File] = []
        self._numbers: Iterator[int] = count(FIRST)
        self._saves = count(1)
        self._next = clock()
        path.mkdir()

    def act(self) -> None:
        """Write what is due since the last time, about one article a day, and do what is odd."""
        chance, now = self._chance, self._clock()
        while self._next <= now:
            self._write()
            self._next += timedelta(hours=chance.expovariate(1 / 20))
        if chance.random() < 0.15:
            self._do(chance.choice(_ACTS))

    def calm_down(self) -> None:
        """Write nothing more, and mend what is broken."""
        self._next = self._clock() + timedelta(days=10_000)
        for place, file in enumerate(self._files):
            if file.is_broken:
                self._save(place, replace(file, is_broken=False))

    def _write(self) -> None:
        self.counts["written"] += 1
        number = next(self._numbers)
        self._files.append(
            _File(
                number=number,
                path=self.path / f"{number}.md",
                title=write_title(self._chance, number),
                text=write_text(self._chance),
                date=None,
            )
        )
        self._save(-1, self._files[-1])

    def _do(self, act: str) -> None:
        chance = self._chance
        if not self._files:
            return
        place = chance.randrange(max(len(self._files) - 20, 0), len(self._files))
        file = self._files[place]
        if file.is_away != (act == "put back"):
            return
        self.counts[act] += 1
        match act:
            case "edit":
                self._save(place, replace(file, text=write_text(chance), is_broken=False))
            case "break":
                self._save(place, replace(file, is_broken=True))
            case "move":
                file.path.unlink()
                moved = self.path / f"{chance.randrange(9)}" / file.path.name
                self._save(place, replace(file, path=moved))
            case "take away":
                file.path.unlink()
                self._files[place] = replace(file, is_away=True)
            case "put back":
                self._save(place, replace(file, is_away=False))
            case "date ahead":
                ahead = self._clock() + timedelta(hours=chance.randrange(1, 72))
                self._save(place, replace(file, date=ahead))

    def _save(self, place: int, file: _File) -> None:
        self._files[place] = file
        date = f"date: {file.date.isoformat()}\n" if file.date else ""
        title = "[unclosed" if file.is_broken else file.title
        tags = ", ".join(tags_of(file.number))
        head = f"---\nid: {file.number}\ntitle: {title}\ntags: [{tags}]\n{date}---\n"
        file.path.parent.mkdir(exist_ok=True)
        file.path.write_text(
            f"{head}\nDispatch No {file.number}.\n\n{file.text}\n", encoding="utf-8"
        )
        # Quiet for long, and different each time.
        moment = 1_000_000_000 + next(self._saves)
        os.utime(file.path, (moment, moment))
