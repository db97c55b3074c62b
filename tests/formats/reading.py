"""What a reader gets out of a feed of ours: strict parsers only, the same words for each format."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from xml.parsers import expat

import feedparser  # type: ignore[import-untyped]
from lxml import etree  # type: ignore[import-untyped]

from publisher import formats
from publisher.model import Format

NAMESPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
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
        return [_json_item(item) for item in json.loads(body)["items"]]
    tree(body)
    parsed = feedparser.parse(body, response_headers={"content-type": formats.media_type(format)})
    assert not parsed.bozo, parsed.bozo_exception
    return [_xml_item(format, entry) for entry in parsed.entries]


def _json_item(item: dict[str, Any]) -> Item:
    return Item(
        id=item["id"],
        title=item["title"],
        link=item["url"],
        published=datetime.fromisoformat(item["date_published"]),
        authors=[author["name"] for author in item.get("authors", [])],
        categories=item.get("tags", []),
        enclosures=[attachment["url"] for attachment in item.get("attachments", [])],
    )


def _xml_item(format: Format, entry: Any) -> Item:
    read = parsedate_to_datetime if format is Format.RSS else datetime.fromisoformat
    further = [media["url"] for media in entry.get("media_content", []) if "type" in media]
    return Item(
        id=entry.id,
        title=entry.title,
        link=entry.link,
        published=read(entry.published).astimezone(UTC),
        authors=[author["name"] for author in entry.get("authors", [])],
        categories=[tag["term"] for tag in entry.get("tags", [])],
        enclosures=[enclosure["href"] for enclosure in entry.enclosures] + further,
    )


def edited(format: Format, body: bytes) -> datetime:
    """Give when the first article was last edited; RSS has no word for it."""
    if format is Format.JSON:
        return datetime.fromisoformat(json.loads(body)["items"][0]["date_modified"])
    return datetime.fromisoformat(tree(body).findtext("a:entry/a:updated", None, NAMESPACES))


def self_urls(format: Format, body: bytes) -> list[str]:
    """Give each address that the document calls its own."""
    if format is Format.JSON:
        return [json.loads(body)["feed_url"]]
    return [link.get("href") for link in tree(body).iterfind(".//a:link[@rel='self']", NAMESPACES)]
