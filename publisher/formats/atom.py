"""Atom 1.0 (RFC 4287), built with feedgen.

Each place where feedgen 1.0.0 would write something wrong says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from feedgen.feed import FeedGenerator  # type: ignore[import-untyped]
from lxml import etree  # type: ignore[import-untyped]

from publisher.formats.channel import Channel, Entry
from publisher.formats.frame import NOBODY, Frame, cut
from publisher.formats.xmlparts import HISTORY, add_history, add_stylesheet, links
from publisher.model import Person

MEDIA_TYPE = "application/atom+xml; charset=utf-8"

_TYPE = "application/atom+xml"
_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"


def fragment(entry: Entry) -> bytes:
    """Write an entry."""
    atom = _generator(NOBODY)
    _add(atom.add_entry(), entry)
    return cut(bytes(atom.atom_str()), b"<entry", b"</entry>")


def frame(channel: Channel) -> Frame:
    """Write what stands around the entries."""
    # Never pretty: feedgen would indent inside the markup, <pre> included.
    written = bytes(_generator(channel).atom_str())
    end = written.rindex(b"</feed>")
    return Frame(head=written[:end], separator=b"", tail=written[end:])


def _generator(channel: Channel) -> Any:
    atom = FeedGenerator()
    atom.load_extension("media")
    atom.register_extension("further", partial(_OfFeed, channel))
    atom.id(channel.id)
    atom.title(channel.title)
    atom.subtitle(channel.description)
    atom.language(channel.language)
    atom.updated(channel.updated)  # feedgen's own default is the present moment
    # So that an entry without a byline has an author all the same (RFC 4287 §4.1.2).
    atom.author(_persons([channel.publisher]))
    atom.link(href=channel.self_url, rel="self", type=_TYPE)
    # The site, and not the feed's own page as well: there may be one of a type (§4.1.1).
    atom.link(href=channel.home_url, rel="alternate", type="text/html")
    atom.link(links(channel, _TYPE))
    atom.generator("publisher")
    atom.icon(channel.logo)
    atom.logo(channel.logo)
    atom.rights(channel.rights)
    return atom


def _add(element: Any, entry: Entry) -> None:
    element.id(entry.id)
    element.title(entry.title)  # no type: text, which readers get right most often
    element.link(href=entry.url)
    element.published(entry.published)
    element.updated(entry.updated)
    element.author(_persons(entry.authors))
    element.contributor(_persons(entry.contributors))
    element.category([{"term": category} for category in entry.categories])
    element.summary(entry.summary, type="text")
    if entry.html:
        # type="CDATA", right for RSS, would be written out and is no type of Atom's.
        element.content(entry.html, type="html")
    if entry.image:
        element.media.content(url=entry.image, medium="image", group=None)
        element.media.thumbnail(url=entry.image, group=None)
    element.register_extension("further", partial(_OfEntry, entry))


def _persons(people: Iterable[Person]) -> list[dict[str, str | None]]:
    return [{"name": person.name, "email": person.email, "uri": person.url} for person in people]


class _OfFeed:
    """A feedgen extension: what feedgen knows nothing of in a feed.

    All of it stands before the entries, as metadata has to (RFC 4287 §4.1.1, appendix B).
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def extend_ns(self) -> dict[str, str]:
        return {"fh": HISTORY, "at": _TOMBSTONES}

    def extend_atom(self, root: Any) -> None:
        add_history(root, self._channel)
        for each in self._channel.tombstones:
            tombstone = etree.SubElement(root, f"{{{_TOMBSTONES}}}deleted-entry", ref=each.uri)
            tombstone.set("when", each.when.isoformat())
        add_stylesheet(root, self._channel)


class _OfEntry:
    """A feedgen extension: what feedgen loses of an entry.

    It writes nothing of an entry's link but the href (its issue 135), which would make every
    enclosure a second alternate, and it knows no language of an entry.
    """

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def extend_atom(self, element: Any) -> None:
        element.find("link").set("rel", "alternate")
        for enclosure in self._entry.enclosures:
            link = etree.SubElement(element, "link", rel="enclosure", href=enclosure.url)
            link.set("type", enclosure.media_type)
            # 0 stands for "unknown", and unlike RSS Atom may leave it out (RFC 4287 §4.2.7.6).
            if enclosure.length_bytes:
                link.set("length", str(enclosure.length_bytes))
        if self._entry.language:
            element.set("{http://www.w3.org/XML/1998/namespace}lang", self._entry.language)
