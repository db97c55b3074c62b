"""XML from strangers made fit for feedparser, or refused.

libxml2 reads it first, with bounds and without looking at any entity; what it wrote again is
well-formed and holds only the vocabularies that are read here. So feedparser never meets a
DTD (a 700-byte one costs it seconds), nor needs its parser for broken XML, nor the parts of
itself whose time grows with the square of a text or a list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from lxml import etree  # type: ignore[import-untyped]

from publisher.content.characters import clean_characters
from publisher.content.feeds.mend import parse
from publisher.content.feeds.parsed import MAX_ENTRIES
from publisher.content.feeds.settle import ENTRIES, local, settle

_ROOTS = ("rss", "feed", "rdf", "channel")
_MAX_ELEMENTS = 300_000
_MAX_SETTLED = 100_000
# Tags in all, those in texts as well: what a tree of them may cost.
_MAX_TAGS = 1_000_000

_DECLARATION = re.compile(r"<\?xml[^>]*\?>", re.IGNORECASE)
_MISC = re.compile(r"\s++|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE = re.compile(
    r"""<!DOCTYPE\s*(?P<root>[^\s>\["']*+)(?:[^\[>"']++|"[^"]*+"|'[^']*+')*+(?P<end>[\[>]?)""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """XML in UTF-8, safe to parse.

    ``fault`` says what was broken in it and had to be mended, ``is_cut`` that its end lacks.
    """

    xml: bytes
    fault: str | None = None
    is_cut: bool = False


def is_html(text: str) -> bool:
    """Say whether it is a web page."""
    start = _past_misc(text)
    if doctype := _DOCTYPE.match(text, start):
        return doctype["root"].lower() == "html"
    return text[start : start + 5].lower() in ("<html", "<head", "<body")


def guard(text: str) -> Guarded:
    """Make a feed fit to parse. Raises ValueError with a sentence, which follows its address."""
    # Control characters and text in front of the declaration are the commonest breaks of all.
    text = _DECLARATION.sub("", clean_characters(text).lstrip("\ufeff \t\r\n"), count=1)
    if text.count("<") > _MAX_TAGS:
        raise ValueError(f"holds more than {_MAX_TAGS:,} tags, which is no feed")
    text = _without_doctype(text)
    mended = parse(text, most_entries=MAX_ENTRIES)
    root = mended.root
    _bound(root, _MAX_ELEMENTS)
    kind = local(root.tag).rpartition(":")[2]
    if kind not in _ROOTS:
        raise ValueError(
            f"is XML but no feed: its outermost element is <{kind[:40]}>; set url to a feed"
        )
    entries = sum(1 for element in root.iter("{*}*") if local(element.tag) in ENTRIES)
    if entries > MAX_ENTRIES:
        raise ValueError(f"holds {entries:,} entries; at most {MAX_ENTRIES:,} are read")
    settle(root)
    _bound(root, _MAX_SETTLED)  # feedparser reads some ten thousand in a second
    xml = etree.tostring(root, encoding="utf-8", with_tail=False)
    try:
        expat.ParserCreate(namespace_separator=" ").Parse(xml, True)
    except expat.ExpatError as error:  # feedparser's other parser must never see it
        raise ValueError(
            f"is XML that is broken beyond mending: {mended.fault or error}"
        ) from error
    return Guarded(xml=xml, fault=mended.fault, is_cut=mended.is_cut)


def _bound(root: Any, most: int) -> None:
    if root.xpath("count(//*)") > most:
        raise ValueError(f"holds more than {most:,} elements, which is no feed")


def _past_misc(text: str) -> int:
    """Give where blanks, comments and processing instructions end (XML 1.0 §2.8)."""
    position = 0
    while found := _MISC.match(text, position):
        position = found.end()
    return position


def _without_doctype(text: str) -> str:
    start = _past_misc(text)
    doctype = _DOCTYPE.match(text, start)
    if doctype is None:
        return text
    if doctype["end"] != ">":
        raise ValueError(
            "brings a DTD of its own, which may be an attack and is never read; a feed needs none"
        )
    return text[:start] + text[doctype.end() :]
