"""One page of the web as an article: whether it is the source's, what it says, or why not."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import urlsplit

from publisher.content.encoding import decode
from publisher.content.links import site_of
from publisher.content.page import forbids_indexing, is_noindex, read_page
from publisher.content.plain import plain_text
from publisher.content.sitemap import Entry
from publisher.fetch import Answer
from publisher.model import SourceArticle

_HTML = ("text/html", "application/xhtml+xml")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.ASCII | re.IGNORECASE)
_MAX_BYTES = 10 * 1024 * 1024
_MAX_TITLE_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which pages are the source's: those of these sites that match the pattern."""

    sites: frozenset[str]
    pattern: re.Pattern[str] | None

    def is_ours(self, url: str) -> bool:
        """Say whether it is on one of the sites."""
        return site_of(url) in self.sites

    def wants(self, url: str) -> bool:
        """Say whether it may be an article."""
        return self.is_ours(url) and (self.pattern is None or bool(self.pattern.search(url)))

    def __str__(self) -> str:
        matching = " that matches links" if self.pattern else ""
        return f"on {' or '.join(sorted(self.sites))}{matching}"


def read_article(
    answer: Answer, entry: Entry, scope: Scope, listed: Container[str], zone: tzinfo
) -> SourceArticle:
    """Read a good answer as the article that ``entry`` lists; its stamp is left empty.

    ``listed`` are the addresses of all pages. Raises ValueError with a sentence that is the
    reason to refuse it.
    """
    if not scope.is_ours(answer.url):
        raise ValueError(
            f"it leads to {answer.url}, on another host; name that in hosts if it is meant"
        )
    text = page_text(answer)
    if is_noindex(answer.headers.get("x-robots-tag", "")) or forbids_indexing(text):
        raise ValueError("the page asks not to be shown elsewhere (robots: noindex)")
    page = read_page(text, zone, answer.url)
    home = _permanent(page.url, answer.url, scope)
    if home and home != entry.url and home in listed:
        raise ValueError(f"it is another address of {home}, which is listed itself")
    title = page.title or entry.title
    if not title:
        raise ValueError("there is no title")
    if len(title) > _MAX_TITLE_CHARACTERS:
        raise ValueError(
            f"the title is {len(title):,} characters long, at most {_MAX_TITLE_CHARACTERS}"
            " are allowed"
        )
    if not plain_text(page.html):
        raise ValueError("no text is found on the page")
    return SourceArticle(
        guid=home or entry.url,
        origin=entry.url,
        stamp="",
        title=title,
        html=page.html,
        summary=page.summary or "",
        url=home or answer.url,
        base=page.base,
        authors=page.authors,
        contributors=page.contributors,
        tags=page.tags or entry.tags,
        section=page.section,
        published=page.published or entry.published,
        updated=page.updated,
        language=page.language or entry.language,
        image=page.image or entry.image,
    )


def page_text(answer: Answer) -> str:
    """Give the text of an HTML page. Raises ValueError with a sentence if it is none."""
    content_type = answer.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower() or _HTML[0]
    if kind not in _HTML:
        raise ValueError(f"it is {kind[:60]}, no HTML page")
    if len(answer.body) > _MAX_BYTES:
        raise ValueError(
            f"it is {len(answer.body) / 1024**2:,.1f} MB large; at most 10 MB are read"
        )
    charset = _CHARSET.search(content_type)
    text = _decode_as(answer.body, charset[1]) if charset else None
    return text or decode(answer.body, is_html=True)


def _decode_as(body: bytes, charset: str) -> str | None:
    """Read it in the charset that the server names; None where that cannot be right."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return None  # no other text looks like UTF-8 by chance, and many servers' labels are old
    try:
        return body.decode(charset)
    except (LookupError, UnicodeError):
        return None


def _permanent(canonical: str | None, url: str, scope: Scope) -> str | None:
    """Give the page's canonical address if it can be believed."""
    if canonical is None or not scope.is_ours(canonical):
        return None
    # Some sites call their front page the canonical address of every page.
    is_front = urlsplit(canonical).path in ("", "/") and not urlsplit(canonical).query
    return None if is_front and urlsplit(url).path not in ("", "/") else canonical
