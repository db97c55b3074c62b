"""JSON Feed 1.0 and 1.1 as entries. What has another shape than the format says is not there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from publisher.content.characters import clean_characters, clean_line
from publisher.content.dates import read_date
from publisher.content.feeds.parsed import (
    MAX_ENTRIES,
    ParsedFeed,
    enclosure,
    language,
    people,
    person,
)
from publisher.content.links import absolute
from publisher.content.manuscript import Manuscript
from publisher.content.plain import paragraphs
from publisher.model import Person

_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/1", re.IGNORECASE)
# An empty list takes two letters to write and sixty bytes to hold.
_MAX_VALUES = 500_000


def read_json(text: str, url: str) -> ParsedFeed:
    """Read a feed that came from ``url``. Raises ValueError with what is wrong with it."""
    if text.count("{") + text.count("[") > _MAX_VALUES:
        raise ValueError(f"holds more than {_MAX_VALUES:,} lists and objects, which is no feed")
    try:
        feed = json.loads(text, strict=False)  # which lets line breaks stand in texts
    except json.JSONDecodeError as error:
        raise ValueError(f"is broken JSON: {error.msg} in line {error.lineno}") from error
    except (ValueError, RecursionError) as error:  # a number, or a nesting, beyond all bounds
        raise ValueError("is JSON that nobody can have meant as a feed") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list) or not _VERSION.match(_text(feed, "version")):
        raise ValueError("is JSON but no JSON Feed 1.0 or 1.1; set url to a feed")
    if len(items) > MAX_ENTRIES:
        raise ValueError(f"holds {len(items):,} entries; at most {MAX_ENTRIES:,} are read")
    hubs = (hub for hub in _tables(feed, "hubs") if _text(hub, "type").lower() == "websub")
    return ParsedFeed(
        entries=tuple(_entry(item, feed, url) for item in items),
        hub=next(filter(None, (absolute(_text(hub, "url"), url) for hub in hubs)), None),
        self_url=absolute(_text(feed, "feed_url"), url),
    )


def _entry(item: object, feed: Mapping[str, Any], url: str) -> Manuscript:
    fields = item if isinstance(item, dict) else {}
    page = absolute(_text(fields, "url"), url) or absolute(_text(fields, "external_url"), url)
    plain = re.split(r"\n\s*\n", _text(fields, "content_text"))
    return Manuscript(
        guid=_identity(fields.get("id")),
        title=clean_line(_text(fields, "title")) or None,
        url=page,
        base=page or url,
        html=_text(fields, "content_html") or paragraphs(filter(None, map(str.strip, plain))),
        summary=clean_line(_text(fields, "summary")) or None,
        authors=_authors(fields, url) or _authors(feed, url),
        tags=_tags(fields),
        published=_date(fields, "date_published"),
        updated=_date(fields, "date_modified"),
        language=language(_text(fields, "language"), _text(feed, "language")),
        image=absolute(_text(fields, "image"), url) or absolute(_text(fields, "banner_image"), url),
        enclosures=tuple(
            found
            for attachment in _tables(fields, "attachments")
            if (
                found := enclosure(
                    _text(attachment, "url"),
                    _text(attachment, "mime_type"),
                    str(attachment.get("size_in_bytes")),
                    url,
                )
            )
        ),
    )


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    return clean_characters(value).strip() if isinstance(value, str) else ""


def _tables(fields: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = fields.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _identity(value: object) -> str | None:
    # JSON Feed 1.1 "id": a number is to be taken for the text that it is written as.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return clean_line(str(value)) or None if is_number or isinstance(value, str) else None


def _authors(fields: Mapping[str, Any], url: str) -> tuple[Person, ...]:
    # "author" is JSON Feed 1.0's.
    single = fields.get("author")
    listed = _tables(fields, "authors") or ([single] if isinstance(single, dict) else [])
    return people(person(_text(one, "name"), url=_text(one, "url"), base=url) for one in listed)


def _tags(fields: Mapping[str, Any]) -> tuple[str, ...]:
    tags = fields.get("tags")
    words = (
        [clean_line(tag) for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    )
    return tuple(dict.fromkeys(filter(None, words)))


def _date(fields: Mapping[str, Any], key: str) -> datetime | None:
    try:
        return read_date(_text(fields, key), UTC)
    except ValueError:
        return None
