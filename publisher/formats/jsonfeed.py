"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), by the standard json module."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from publisher.formats.channel import Entry, describe
from publisher.model import Article, Enclosure, Feed, Person, Publication

MEDIA_TYPE = "application/feed+json"  # JSON is UTF-8; the type has no charset (RFC 8259 §8.1)


def render(
    feed: Feed,
    articles: Sequence[Article],
    *,
    publication: Publication,
    self_url: str,
    updated: datetime,
) -> bytes:
    """Give the feed as a JSON Feed document, which has no place for ``updated``."""
    channel = describe(feed, articles, publication=publication, self_url=self_url, updated=updated)
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": channel.home_url,
        "feed_url": channel.self_url,
        "description": channel.description,
        "language": channel.language,
        "authors": [_author(channel.publisher)],
        # Members without a value are left out, since null is none of theirs.
        "items": [
            {name: value for name, value in _item(entry).items() if value}
            for entry in channel.entries
        ],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


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
