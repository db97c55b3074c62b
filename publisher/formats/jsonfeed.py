"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), by the standard json module."""

from __future__ import annotations

import json
from typing import Any

from publisher.formats.channel import Channel, Entry
from publisher.formats.frame import Frame
from publisher.model import Enclosure, Person

MEDIA_TYPE = "application/feed+json"  # JSON is UTF-8; the type has no charset (RFC 8259 §8.1)


def fragment(entry: Entry) -> bytes:
    """Write an item."""
    return _written(_known(_item(entry)))


def frame(channel: Channel) -> Frame:
    """Write what stands around the items; there is no place for ``updated``."""
    about = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": channel.home_url,
        # It is the feed's identity, which is the same in all its archives. next_url may never
        # equal it and does not, as it leads to what came before.
        "feed_url": channel.history.current or channel.self_url,
        "description": channel.description,
        "next_url": channel.history.previous,
        # A picture for small places (favicon) is not known.
        "icon": channel.logo,
        "language": channel.language,
        "authors": [_author(channel.publisher)],
        "hubs": channel.hub and [{"type": "WebSub", "url": channel.hub}],
    }
    written = _written({**_known(about), "items": []})
    return Frame(head=written[:-2], separator=b",", tail=written[-2:])


def _known(members: dict[str, Any]) -> dict[str, Any]:
    """Leave out those without a value: null is none of theirs."""
    return {name: value for name, value in members.items() if value}


def _written(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _item(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        # One of both has to be there, even where only the summary is told.
        "content_text": None if entry.html else entry.summary,
        "summary": entry.summary,
        "image": entry.image,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "authors": [_author(person) for person in entry.authors],
        "tags": entry.categories,
        "language": entry.language,
        "attachments": [_attachment(enclosure) for enclosure in entry.enclosures],
    }


def _author(person: Person) -> dict[str, str]:
    author = {"name": person.name}
    if person.url:
        author["url"] = person.url
    return author


def _attachment(enclosure: Enclosure) -> dict[str, str | int]:
    attachment: dict[str, str | int] = {"url": enclosure.url, "mime_type": enclosure.media_type}
    if enclosure.length_bytes:
        attachment["size_in_bytes"] = enclosure.length_bytes
    return attachment
