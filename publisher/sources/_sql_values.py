"""What single values of a database mean to us: text, instants, names.

Part of the kind "sql". Values come as the database's driver gives them, and which types there
are differs from one to the next. A ValueError from here holds a sentence without its subject,
to follow the name of the column.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID

from publisher.content.characters import clean_line
from publisher.content.dates import read_date
from publisher.content.encoding import decode
from publisher.content.fields import is_web_url, read_switch, read_weight
from publisher.model import Person

_MAX_CHARACTERS = 10 * 1024 * 1024
_MAX_SHOWN = 60
# Seconds since 1970 that are a date of ours: 1973 to 2099. A number outside of that, such as
# 20261124, is somebody's own way to write one.
_EARLIEST_SECOND, _LATEST_SECOND = 100_000_000, 4_102_444_800
# How MySQL writes that there is no date.
_ZERO_DATE = "0000-00-00"


def steady(value: Any) -> Any:
    """Give what repr() writes the same for as long as the database holds the same."""
    match value:
        case bytearray() | memoryview():
            return bytes(value)
        case list():
            return [steady(item) for item in value]
        case datetime() if value.tzinfo:
            try:
                return value.astimezone(UTC)  # it has the offset of the session
            except OverflowError:
                return value
    return value


def read_text(value: Any) -> str:
    """Give a text, empty for NULL. Numbers and dates are written out, bytes decoded."""
    match value:
        case None:
            return ""
        case str():
            text = value
        case bytes():
            text = _decoded(value)
        case Decimal():
            text = format(value, "f")
        case int() | float() | UUID() if not isinstance(value, bool):
            text = str(value)
        case date():
            text = value.isoformat()
        case _:
            raise ValueError(f"holds {_shown(value)}, which is no text")
    if len(text) > _MAX_CHARACTERS:
        raise ValueError(f"holds {len(text):,} characters; at most {_MAX_CHARACTERS:,} are read")
    return text


def read_line(value: Any) -> str | None:
    """Give a clean line of text; None for NULL and blanks."""
    return clean_line(read_text(value)) or None


def read_guid(value: Any) -> str | None:
    """Give an identity; None for NULL and blanks. Bytes that are no ASCII go by their hex digits.

    Identities of 16 raw bytes are common, and some of them would pass for text.
    """
    if isinstance(value, bytes) and not (value.isascii() and value.decode("ascii").isprintable()):
        return value.hex()
    return read_line(value)


def read_moment(value: Any, zone: tzinfo) -> datetime | None:
    """Give an instant in UTC; None for NULL, an empty text, 0 and MySQL's zero date.

    Numbers are seconds, or milliseconds, since 1970. What has no zone is in ``zone``.
    """
    if isinstance(value, bytes):
        value = _decoded(value)
    if value is None or value == 0 or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str) and value.startswith(_ZERO_DATE):
        return None
    try:
        if isinstance(value, str | date):
            return read_date(value, zone)
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return _since_1970(value)
    except (ValueError, ArithmeticError):
        pass
    raise ValueError(
        f"holds {_shown(value)}, which is no date; give a time, 2026-11-23T07:30Z as text,"
        " or seconds since 1970"
    )


def read_words(value: Any) -> tuple[str, ...]:
    """Give texts from a list, a JSON list, or a text with commas between them."""
    words = []
    for entry in _entries(value):
        word = entry.get("name") if isinstance(entry, dict) else entry
        words.append(read_line(word))
    return tuple(dict.fromkeys(filter(None, words)))


def read_people(value: Any) -> tuple[Person, ...]:
    """Give people from a list or JSON list, of names or of objects with name, email and url.

    Or from a text with commas between the names.
    """
    people = [_person(entry) for entry in _entries(value)]
    return tuple(dict.fromkeys(filter(None, people)))


def read_place(value: Any) -> int:
    """Give a weight; 0 for NULL and blanks."""
    line = read_line(value)
    if line is None:
        return 0
    try:
        return read_weight(re.sub(r"\.0+$", "", line))
    except ValueError as error:
        raise ValueError(f"holds {_shown(value)}, which {error}") from error


def read_decision(value: Any) -> bool:
    """Give yes or no from a truth value, 1 or 0, or a word for it; no for NULL and blanks."""
    if isinstance(value, bool):
        return value
    if isinstance(value, bytes) and value in (b"\0", b"\1"):  # BIT(1) of MySQL
        value = value[0]
    line = read_line(value)
    if line in (None, "0", "1"):
        return line == "1"
    try:
        return read_switch(line)
    except ValueError as error:
        raise ValueError(f"holds {_shown(value)}, which {error}") from error


def _person(entry: Any) -> Person | None:
    known = entry if isinstance(entry, dict) else {"name": entry}
    name = read_line(known.get("name"))
    if name is None:
        return None
    url = read_line(known.get("url"))
    if url is not None and not is_web_url(url):
        raise ValueError(f"holds {_shown(url)}, which is no whole web address")
    return Person(name=name, email=read_line(known.get("email")), url=url)


def _entries(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        return [value]
    text = read_text(value).strip()
    if text.startswith(("[", "{")):
        try:
            return _entries(json.loads(text))
        except (ValueError, RecursionError):
            pass  # a name may begin so, too
    return text.split(",")


def _since_1970(value: float | Decimal) -> datetime:
    if not _EARLIEST_SECOND <= value < _LATEST_SECOND:
        value /= 1000
    if not _EARLIEST_SECOND <= value < _LATEST_SECOND:
        raise ValueError(value)
    return datetime.fromtimestamp(float(value), UTC)


def _decoded(value: bytes) -> str:
    try:
        return decode(value)
    except ValueError as error:
        raise ValueError("holds bytes that are no text") from error


def _shown(value: Any) -> str:
    """Write a value into a sentence, short."""
    match value:
        case str():
            line = clean_line(value)
            return f'"{line}"' if len(line) <= _MAX_SHOWN else f'"{line[:_MAX_SHOWN]}…"'
        case bool():
            return str(value).lower()
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
        case int() | float() | Decimal() | date():
            return str(value)[:_MAX_SHOWN]
    return f"a value of the type {type(value).__name__}"
