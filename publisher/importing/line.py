"""A row of a list as the formats ask for it: by the names of its columns, as what it means here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from publisher.errors import AddressError
from publisher.mail.address import clean_name, parse
from publisher.model import (
    Address,
    Cadence,
    Newsletter,
    OwnTime,
    SubscriptionState,
    SuppressionReason,
)

# What a spreadsheet would take for a formula if it stood first in a cell (A22).
FORMULA = ("=", "+", "-", "@", "\t", "\r")

# "2026-01-31 10:00:00.5 +0000 UTC", as Go writes it.
_GO_ZONE = re.compile(r" ?([+-]\d{2}:?\d{2})(?: [A-Z]{1,5})?\Z")
# JSON has them; PostgreSQL takes neither zeros nor halves of pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_AROUND_TAGS = " \t\"'[]"
_YES = frozenset({"true", "t", "yes", "y", "1"})

Standing = tuple[SubscriptionState | None, str]

ACTIVE: Standing = (SubscriptionState.ACTIVE, "")
PENDING: Standing = (SubscriptionState.PENDING, "")
ENDED: Standing = (SubscriptionState.ENDED, "")
BOUNCED: Standing = (SubscriptionState.ENDED, SuppressionReason.HARD_BOUNCE)
COMPLAINED: Standing = (SubscriptionState.ENDED, SuppressionReason.COMPLAINT)
BLOCKED: Standing = (SubscriptionState.ENDED, SuppressionReason.MANUAL)
# Of who was erased no list knows.
_REASONS = frozenset(SuppressionReason) - {SuppressionReason.ERASED}

# What systems call the ways in which people stand, with why they are never mailed.
_WORDS = {
    "": (None, ""),
    **dict.fromkeys(("active", "subscribed", "confirmed"), ACTIVE),
    **dict.fromkeys(("pending", "unconfirmed", "unactivated"), PENDING),
    **dict.fromkeys(("ended", "unsubscribed", "removed"), ENDED),
    **dict.fromkeys(("bounced", "cleaned", "undeliverable", "hard_bounce"), BOUNCED),
    **dict.fromkeys(("complained", "complaint"), COMPLAINED),
    **dict.fromkeys(("blocked", "blocklisted", "suppressed", "manual"), BLOCKED),
}


class Unusable(Exception):
    """A row cannot be taken in; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What people can have here, by what it may be called elsewhere."""

    topics: Mapping[str, str]
    languages: Mapping[str, str]
    cadences: Mapping[str, Cadence]
    usual: Cadence
    now: datetime

    @classmethod
    def of(cls, newsletter: Newsletter, usual: Cadence, now: datetime) -> Offer:
        """Say what a newsletter offers; ``usual`` is for those who name no cadence."""
        called = [
            (name, each.slug) for each in newsletter.topics for name in (each.title, each.slug)
        ]
        return cls(
            topics={name.casefold(): slug for name, slug in called},
            languages={each.casefold(): each for each in newsletter.languages},
            cadences={each.name: each for each in newsletter.cadences},
            usual=usual,
            now=now,
        )

    @classmethod
    def nothing(cls, now: datetime) -> Offer:
        """Say that nobody is to have anything."""
        return cls(topics={}, languages={}, cadences={}, usual=Cadence(name="", cron=None), now=now)


class Line:
    """A row. Methods give what a column says, or what stands for its saying nothing."""

    __slots__ = ("_cells", "_offer", "sheet")

    def __init__(self, sheet: str, cells: Mapping[str, str], offer: Offer) -> None:
        self.sheet = sheet
        self._cells = cells
        self._offer = offer

    def has(self, *columns: str) -> bool:
        """Say whether there is one of these columns."""
        return not self._cells.keys().isdisjoint(columns)

    def text(self, *columns: str) -> str:
        """Give the first of these that is not empty, without the quote against formulas."""
        for column in columns:
            if (cell := self._cells.get(column)) and (cell := cell.strip()):
                is_quoted = cell[0] == "'" and cell.lstrip("'").startswith(FORMULA)
                return cell[1:] if is_quoted else cell
        return ""

    def words(self, column: str) -> str:
        """Give a text of any length."""
        return _UNSTORABLE.sub("", self.text(column))

    def yes(self, column: str) -> bool:
        """Say whether it is true."""
        return self.text(column).casefold() in _YES

    def name(self, *columns: str) -> str:
        """Give a name as mails show it, put together of its parts."""
        return clean_name(" ".join(part for each in columns if (part := self.text(each))))

    def address(self, columns: tuple[str, ...], name: str) -> Address:
        """Give whom the row is about."""
        if not (text := self.text(*columns)):
            raise Unusable("there is no address")
        try:
            return parse(text, name=name or None)
        except AddressError as error:
            raise Unusable(str(error)) from error

    def time(self, *columns: str) -> datetime | None:
        """Give a time that has been; without a zone it is one in UTC. None if nobody can read it.

        Nobody is to be lost over a date.
        """
        moment = _time(self.text(*columns))
        return None if moment is None or moment > self._offer.now else moment

    def until(self, column: str) -> datetime | None:
        """Give a time that may be to come."""
        text = self.text(column)
        if (moment := _time(text)) is None and text:
            raise Unusable(f'"{text}" in {column} is no time')
        return moment

    def standing(self, *columns: str, **others: Standing) -> Standing:
        """Give the state that a word stands for, and why they are never mailed."""
        word = self.text(*columns).casefold().replace(" ", "_")
        found = others.get(word) or _WORDS.get(word)
        if found is None:
            raise Unusable(f'nobody knows what the state "{word}" means')
        return found

    def reason(self, column: str) -> str:
        """Give why an address is never mailed."""
        word = self.text(column)
        if word and word not in _REASONS:
            raise Unusable(f"the reason {word} is none of {', '.join(sorted(_REASONS))}")
        return word

    def cadence(self, column: str) -> str:
        """Give a cadence of the newsletter."""
        name = self.text(column)
        return name if name in self._offer.cadences else ""

    def topics(self, *columns: str) -> tuple[str, ...]:
        """Give those of the newsletter's topics that are among tags, however these are listed."""
        if not self._offer.topics:
            return ()
        tags = re.split("[,;|]", self.text(*columns))
        known = self._offer.topics
        named = (known.get(tag.strip(_AROUND_TAGS).casefold()) for tag in tags)
        return tuple(sorted({slug for slug in named if slug}))

    def language(self, *columns: str) -> str:
        """Give a language of the newsletter: the one that is named, or the one it is a form of."""
        wanted = self.text(*columns).replace("_", "-").casefold()
        known = self._offer.languages
        return known.get(wanted) or known.get(wanted.partition("-")[0], "")

    def own_time(self, column: str, cadence: str) -> str:
        """Give an hour and a zone as they are stored, if people may choose them."""
        text = self.text(column)
        of = self._offer.cadences.get(self.text(cadence), self._offer.usual)
        if not text or not of.own_time:
            return ""
        try:
            own = OwnTime.parse(text)
        except ValueError as error:
            raise Unusable(f'"{text}" in {column} is no hour and zone') from error
        if own.hour is not None and own.hour not in range(24):
            raise Unusable(f"{own.hour} is no hour of the day")
        return str(own)

    def mapping(self, column: str) -> dict[str, str]:
        """Give the texts in a JSON object."""
        text = self.text(column)
        if not text:
            return {}
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Unusable(f"{column} is not JSON") from error
        if not isinstance(found, dict):
            raise Unusable(f"{column} is no object in JSON")
        return {
            _UNSTORABLE.sub("", key): _UNSTORABLE.sub("", value)
            for key, value in found.items()
            if isinstance(value, str)
        }

    def facts(self, **columns: str) -> dict[str, str]:
        """Give what columns say, under these names, without those that say nothing."""
        return {
            name: clean_name(text)
            for name, column in columns.items()
            if (text := self.text(column))
        }


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(_GO_ZONE.sub(r"\1", text))
        except ValueError:
            return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None
