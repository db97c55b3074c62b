"""OPML 2.0 (http://opml.org/spec2.opml): all feeds as one list, to subscribe to at once."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree  # type: ignore[import-untyped]

from publisher import formats
from publisher.model import Feed, Publication

MEDIA_TYPE = "text/x-opml; charset=utf-8"

# XML 1.0 §2.2 Char, without the line ends that no name has.
_FORBIDDEN = re.compile(r"[^\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


def write(publication: Publication, feeds: Iterable[Feed]) -> bytes:
    """Write the list, in the order given, each feed in its first format.

    There is no dateModified: nobody notes when a feed came to be, and the time of asking would
    make every answer look new.
    """
    opml = etree.Element("opml", version="2.0")
    head, body = etree.SubElement(opml, "head"), etree.SubElement(opml, "body")
    etree.SubElement(head, "title").text = _name(publication.title)
    for feed in feeds:
        title = _name(feed.title) or feed.slug  # text must be there
        etree.SubElement(
            body,
            "outline",
            type="rss",  # whatever the format: the specification has no other word for a feed
            text=title,
            title=title,
            xmlUrl=publication.base_url + formats.path(feed, feed.formats[0]),
            htmlUrl=publication.base_url + feed.path,
        )
    return bytes(etree.tostring(opml, xml_declaration=True, encoding="utf-8"))


def _name(text: str) -> str:
    return " ".join(_FORBIDDEN.sub(" ", text).split())
