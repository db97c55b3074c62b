"""A feed's tree as feedparser is to see it: what it would misread or be slow at settled before.

What is left holds the vocabularies that are read here and no other, and every text as one
piece, whatever markup it was written in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

ENTRIES = ("item", "entry")
# Says how many of the contributors, from the first, were written as authors.
AUTHOR_COUNT = "authorcount"

_NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "xhtml": "http://www.w3.org/1999/xhtml",
    "xml": "http://www.w3.org/XML/1998/namespace",
}
# Compared in small letters, without a final slash.
_KNOWN = {uri.lower().rstrip("/") for uri in _NAMESPACES.values()} | {
    "",
    "http://purl.org/atom/ns#",  # Atom 0.3
    "http://purl.org/rss/1.0",
    "http://my.netscape.com/rdf/simple/0.9",  # RSS 0.90
    "http://purl.org/rss/1.0/modules/rss091#",
}
_MEDIA = _NAMESPACES["media"].rstrip("/")
_OTHER_MEDIA = (_NAMESPACES["itunes"], _MEDIA, _NAMESPACES["dc"].rstrip("/"))

_BODIES = ("description", "summary", "content", "encoded", "body")
_TEXTS = (*_BODIES, "title", "subtitle", "tagline", "abstract", "rights", "copyright", "info")
_MARKUP_TYPES = ("", "text", "html", "xhtml", "text/plain", "text/html", "application/xhtml+xml")
_VOID = ("br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "wbr")
_NAMES = ("author", "creator", "managingeditor", "webmaster", "publisher", "owner", "email")
_TERMS = ("category", "subject", "keywords", "tags")
# Parts of a channel that concern no entry, and make feedparser take links for their own.
_UNREAD = ("textinput", "cloud", "newlocation", "generator")
_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_ATTRIBUTE = re.compile(r"(?:\{[^{}]*\})?[A-Za-z_][\w.-]*", re.ASCII)
_MAX_NAME_CHARACTERS = 500
_MAX_TERMS = 100


def settle(root: Any) -> None:
    """Change the tree in place."""
    _declare(root)
    _flatten(root)
    _lighten(root)
    _prefer_own_texts(root)
    _part_authors(root)
    _keep_ids(root)
    etree.cleanup_namespaces(root)


def local(tag: str) -> str:
    """Give an element's name without its namespace, in small letters."""
    return tag.rpartition("}")[2].lower()


def _namespace(tag: str) -> str:
    """Give a namespace in the spelling that all of them are compared in."""
    return tag[1:].partition("}")[0].lower().rstrip("/") if tag.startswith("{") else ""


def _is_known(namespace: str) -> bool:
    # RSS 2.0 has no namespace, and its authors gave it several.
    return namespace in _KNOWN or "backend.userland.com/rss" in namespace


def _declare(root: Any) -> None:
    """Give prefixes that nobody declared the meaning that they have everywhere."""
    for element in root.iter("{*}*"):
        prefix, mark, name = element.tag.rpartition("}")[2].partition(":")
        uri = _NAMESPACES.get(prefix.lower())
        if mark and uri and not element.tag.startswith("{") and _NAME.fullmatch(name):
            element.tag = f"{{{uri}}}{name}"


def _flatten(root: Any) -> None:
    """Write markup inside a text as escaped HTML.

    feedparser takes elements in there, such as HTML's <summary>, for the feed's own, and is
    in disorder from then on.
    """
    waiting = [root]
    while waiting:
        element = waiting.pop()
        is_text = local(element.tag) in _TEXTS and _namespace(element.tag) != _MEDIA
        if not is_text:
            waiting.extend(element)
        elif len(element):
            kind = element.get("type", "").strip().lower()
            text = _inner_html(element) if kind in _MARKUP_TYPES else ""
            for child in list(element):
                element.remove(child)
            element.text = text
            element.set("type", "html" if kind in _MARKUP_TYPES else kind)


def _inner_html(element: Any) -> str:
    whole = etree.Element("div")
    whole.text = element.text
    whole.extend(list(element))
    for inner in whole.iter("{*}*"):
        name = local(inner.tag)
        is_full_void = name in _VOID and (len(inner) > 0 or bool(inner.text))
        # What stands in such an element would not be written.
        inner.tag = name if _NAME.fullmatch(name) and not is_full_void else "span"
        _keep_attributes(inner)
    etree.cleanup_namespaces(whole)
    # RFC 4287 §3.1.1.3: the <div> around XHTML is no part of it.
    is_wrapped = len(whole) == 1 and whole[0].tag == "div" and not (whole.text or "").strip()
    text = whole[0] if is_wrapped else whole
    parts = [escape(text.text or "", quote=False)]
    parts += [etree.tostring(child, encoding="unicode", method="html") for child in text]
    return "".join(parts)


