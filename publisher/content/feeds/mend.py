"""XML that may be broken, read into a tree: what can be made sense of is kept.

Each entry is mended by itself, so that one that is not closed swallows no other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from publisher.content.characters import clean_characters

_TOO_DEEP = "is nested more than 250 levels deep"
_MAX_REFERENCES = 1_000_000

_ROOT = re.compile(r"<[A-Za-z_][^<>]{0,8000}>")
_ENTRY = re.compile(r"(?=<(?:item|entry)[\s>])", re.IGNORECASE)
_END = re.compile(r"</(?:item|entry|channel|rss|feed|rdf:RDF)\s{0,9}>", re.IGNORECASE)
_LOOSE = re.compile(
    r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|&|<(?![A-Za-z_/!?])"
    r"|<(?P<void>(?:br|hr|img|wbr)\b[^<>]*+)>|</(?:br|hr|img|wbr)>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """XML as a tree. ``fault`` says what was wrong with it, and ``is_cut`` that its end lacks."""

    root: Any
    fault: str | None = None
    is_cut: bool = False


def parse(text: str, *, most_entries: int) -> Mended:
    """Read XML, of which entities are never looked at, mending it if need be.

    Raises ValueError with a sentence when it is nested too deeply, or nothing is left.
    """
    try:
        return Mended(root=etree.fromstring(text.encode(), _parser(recover=False)))
    except etree.XMLSyntaxError as error:
        fault = " ".join(error.msg.split())[:300]
    if text.count("&") > _MAX_REFERENCES:
        raise ValueError(f"is broken XML, and too much of it to be mended: {fault}")
    head, *entries = _ENTRY.split(_tighten(text))
    root = _recover(head)
    if root is None:
        raise ValueError(f"is broken XML of which nothing can be read: {fault}")
    start = _ROOT.search(head)
    channel = next(root.iter("{*}channel"), root)
    is_cut = not _END.search(entries[-1] if entries else head)
    if entries and is_cut:
        entries.pop()  # half an article is none
    for entry in entries[: most_entries + 1]:
        # The root's own start tag declares the namespaces.
        mended = _recover((start[0] if start else "<feed>") + entry)
        if mended is not None:
            channel.extend(list(mended))
    return Mended(root=root, fault=fault, is_cut=is_cut)


def _recover(text: str) -> Any | None:
    parser = _parser(recover=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:  # there is no element in it at all
        return None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise ValueError("is nested more than 250 levels deep")
    if root is not None:
        etree.strip_tags(root, etree.Entity)
    return root


def _parser(*, recover: bool) -> Any:
    return etree.XMLParser(
        recover=recover,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _tighten(text: str) -> str:
    """Write bare "&" and "<", HTML's entities and its empty elements as XML wants them.

    libxml2 drops the former, and with them half of a URL, and never closes the latter. In
    CDATA sections nothing has to be written in any way.
    """
    before, *sections = text.split("<![CDATA[")
    parts = [_LOOSE.sub(_tight, before)]
    for section in sections:
        inside, end, behind = section.partition("]]>")
        parts += ["<![CDATA[", inside, end, _LOOSE.sub(_tight, behind)]
    return "".join(parts)


def _tight(found: re.Match[str]) -> str:
    if found["void"]:
        return f"<{found['void'].rstrip('/')}/>"
    if found[0].startswith("</"):
        return ""
    # What HTML takes for a replacement character is a reference to NUL and the like.
    return escape(clean_characters(unescape(found[0]).replace("\ufffd", "")))
