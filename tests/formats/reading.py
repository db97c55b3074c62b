"""What readers get out of a feed of ours: strict parsers only, the same words for each format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.parsers import expat

import feedparser  # type: ignore[import-untyped]
from lxml import etree  # type: ignore[import-untyped]

from publisher import formats
from publisher.model import Format
from tests.formats.dates import rfc822, rfc3339
from tests.formats.jsonfeed import json_feed

NAMESPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "fh": "http://purl.org/syndication/history/1.0",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "podcast": "https://podcastindex.org/namespace/1.0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What every format says of an article."""

    id: str
    title: str
    link: str
    published: datetime
    authors: list[str]
    categories: list[str]
    enclosures: list[str]


def tree(body: bytes) -> Any:
    """Parse with libxml2 and with expat, neither of them forgiving."""
    expat.ParserCreate().Parse(body, True)
    return etree.fromstring(body, etree.XMLParser(recover=False, resolve_entities=False))


def items(format: Format, body: bytes) -> list[Item]:
    """Read the articles back, in the document's order."""
    if format is Format.JSON:
        return [_json_item(item) for item in json_feed(body)["items"]]
    return [_xml_item(format, entry) for entry in entries(format, body)]


def entries(format: Format, body: bytes) -> list[Any]:
    """Read an XML feed with feedparser, which may find nothing to forgive."""
    tree(body)
    parsed = feedparser.parse(body, response_headers={"content-type": formats.media_type(format)})
    assert not parsed.bozo, parsed.bozo_exception
    found: list[Any] = parsed.entries
    return found


def _json_item(item: dict[str, Any]) -> Item:
    return Item(
        id=item["id"],
        title=item["title"],
        link=item["url"],
        published=rfc3339(item["date_published"]),
        authors=[author["name"] for author in item.get("authors", [])],
        categories=item.get("tags", []),
        enclosures=[attachment["url"] for attachment in item.get("attachments", [])],
    )


def _xml_item(format: Format, entry: Any) -> Item:
    read = rfc822 if format is Format.RSS else rfc3339
    further = [media["url"] for media in entry.get("media_content", []) if "type" in media]
    return Item(
        id=entry.id,
        title=entry.title,
        link=entry.link,
        published=read(entry.published),
        authors=[author["name"] for author in entry.get("authors", [])],
        categories=[tag["term"] for tag in entry.get("tags", [])],
        enclosures=[enclosure["href"] for enclosure in entry.enclosures] + further,
    )


def edited(format: Format, body: bytes) -> datetime:
    """Give when the first article was last edited; RSS has no word for it."""
    if format is Format.JSON:
        return rfc3339(json_feed(body)["items"][0]["date_modified"])
    return rfc3339(tree(body).findtext("a:entry/a:updated", None, NAMESPACES))


def self_urls(format: Format, body: bytes) -> list[str]:
    """Give each address that the document calls its own."""
    if format is Format.JSON:
        return [json_feed(body)["feed_url"]]
    return [link.get("href") for link in tree(body).iterfind(".//a:link[@rel='self']", NAMESPACES)]
