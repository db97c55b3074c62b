"""An article as its source tells it becomes one that can be published.

Called when an article is taken in, and never later: what is stored is clean.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from publisher.content.characters import clean_line
from publisher.content.fields import MOST_WEIGHT, WEIGHTS
from publisher.content.plain import plain_text, summarise
from publisher.content.sanitise import sanitise
from publisher.model import Person, Publication, SourceArticle

_TITLE_WORDS = 12
# Where an article stands, in its source and in issues, is no part of what it says.
_NOT_CONTENT = {"guid", "origin", "stamp", "slug", "weight", "pinned"}


def fingerprint(told: SourceArticle) -> str:
    """Give the same text for the same content, wherever in its source it stands."""
    content = [
        (field.name, getattr(told, field.name))
        for field in fields(told)
        if field.name not in _NOT_CONTENT
    ]
    return hashlib.sha256(repr(content).encode("utf-8", "backslashreplace")).hexdigest()


def clean(told: SourceArticle, slug: str, publication: Publication) -> dict[str, Any]:
    """Make the columns that come from the source; ``slug`` names its page here.

    Raises ValueError, whose sentence is the reason to refuse the article.
    """
    url = told.url
    if url is not None and urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f'its url "{url}" is no http or https address')
    base = told.base or url or f"{publication.base_url}/articles/{slug}"
    html = sanitise(told.html, base)
    text = plain_text(html)
    title = clean_line(told.title) or clean_line(summarise(text, words=_TITLE_WORDS))
    if not title:
        raise ValueError("it has neither a title nor a text")
    return {
        "url": url,
        "title": title,
        "summary": clean_line(told.summary) or summarise(text),
        "html": html,
        "text": text,
        "authors": _people(told.authors),
        "contributors": _people(told.contributors),
        "tags": tuple(dict.fromkeys(filter(None, map(clean_line, told.tags)))),
        "section": clean_line(told.section or "") or None,
        "published": told.published,
        "updated": told.updated,
        "language": told.language or publication.language,
        "image": _web(told.image, base),
        "enclosures": tuple(
            replace(enclosure, url=where)
            for enclosure in told.enclosures
            if (where := _web(enclosure.url, base))
        ),
        **place(told),
    }


def place(told: SourceArticle) -> dict[str, Any]:
    """Make the columns that say where in an issue it stands. Raises ValueError as `clean` does."""
    if abs(told.weight) > MOST_WEIGHT:
        raise ValueError(f"its weight is {told.weight}, which is not {WEIGHTS}")
    return {"weight": told.weight, "pinned": told.pinned}


def _people(people: tuple[Person, ...]) -> tuple[Person, ...]:
    cleaned = (replace(person, name=clean_line(person.name)) for person in people)
    return tuple(person for person in cleaned if person.name)


def _web(url: str | None, base: str) -> str | None:
    """Make an address absolute; None unless it is one of the web."""
    if not url:
        return None
    absolute = urljoin(base, url)
    return absolute if urlsplit(absolute).scheme in ("http", "https") else None
