"""RSS 2.0 by the RSS Advisory Board's best-practices profile, built with feedgen.

Each place where feedgen 1.0.0 would write something wrong says so. Namespaces: content for
the whole text, dc for bylines, media for pictures and further files, atom for links, fh for
archives (RFC 5005 appendix B), itunes and podcast for podcast programs.
"""

from __future__ import annotations

import re
from email.utils import format_datetime
from functools import partial
from html import escape
from typing import Any

import feedgen.entry  # type: ignore[import-untyped]
import feedgen.feed  # type: ignore[import-untyped]
from lxml import etree  # type: ignore[import-untyped]

from publisher.formats.channel import Channel, Entry
from publisher.formats.frame import NOBODY, Frame, cut
from publisher.formats.podcast import ITUNES, PODCAST, add_episode, add_show
from publisher.formats.xmlparts import ATOM, HISTORY, add_history, add_stylesheet, links

MEDIA_TYPE = "application/rss+xml; charset=utf-8"

_TYPE = "application/rss+xml"
_DC = "http://purl.org/dc/elements/1.1/"

# How long a reader without HTTP caching may keep the document.
_TTL_MINUTES = 30

# feedgen writes dates by strftime between two calls of setlocale(LC_ALL), which leaves other
# threads, and in a race the whole process, in another locale. Nothing in its interface turns
# that off. RFC 5322 §3.3 dates need no locale.
feedgen.feed.formatRFC2822 = feedgen.entry.formatRFC2822 = format_datetime


def fragment(entry: Entry) -> bytes:
    """Write an item."""
    rss = _generator(NOBODY)
    _add(rss.add_entry(), entry)
    return cut(bytes(rss.rss_str()), b"<item>", b"</item>")


def frame(channel: Channel) -> Frame:
    """Write what stands around the items."""
    # Never pretty: feedgen would indent inside the markup, <pre> included.
    written = bytes(_generator(channel).rss_str())
    end = written.rindex(b"</channel>")
    return Frame(head=written[:end], separator=b"", tail=written[end:])


def _generator(channel: Channel) -> Any:
    rss = feedgen.feed.FeedGenerator()
    rss.load_extension("dc")
    rss.load_extension("media")
    rss.register_extension("further", partial(_OfChannel, channel))
    rss.title(channel.title)
    rss.description(channel.description)
    rss.link(href=channel.self_url, rel="self", type=_TYPE)
    # feedgen makes the last link the channel's, whatever its rel: the site comes last.
    rss.link(href=channel.home_url, rel="alternate")
    rss.language(channel.language)
    rss.lastBuildDate(channel.updated)  # feedgen's own default is the present moment
    rss.ttl(_TTL_MINUTES)
    rss.generator("publisher")
    rss.docs("")
    rss.copyright(channel.rights)
    # feedgen's own title and link of it are the channel's, as they are to be.
    rss.image(channel.logo)
    return rss


def _add(item: Any, entry: Entry) -> None:
    item.title(entry.title)
    item.link(href=entry.url)
    item.guid(entry.id, permalink=entry.is_permalink)
    item.pubDate(entry.published)
    # A description is HTML to readers, so that the plain summary is escaped as such first.
    # feedgen writes content:encoded only beside a description; the channel assures one.
    item.description(escape(entry.summary, quote=False))
    if entry.html:
        item.content(entry.html, type="CDATA")
    # feedgen drops an author without an address, and the profile wants mail addresses in
    # <author>: a byline is a dc:creator. There is no element for an editor.
    item.dc.dc_creator([person.name for person in entry.authors])
    if entry.language:
        item.dc.dc_language(entry.language)
    item.category([{"term": category} for category in entry.categories])
    if entry.image:
        item.media.content(url=entry.image, medium="image", group=None)
        item.media.thumbnail(url=entry.image, group=None)
    # Readers take one enclosure an item, and feedgen would write the last: the first goes
    # there, the others to media:content, whose numbers feedgen wants as text.
    for position, enclosure in enumerate(entry.enclosures):
        length = str(enclosure.length_bytes)
        if position == 0:
            item.enclosure(enclosure.url, length, enclosure.media_type)
        else:
            item.media.content(
                url=enclosure.url,
                type=enclosure.media_type,
                medium=_medium(enclosure.media_type),
                fileSize=length if enclosure.length_bytes else None,
                group=None,
            )
    # Last, as it mends what the others wrote.
    item.register_extension("further", partial(_OfItem, entry))


def _medium(media_type: str) -> str:
    kind = media_type.partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "document"


class _OfChannel:
    """A feedgen extension: what feedgen knows nothing of in a channel. All before the items."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def extend_ns(self) -> dict[str, str]:
        return {"fh": HISTORY, "itunes": ITUNES, "podcast": PODCAST}

    def extend_rss(self, root: Any) -> None:
        channel = root.find("channel")
        for link in links(self._channel, _TYPE):
            etree.SubElement(channel, f"{{{ATOM}}}link", link)
        add_history(channel, self._channel)
        if self._channel.podcast:
            add_show(channel, self._channel, self._channel.podcast)
        for plain in channel.iter("title", "description", "copyright"):
            _refer(plain)
        add_stylesheet(root, self._channel)


class _OfItem:
    """A feedgen extension: what feedgen knows nothing of in an item."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def extend_rss(self, item: Any) -> None:
        add_episode(item, self._entry)
        for plain in item.iter("title", "category", f"{{{_DC}}}creator"):
            _refer(plain)


def _refer(element: Any) -> None:
    """Write & and < in plain text as &#x26; and &#x3C;.

    The profile's advice on character data: readers that look for markup in plain text leave
    hexadecimal references alone more often than &amp; and &lt;.
    """
    first, *rest = re.split("([&<])", element.text)
    element.text = first
    for character, text in zip(rest[::2], rest[1::2], strict=True):
        reference = etree.Entity(f"#x{ord(character):X}")
        reference.tail = text
        element.append(reference)
