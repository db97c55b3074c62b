"""What a post of the WordPress REST API says, as an article.

Titles, names and excerpts are HTML there; what is embedded may be an error in place of the
author or image that has gone or is not public, and is then passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from html import unescape
from typing import Any

from publisher.content.characters import clean_line
from publisher.content.fields import is_language
from publisher.content.plain import plain_text
from publisher.content.tree import inner_html, parse
from publisher.model import Person, Rejection, SourceArticle
from publisher.sources._api import moment_at, tables_at, text_at, web_url
from publisher.sources._paging import Line, stamp

# Part of every stamp: raise it when a post would be told differently.
READER_VERSION = 2

# Wide enough for any page; the uploaded original may have come straight from a camera.
_MOST_IMAGE_PIXELS = 2048
# Where every post stands that nobody gave a category.
_NO_CATEGORY = "uncategorized"
# An excerpt that WordPress cut, or a theme; its own mark is [...].
_CUT = re.compile(r"\s*\[\s*(?:…|\.\.\.)\s*\]\s*$|\s*(?:…|\.\.\.)\s*$")


def read_line(kind: str, post: Mapping[str, Any]) -> Line:
    """Read what a list says of a post of the type with this REST base."""
    id_ = post.get("id")
    is_number = isinstance(id_, int) and not isinstance(id_, bool) and 0 < id_ < 2**63
    times: list[datetime | None] = []
    for name in ("date_gmt", "modified_gmt"):
        with suppress(ValueError):
            times.append(moment_at(post, name))
    shown = str(id_) if is_number else "?"
    return Line(
        id=shown,
        origin=f"{kind}/{shown}",
        stamp=stamp(READER_VERSION, shown, post.get("modified_gmt"), post.get("sticky")),
        newest=max(filter(None, times), default=None),
        fault=None
        if is_number
        else "the site lists a post without an id; look for a faulty plugin",
    )


def is_open(post: Mapping[str, Any]) -> bool:
    """Say whether it is published, and for everybody."""
    content = post.get("content")
    is_protected = isinstance(content, dict) and content.get("protected") is True
    return not is_protected and post.get("status", "publish") == "publish"


def read_post(line: Line, post: Mapping[str, Any]) -> SourceArticle | Rejection | None:
    """Make the article; None for what is not open to everybody."""
    if not is_open(post):
        return None
    try:
        return _article(line, post)
    except ValueError as error:
        return Rejection(origin=line.origin, stamp=line.stamp, reason=str(error))


def _article(line: Line, post: Mapping[str, Any]) -> SourceArticle:
    url = web_url(text_at(post, "link"))
    # It looks like an address (https://example.org/?p=12), but is the post's name for good.
    guid = unescape(text_at(post, "guid", "rendered")) or url
    if guid is None:
        raise ValueError('it has neither a "guid" nor a "link"')
    published, updated = moment_at(post, "date_gmt"), moment_at(post, "modified_gmt")
    if published and updated and updated < published:
        updated = None  # saved for the last time before its hour came
    sections, tags = _terms(post)
    lang = post.get("lang")  # a plugin's
    language = lang.replace("_", "-") if isinstance(lang, str) else ""
    return SourceArticle(
        guid=guid,
        origin=line.origin,
        stamp=line.stamp,
        title=_plain(text_at(post, "title", "rendered")),
        html=text_at(post, "content", "rendered"),
        summary=_summary(text_at(post, "excerpt", "rendered"), url),
        url=url,
        authors=tuple(
            Person(name=name, url=web_url(author.get("link")))
            for author in _embedded(post, "author")
            if (name := _name(author))
        ),
        tags=tuple(dict.fromkeys([*sections[1:], *tags])),
        section=next(iter(sections), None),
        published=published,
        updated=updated,
        language=language if is_language(language) else None,
        image=next(filter(None, map(_image, _embedded(post, "wp:featuredmedia"))), None),
        pinned=post.get("sticky") is True,
    )


def _plain(html: str) -> str:
    return clean_line(plain_text(html))


def _summary(html: str, url: str | None) -> str:
    """Give an excerpt's text, without the link to the rest that themes put at its end."""
    root = parse(html, is_fragment=True)
    for link in list(root.iter("a")):
        leads_on = url is not None and link.get("href", "").startswith(url)
        if leads_on or "more-link" in link.get("class", "").split():
            link.drop_tree()
    text = clean_line(plain_text(inner_html(root.find("body"))))
    return _CUT.sub("…", text)


def _embedded(post: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    embedded = post.get("_embedded")
    return tables_at(embedded, name) if isinstance(embedded, dict) else []


def _terms(post: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Give the names of its categories, and of its terms of every other taxonomy."""
    sections: list[str] = []
    tags: list[str] = []
    for term in _embedded_terms(post):
        if (name := _name(term)) and term.get("slug") != _NO_CATEGORY:
            (sections if term.get("taxonomy") == "category" else tags).append(name)
    return sections, tags


def _embedded_terms(post: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    embedded = post.get("_embedded")
    groups = embedded.get("wp:term") if isinstance(embedded, dict) else None
    for group in groups if isinstance(groups, list) else []:
        yield from tables_at({"terms": group}, "terms")


def _name(entry: Mapping[str, Any]) -> str:
    """Give the name of an author or term; "" for an error in its place."""
    name = entry.get("name")
    return clean_line(unescape(name)) if isinstance(name, str) else ""


def _image(media: Mapping[str, Any]) -> str | None:
    """Give the widest size that is not wider than anybody needs, else the original."""
    if media.get("media_type", "image") != "image":
        return None
    details = media.get("media_details")
    sizes = details.get("sizes") if isinstance(details, dict) else None
    widths = {
        url: size["width"]
        for size in (sizes.values() if isinstance(sizes, dict) else [])
        if isinstance(size, dict)
        and isinstance(size.get("width"), int)
        and size["width"] <= _MOST_IMAGE_PIXELS
        and (url := web_url(size.get("source_url")))
    }
    return max(widths, key=lambda url: widths[url], default=web_url(media.get("source_url")))
