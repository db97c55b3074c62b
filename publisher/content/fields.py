"""What the keys of a front matter mean: checked values, or a sentence that says what is wrong.

Keys that are not known here are left alone, since other programs keep their own in there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from urllib.parse import urlsplit

from publisher.content.characters import clean_line
from publisher.content.dates import read_date
from publisher.content.frontmatter import FrontMatter
from publisher.content.manuscript import Manuscript
from publisher.model import Enclosure, Person

MOST_WEIGHT = 1_000_000
WEIGHTS = f"a whole number from {-MOST_WEIGHT} to {MOST_WEIGHT}"

_ALIASES = {
    "guid": "id",
    "summary": "description",
    "author": "authors",
    "section": "category",
    "published": "date",
    "language": "lang",
    "url": "canonical_url",
}
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_WEIGHT = re.compile(r"[+-]?[0-9]{1,7}", re.ASCII)
_SWITCH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def is_web_url(url: str) -> bool:
    """Say whether it is an absolute http or https URL without blanks."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url)


def is_language(tag: str) -> bool:
    """Say whether it has the shape of a language tag (RFC 5646 §2.1)."""
    return _LANGUAGE.fullmatch(tag) is not None


def read_weight(text: str) -> int:
    """Read a whole number in the range of weights. Raises ValueError."""
    if not _WEIGHT.fullmatch(text) or abs(int(text)) > MOST_WEIGHT:
        raise ValueError(f"is no weight; give {WEIGHTS}")
    return int(text)


def read_switch(text: str) -> bool:
    """Read yes or no in one of the ways to write it. Raises ValueError."""
    if text.lower() not in _SWITCH:
        raise ValueError("is neither true nor false")
    return _SWITCH[text.lower()]


def read_fields(front: FrontMatter, html: str, zone: tzinfo) -> Manuscript:
    """Check every known key and make the manuscript with this body.

    Raises ValueError with a sentence that names line, key, value and what is allowed.
    """
    fields = _Fields(front)
    return Manuscript(
        html=html,
        title=fields.line("title"),
        guid=fields.line("guid"),
        slug=fields.shaped(
            "slug", _SLUG, "is no slug; write small letters a-z, digits and hyphens, as in my-slug"
        ),
        summary=fields.line("summary"),
        url=fields.url("url"),
        authors=fields.people("author"),
        contributors=(*fields.people("contributors"), *fields.people("editor")),
        tags=fields.tags("tags"),
        section=fields.line("section"),
        published=fields.date("published", zone),
        updated=fields.date("updated", zone),
        language=fields.shaped(
            "language", _LANGUAGE, "is no language tag; write one such as en, zh or pt-BR"
        ),
        image=fields.url("image"),
        enclosures=fields.enclosures("enclosures"),
        weight=fields.weight("weight"),
        pinned=fields.switch("pinned"),
        is_draft=fields.switch("draft"),
    )


def _shown(value: object) -> str:
    """Write a value into a sentence, short."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"' if len(value) <= 60 else f'"{value[:60]}…"'
        case list():
            return "a list"
        case dict():
            return "a table of keys"
        case None:
            return "empty"
    return str(value)


class _Fields:
    """The known keys of one front matter, each by either of its names."""

    def __init__(self, front: FrontMatter) -> None:
        self._front = front

    def _find(self, key: str) -> tuple[str, object]:
        """Give the name that was used, and the value; None if there is none."""
        alias = _ALIASES.get(key, key)
        used = alias if self._front.values.get(key) is None else key
        return used, self._front.values.get(used)

    def line(self, key: str) -> str | None:
        used, value = self._find(key)
        return None if value is None else self._text(used, value) or None

    def _text(self, used: str, value: object) -> str:
        if not isinstance(value, str):
            raise self._front.fault(used, f"is {_shown(value)}; write text, in quotes")
        return clean_line(value)

    def shaped(self, key: str, shape: re.Pattern[str], complaint: str) -> str | None:
        text = self.line(key)
        if text is not None and not shape.fullmatch(text):
            raise self._front.fault(self._find(key)[0], f"is {_shown(text)}, which {complaint}")
        return text

    def url(self, key: str) -> str | None:
        used, value = self._find(key)
        return None if value is None else self._url(used, value)

    def _url(self, used: str, value: object) -> str:
        text = self._text(used, value)
        if not is_web_url(text):
            raise self._front.fault(
                used, f"is {_shown(text)}; write a whole URL that begins with https:// or http://"
            )
        return text

    def date(self, key: str, zone: tzinfo) -> datetime | None:
        used, value = self._find(key)
        if value is None or value == "":
            return None
        try:
            if isinstance(value, str | date):
                return read_date(value, zone)
        except ValueError:
            pass
        raise self._front.fault(
            used, f"is {_shown(value)}, which is no date; write 2026-11-23 or 2026-11-23T07:30"
        )

    def switch(self, key: str) -> bool:
        used, value = self._find(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        try:
            if isinstance(value, str):
                return read_switch(value)
        except ValueError:
            pass
        raise self._front.fault(used, f"is {_shown(value)}; write true or false")

    def weight(self, key: str) -> int:
        used, value = self._find(key)
        if value is None:
            return 0
        try:
            if isinstance(value, str | int) and not isinstance(value, bool):
                return read_weight(str(value))
        except ValueError:
            pass
        raise self._front.fault(used, f"is {_shown(value)}; write {WEIGHTS}")

    def tags(self, key: str) -> tuple[str, ...]:
        used, value = self._find(key)
        if isinstance(value, str):
            value = value.split(",")
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
            raise self._front.fault(
                used, f'is {_shown(value)}; write a list of texts such as ["labour", "city"]'
            )
        return _distinct(clean_line(tag) for tag in value)

    def people(self, key: str) -> tuple[Person, ...]:
        used, value = self._find(key)
        if value is None or value == "":
            return ()
        return tuple(
            self._person(used, entry) for entry in (value if isinstance(value, list) else [value])
        )

    def _person(self, used: str, entry: object) -> Person:
        if isinstance(entry, str) and clean_line(entry):
            return Person(name=clean_line(entry))
        if isinstance(entry, dict) and entry.get("name"):
            email, url = entry.get("email"), entry.get("url")
            return Person(
                name=self._text(used, entry["name"]),
                email=None if email is None else self._text(used, email),
                url=None if url is None else self._url(used, url),
            )
        raise self._front.fault(
            used, f"names {_shown(entry)}; write a name, or a table with name, email and url"
        )

    def enclosures(self, key: str) -> tuple[Enclosure, ...]:
        used, value = self._find(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self._front.fault(used, f"is {_shown(value)}; write a list of tables with a url")
        return tuple(self._enclosure(used, entry) for entry in value)

    def _enclosure(self, used: str, entry: object) -> Enclosure:
        if not isinstance(entry, dict) or entry.get("url") is None:
            raise self._front.fault(
                used, f"holds {_shown(entry)}; write tables with url, type and length"
            )
        media_type = entry.get("type", "application/octet-stream")
        if not isinstance(media_type, str) or not _MEDIA_TYPE.fullmatch(media_type):
            raise self._front.fault(
                used, f"has the type {_shown(media_type)}; write one such as audio/mpeg"
            )
        length = entry.get("length", 0)
        if isinstance(length, bool) or not re.fullmatch(r"[0-9]{1,15}", str(length)):
            raise self._front.fault(
                used, f"has the length {_shown(length)}; write the file's size in bytes"
            )
        return Enclosure(
            url=self._url(used, entry["url"]), media_type=media_type, length_bytes=int(length)
        )


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
