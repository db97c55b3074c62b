"""The manner in which an upstream says what it has, and all that may be odd about it."""

from __future__ import annotations

import enum
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from tests.simulation.documents import Entry, Style
from tests.simulation.originals import Wording

WINDOW = 30

_SITES = ("herald.example", "news.example:8080")
_GUIDS = (
    "http://herald.example/?p={number}",
    "https://herald.example/?p={number}",
    "https://news.example/dispatches/{number}",
    "tag:herald.example,2026:{number}",
    "{number}",
    "{number} in edition {edition}",  # all numbered anew each time
    None,  # the link stands for it
)
_SPELLINGS = (
    "https://{site}/2026/dispatch-{number}",
    "http://{site}/2026/dispatch-{number}",
    "https://www.{site}/2026/dispatch-{number}/",
    "https://{site}/2026//dispatch-{number}#start",
    "http://www.{site}/2026/dispatch-{number}?utm_source=rss&utm_medium=feed",
    "https://{site}/2026/dispatch-{number}/?fbclid=aAbB&from=feed",
)
# What is declared, and what it is in.
_MISLABELLED = (("iso-8859-1", "utf-8"), ("utf-8", "iso-8859-1"), ("no-such", "utf-8"))
_NO_DATES = ("", "yesterday", "0000-00-00T00:00:00Z", "Thu, 32 Foo 20266 99:99:99 GMT")
_ABSURD_DATES = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
_CONTROLS = "\x01\x08\x0b\x1f\x7f"

_Date: TypeAlias = datetime | str | None


class Mutation(enum.StrEnum):
    """What may be done to a feed."""

    REORDER = "re-order"
    TRUNCATE = "truncate"
    REGUID = "re-guid"
    REDATE = "redate"
    DUPLICATE = "duplicate"
    RESPELL = "respell"
    MOVE = "move"
    REWRITE = "rewrite"
    MISLABEL = "mislabel"
    GARBLE = "garble"
    EDIT = "edit"
    BREAK = "break"


class Manner:
    """How it is said: some of it in one answer, and some until it is changed or passes.

    ``site`` is where the articles stand, ``most`` how many of the newest are said, and
    ``style`` what the document is like.
    """

    def __init__(self, chance: random.Random) -> None:
        self.site = _SITES[0]
        self.most = WINDOW
        self.style = Style()
        self._chance = chance
        self._edition = 0
        self._guids: str | None = _GUIDS[0]
        self._usual_guids: str | None = _GUIDS[0]
        # The date of all; or by how much the true ones are moved.
        self._dates: _Date | timedelta = timedelta()
        self._doubles = 0
        self._spellings: Sequence[str] = _SPELLINGS[:1]
        self._is_shuffled = False
        self._is_garbled = False

    def pass_over(self) -> None:
        """End what is for one answer, and now and then what lasts."""
        self.style = replace(self.style, declared="utf-8", encoding="utf-8")
        self._doubles = 0
        self._spellings = _SPELLINGS[:1]
        self._is_shuffled = self._is_garbled = False
        if self._chance.random() < 0.25:
            self.most = WINDOW
        if self._chance.random() < 0.25:
            self._dates = timedelta()
        if self._chance.random() < 0.1:
            self._guids = self._usual_guids

    def change(self, mutation: Mutation, now: datetime) -> None:
        """Do it to the manner; what is done to articles and answers is no matter of this."""
        chance = self._chance
        match mutation:
            case Mutation.REORDER:
                self._is_shuffled = True
            case Mutation.TRUNCATE:
                self.most = chance.choice((0, 1, chance.randrange(WINDOW)))
            case Mutation.REGUID:
                self._edition += 1
                self._guids = chance.choice(_GUIDS)
                if chance.random() < 0.2:  # for good
                    self._usual_guids = self._guids
            case Mutation.REDATE:
                ahead = timedelta(hours=chance.randrange(1, 72))
                past = timedelta(days=-chance.randrange(10_000))
                self._dates = chance.choice(
                    (now, now + ahead, ahead, past, None, *_NO_DATES, *_ABSURD_DATES)
                )
            case Mutation.DUPLICATE:
                self._doubles = chance.randint(1, 6)
            case Mutation.RESPELL:
                self._spellings = _SPELLINGS
            case Mutation.MOVE:
                self.site = chance.choice(_SITES)
            case Mutation.REWRITE:
                self.style = Style(
                    is_atom=chance.random() < 0.5, guid_is_last=chance.random() < 0.5
                )
            case Mutation.MISLABEL:
                declared, encoding = chance.choice(_MISLABELLED)
                self.style = replace(self.style, declared=declared, encoding=encoding)
            case Mutation.GARBLE:
                self._is_garbled = True
            case Mutation.EDIT | Mutation.BREAK:
                pass

    def entries(self, wordings: Sequence[Wording]) -> list[Entry]:
        """Say it all, in this manner."""
        chance = self._chance
        entries = [self._entry(wording) for wording in wordings]
        for entry in chance.choices(entries, k=self._doubles) if entries else []:
            double = chance.choice(
                (
                    entry,
                    replace(entry, url=f"{entry.url}?utm_campaign=again"),
                    replace(entry, guid=f"{entry.guid or entry.url}#again"),
                )
            )
            entries.insert(chance.randint(0, len(entries)), double)
        if self._is_shuffled:
            chance.shuffle(entries)
        return entries

    def _entry(self, wording: Wording) -> Entry:
        guid = self._guids and self._guids.format(number=wording.number, edition=self._edition)
        spelling = self._chance.choice(self._spellings)
        return Entry(
            guid=guid,
            url=spelling.format(site=wording.site, number=wording.number),
            title=self._garble(wording.title),
            html=self._garble(wording.html),
            date=self._date(wording.published),
            tags=wording.tags,
        )

    def _date(self, published: datetime) -> _Date:
        return published + self._dates if isinstance(self._dates, timedelta) else self._dates

    def _garble(self, text: str) -> str:
        if not self._is_garbled:
            return text
        place = self._chance.randrange(len(text) + 1)
        return f"{text[:place]}{self._chance.choice(_CONTROLS)}{text[place:]}"
