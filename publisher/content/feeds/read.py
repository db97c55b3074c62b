"""A feed in any format, from the bytes of an answer; or the sentence that says why it is none."""

from __future__ import annotations

from publisher.content.feeds.encoding import decode_document
from publisher.content.feeds.guard import is_html
from publisher.content.feeds.jsonfeed import read_json
from publisher.content.feeds.parsed import ParsedFeed
from publisher.content.feeds.xmlfeed import read_xml
from publisher.content.links import absolute
from publisher.content.tree import parse

_FEED_TYPES = (
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
    "application/json",
    "application/xml",
    "text/xml",
)
# Links to feeds stand at a page's beginning.
_HEAD_CHARACTERS = 250_000


def read_feed(body: bytes, content_type: str, url: str) -> ParsedFeed:
    """Read a feed that came from ``url``. Takes its time: call it in a thread.

    What it is, is told from its first letter: servers' labels are of no use. Raises ValueError
    with a sentence that follows the address.
    """
    text = decode_document(body, content_type)
    start = text.lstrip("\ufeff\x00 \t\r\n")[:1]
    if not start:
        raise ValueError("is empty; a feed without entries looks different")
    if start in "{[":
        return read_json(text, url)
    if start != "<":
        raise ValueError("is neither XML nor JSON, so it is no feed; set url to a feed")
    if is_html(text):
        announced = _announced(text, url)
        advice = f"announces {announced}; set url to that" if announced else "announces no feed"
        raise ValueError(f"is a web page and no feed; it {advice}")
    return read_xml(text, url)


def _announced(text: str, url: str) -> str | None:
    """Find the feed that a page names in a <link> (RSS and Atom autodiscovery)."""
    try:
        root = parse(text[:_HEAD_CHARACTERS], is_fragment=False)
    except ValueError:
        return None
    base = absolute(next(iter(root.xpath("//base/@href")), ""), url) or url
    found = {
        link.get("type", "").strip().lower(): target
        for link in reversed(list(root.iter("link")))
        if "alternate" in link.get("rel", "").lower().split()
        and (target := absolute(link.get("href", ""), base))
    }
    return next((found[kind] for kind in _FEED_TYPES if kind in found), None)