def _lighten(root: Any) -> None:
    """Take out what is never read, and what feedparser would take too long for.

    It searches names for mail addresses and lists for doubles, in a time that grows with the
    square of either, and all namespaces for each element.
    """
    home = _namespace(root.tag)
    surplus = []
    room = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name, namespace = local(element.tag), _namespace(element.tag)
        if name in ENTRIES:
            room = _MAX_TERMS if event == "start" else 0
        if event == "end":
            continue
        if name in _TERMS:
            room -= 1 + _sum_of(element, lambda text: text.count(","), _MAX_TERMS)
        if (
            not (_is_known(namespace) or namespace == home)
            or not _NAME.fullmatch(name)
            or name in _UNREAD
            or (name == "image" and namespace != _NAMESPACES["itunes"])
            or (name in _TERMS and room < 0)
            or (
                name in _NAMES
                and _sum_of(element, len, _MAX_NAME_CHARACTERS) >= _MAX_NAME_CHARACTERS
            )
        ):
            surplus.append(element)
        else:
            _keep_attributes(element)
    for element in surplus:
        element.getparent().remove(element)


def _keep_attributes(element: Any) -> None:
    """Leave those of a known vocabulary, each once: broken XML may have it twice."""
    written = element.attrib.items()
    kept = {
        name: value
        for name, value in reversed(written)
        if _ATTRIBUTE.fullmatch(name) and _is_known(_namespace(name))
    }
    if len(kept) < len(written):
        element.attrib.clear()
        element.attrib.update(kept)


def _sum_of(element: Any, measure: Callable[[str], int], enough: int) -> int:
    """Sum up a measure of the texts in an element, until that is enough."""
    total = 0
    for text in element.itertext():
        total += measure(text)
        if total >= enough:
            break
    return total


def _prefer_own_texts(root: Any) -> None:
    """Leave out a description for another medium where the entry has a text of its own.

    feedparser takes the second of two descriptions for the whole text.
    """
    for entry in [element for element in root.iter("{*}*") if local(element.tag) in ENTRIES]:
        if any(_is_body(child) and _namespace(child.tag) not in _OTHER_MEDIA for child in entry):
            for other in list(entry.iter("{*}*")):
                if _is_body(other) and _namespace(other.tag) in _OTHER_MEDIA:
                    other.getparent().remove(other)


def _is_body(element: Any) -> bool:
    # Media RSS has an element "content" that is a file.
    is_file = (_namespace(element.tag), local(element.tag)) == (_MEDIA, "content")
    return local(element.tag) in _BODIES and not is_file and bool((element.text or "").strip())


def _part_authors(root: Any) -> None:
    """Write Atom's authors as contributors, of whom feedparser makes no mistakes.

    It gives an author without a mail address that of the author before.
    """
    authors = [one for one in root.iter("{*}*") if local(one.tag) == "author" and len(one)]
    counts: dict[Any, int] = {}
    for author in authors:
        parent = author.getparent()
        place = counts.get(parent, 0)
        counts[parent] = place + 1
        namespace, mark, _ = author.tag.rpartition("}")
        author.tag = f"{namespace}{mark}contributor"
        parent.insert(place, author)
    for parent, count in counts.items():
        etree.SubElement(parent, AUTHOR_COUNT).text = str(count)


def _keep_ids(root: Any) -> None:
    """Keep feedparser from resolving ids: they must survive a move of the feed.

    RSS 2.0: a guid is a permanent link unless it says otherwise.
    """
    for guid in [element for element in root.iter("{*}*") if local(element.tag) in ("guid", "id")]:
        key = next((name for name in guid.attrib if name.lower() == "ispermalink"), None)
        is_link = key is None or guid.attrib.pop(key).strip().lower() == "true"
        entry = guid.getparent()
        if local(guid.tag) == "guid" and is_link and entry is not None:
            text = (guid.text or "").strip()
            if text.startswith(("http://", "https://")):
                etree.SubElement(entry, "link").text = text  # the last: any other counts first
        guid.set("isPermaLink", "false")
