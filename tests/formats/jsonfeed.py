"""A strict reader of JSON Feed 1.1: what the specification does not allow is an error.

It also asks for what the specification recommends on the public web: the addresses of feed and
site, and a URL for each item.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tests.formats.dates import rfc3339

_Check = Callable[[Any], bool]


def json_feed(body: bytes) -> dict[str, Any]:
    """Give the document, or fail and say where it is wrong."""
    document = json.loads(body.decode(), object_pairs_hook=_distinct, parse_constant=_refuse)
    _look(document, _FEED, "version", "title", "home_page_url", "feed_url", "items")
    assert next(iter(document)) == "version"
    assert document["feed_url"] != document.get("next_url")
    json.dumps(document, ensure_ascii=False).encode()  # no surrogate, not even as \ud800
    return dict(document)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)


def _refuse(constant: str) -> None:
    raise AssertionError(constant)


def _look(value: Any, members: Mapping[str, _Check], *required: str) -> bool:
    """Check an object: every member known and right, and none missing that is required."""
    assert isinstance(value, dict), value
    assert set(required) <= set(value), (required, list(value))
    for name, member in value.items():
        assert name in members, name
        assert members[name](member), (name, member)
    return True


def _text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _html(value: Any) -> bool:
    return isinstance(value, str)


def _url(value: Any) -> bool:
    return _text(value) and urlsplit(value).scheme in ("http", "https")


def _date(value: Any) -> bool:
    return isinstance(rfc3339(value), datetime)


def _whole(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**53  # RFC 8259 §6: what every reader can hold


def _each(check: _Check) -> _Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _author(value: Any) -> bool:
    assert value, "an author has a name, an address or a picture"
    return _look(value, {"name": _text, "url": _url, "avatar": _url})


def _hub(value: Any) -> bool:
    return _look(value, {"type": _text, "url": _url}, "type", "url")


def _attachment(value: Any) -> bool:
    members = {"url": _url, "mime_type": _text, "title": _text, "size_in_bytes": _whole}
    return _look(value, members, "url", "mime_type")


def _item(value: Any) -> bool:
    assert "content_html" in value or "content_text" in value, value
    return _look(value, _ITEM, "id", "url")


_ITEM: Mapping[str, _Check] = {
    "id": _text,
    "url": _url,
    "title": _text,
    "content_html": _html,
    "content_text": _text,
    "summary": _text,
    "image": _url,
    "date_published": _date,
    "date_modified": _date,
    "authors": _each(_author),
    "tags": _each(_text),
    "language": _text,
    "attachments": _each(_attachment),
}
_FEED: Mapping[str, _Check] = {
    "version": lambda value: bool(value == "https://jsonfeed.org/version/1.1"),
    "title": _text,
    "home_page_url": _url,
    "feed_url": _url,
    "description": _text,
    "next_url": _url,
    "icon": _url,
    "language": _text,
    "authors": _each(_author),
    "hubs": _each(_hub),
    "items": _each(_item),
}
