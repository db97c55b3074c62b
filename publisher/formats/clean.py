"""Text, addresses and instants made fit for every format.

Articles come clean from ingest; this is the second wall. What is not fit is mended or dropped,
and what was dropped is remembered, so that it can be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

# XML 1.0 §2.2 Char: one character outside costs the feed every strict reader, in CDATA too.
# U+007F to U+009F it only discourages, but some readers take them for windows-1252.
_FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# RFC 3987 §2.2 has no place for these anywhere in an IRI, nor for a % that encodes nothing.
_NOT_IN_IRI = re.compile(r'[\s<>"{}|\\^`]|%(?![0-9A-Fa-f]{2})')
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")  # RFC 4287 §2, as XML has it
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")  # RFC 6838 §4.2
_UNKNOWN_TYPE = "application/octet-stream"
_NOTED_CHARACTERS = 80


class Cleaner:
    """Makes what is told of one thing fit, and remembers what it had to drop."""

    def __init__(self) -> None:
        self._dropped: set[str] = set()

    @property
    def dropped(self) -> tuple[str, ...]:
        """What is missing now, in no more than 80 characters each: "U+000B", "language ???"."""
        return tuple(sorted(self._dropped))

    def drop(self, what: str) -> None:
        """Note that something is left out."""
        self._dropped.add(what[:_NOTED_CHARACTERS])

    def text(self, value: str) -> str:
        """Keep what XML can carry, with the line ends that its readers see (XML 1.0 §2.11)."""
        kept = _FORBIDDEN.sub(self._without, value)
        return kept.replace("\r\n", "\n").replace("\r", "\n")

    def line(self, value: str | None) -> str:
        """Keep no-break spaces: they are part of how a title is set."""
        return re.sub(r"[ \t\n]+", " ", self.text(value or "")).strip()

    def lines(self, values: Iterable[str]) -> tuple[str, ...]:
        """Keep each once, and none that is empty."""
        return tuple(dict.fromkeys(line for value in values if (line := self.line(value))))

    def url(self, value: str | None) -> str:
        """Keep an absolute address on the web, encoded where need be; "" for anything else."""
        address = _NOT_IN_IRI.sub(lambda found: quote(found[0]), self.text(value or "").strip())
        if not address or _is_on_the_web(address):
            return address
        self.drop(f"address {address}")
        return ""

    def mailbox(self, value: str | None) -> str:
        """Keep what has the form of a mail address (RFC 4287 §3.2.3)."""
        address = self.line(value)
        if not address or re.fullmatch(r".+@.+", address):
            return address
        self.drop("mail address")  # not which: people's addresses stay out of logs
        return ""

    def language(self, value: str) -> str:
        """Keep what has the form of a language tag."""
        tag = self.line(value)
        if not tag or _LANGUAGE.fullmatch(tag):
            return tag
        self.drop(f"language {tag}")
        return ""

    def media_type(self, value: str) -> str:
        """Keep a type without its parameters, for which no format has a place."""
        kind = value.partition(";")[0].strip()
        return kind if _MEDIA_TYPE.fullmatch(kind) else _UNKNOWN_TYPE

    def _without(self, found: re.Match[str]) -> str:
        self.drop(f"U+{ord(found[0]):04X}")
        return ""


def instant(moment: datetime) -> datetime:
    """Give it in UTC, without fractions: RSS has no place for them."""
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:  # the calendar's first or last hours, somewhere else
        moment = moment.replace(tzinfo=UTC)
    return moment.replace(microsecond=0)


def opening(text: str, most: int) -> str:
    """Cut at a space if there is one: Chinese and Japanese have none to cut at."""
    if len(text) <= most:
        return text
    head = text[:most]
    return (head.rpartition(" ")[0] or head).rstrip() + "…"


def _is_on_the_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # such as an unclosed bracket, or a port that is no number
        return False
