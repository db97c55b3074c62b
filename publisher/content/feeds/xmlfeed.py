"""RSS 0.9x, 1.0 and 2.0 and Atom 0.3 and 1.0 as entries: the only module that uses feedparser.

feedparser is given bytes that `guard` has made, never an address, and cleans nothing: ingest
does. Of its dictionaries only what is really in them is asked for, past their aliases.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, TypeAlias

import feedparser  # type: ignore[import-untyped]

from publisher.content.characters import clean_line
from publisher.content.feeds.guard import guard
from publisher.content.feeds.parsed import (
    ParsedFeed,
    enclosure,
    language,
    line,
    people,
    person,
)
from publisher.content.feeds.settle import AUTHOR_COUNT
from publisher.content.links import absolute
from publisher.content.manuscript import Manuscript
from publisher.content.plain import paragraphs
from publisher.model import Enclosure, Person

_HTML = ("text/html", "application/xhtml+xml")
_PLAIN = "text/plain"
# RSS 1.0's module "Syndication".
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_IMAGE_SUFFIX = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg)(?:[?#]|$)", re.IGNORECASE)

_NUMBER = re.compile(r"[0-9]{1,7}", re.ASCII)

_Fields: TypeAlias = dict[str, Any]


def read_xml(text: str, url: str) -> ParsedFeed:
    """Read a feed that came from ``url``. Raises ValueError with what is wrong with it."""
    guarded = guard(text)
    try:
        result = feedparser.parse(
            BytesIO(guarded.xml),
            response_headers={
                "content-type": "application/xml; charset=utf-8",
                "content-location": url,
            },
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except Exception as error:  # it guesses a lot, and nothing is known of what it may raise
        raise ValueError("is a feed that cannot be read; its publisher has to mend it") from error
    if guarded.fault and not result["entries"]:
        raise ValueError(f"is broken XML without an entry that can be read: {guarded.fault}")
    feed, is_atom = result["feed"], result["version"].startswith("atom")
    reader = _Reader(feed, url, is_atom=is_atom)
    links = _dicts(feed, "links")
    return ParsedFeed(
        entries=tuple(reader.read(entry) for entry in result["entries"]),
        rest=_rest(feed),
        hub=next(_hrefs(links, "hub", url), None),
        self_url=next(_hrefs(links, "self", url), None),
        is_cut=guarded.is_cut,
    )


class _Reader:
    """Reads the entries of one feed, which inherit its language and, in Atom, its authors."""

    def __init__(self, feed: _Fields, url: str, *, is_atom: bool) -> None:
        self._url = url
        self._language = _text(feed, "language")
        # RFC 4287 §4.2.1; in RSS a feed's editor is not the author of its items.
        self._authors = _authors(feed, url) if is_atom else ()

    def read(self, entry: _Fields) -> Manuscript:
        content, summary = _content(entry), _dict(entry, "summary_detail")
        body = content or summary
        page, base = _page(entry, self._url), _text(body, "base")
        return Manuscript(
            guid=_text(entry, "id") or None,
            title=_line(_dict(entry, "title_detail")),
            url=page,
            # Relative links are meant to work on the entry's page, unless xml:base is there.
            base=page or self._url if base in ("", self._url) else absolute(base, self._url),
            html=_html(body),
            summary=_summary(content, summary),
            authors=_authors(entry, self._url)
            or _authors(_dict(entry, "source"), self._url)
            or self._authors,
            contributors=_people(_dicts(entry, "contributors")[_count(entry) :], self._url),
            tags=_tags(entry),
            published=_date(entry, "published_parsed") or _date(entry, "created_parsed"),
            updated=_date(entry, "updated_parsed"),
            language=language(_text(entry, "language"), _text(body, "language"), self._language),
            image=_image(entry, self._url),
            enclosures=_enclosures(entry, self._url),
        )


# --- what feedparser holds, whatever it holds -----------------------------------------------


def _text(fields: _Fields, key: str) -> str:
    # Its own get would follow feedparser's aliases, some of them with a warning.
    value = dict.get(fields, key)
    return value.strip() if isinstance(value, str) else ""


def _dicts(fields: _Fields, key: str) -> list[_Fields]:
    value = dict.get(fields, key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _dict(fields: _Fields, key: str) -> _Fields:
    value = dict.get(fields, key)
    return value if isinstance(value, dict) else {}


def _hrefs(links: list[_Fields], relation: str, url: str) -> Iterator[str]:
    """Give where the links with this relation lead, those to web pages first."""
    found = [link for link in links if _text(link, "rel") == relation]
    found.sort(key=lambda link: _text(link, "type") not in _HTML)
    for link in found:
        if target := absolute(_text(link, "href"), url):
            yield target


def _page(entry: _Fields, url: str) -> str | None:
    # FeedBurner puts its own redirect in the place of the link.
    original = absolute(_text(entry, "feedburner_origlink"), url)
    return original or next(_hrefs(_dicts(entry, "links"), "alternate", url), None)


def _content(entry: _Fields) -> _Fields:
    """Give the whole text, in HTML if it is there in several types; empty if there is none."""
    found = [
        content
        for content in _dicts(entry, "content")
        if _text(content, "type") in (*_HTML, _PLAIN) and _text(content, "value")
    ]
    found.sort(key=lambda content: _text(content, "type") == _PLAIN)
    return found[0] if found else {}


def _html(body: _Fields) -> str:
    value = _text(body, "value")
    if _text(body, "type") == _PLAIN:
        return paragraphs(filter(None, map(str.strip, re.split(r"\n\s*\n", value))))
    return value


def _line(detail: _Fields) -> str | None:
    value = _text(detail, "value")
    return (clean_line(value) if _text(detail, "type") == _PLAIN else line(value)) or None


def _summary(content: _Fields, summary: _Fields) -> str | None:
    """Give the summary beside a whole text; many feeds write the text itself once more."""
    if not content or _text(content, "value") == _text(summary, "value"):
        return None
    return _line(summary)


def _authors(fields: _Fields, url: str) -> tuple[Person, ...]:
    written = _dicts(fields, "contributors")[: _count(fields)]
    return _people([*written, *_dicts(fields, "authors")], url)


def _count(fields: _Fields) -> int:
    count = _text(fields, AUTHOR_COUNT)
    return int(count) if _NUMBER.fullmatch(count) else 0


def _people(found: list[_Fields], url: str) -> tuple[Person, ...]:
    return people(
        person(_text(one, "name"), _text(one, "email"), _text(one, "href"), url) for one in found
    )


def _tags(entry: _Fields) -> tuple[str, ...]:
    words = (clean_line(_text(t, "label") or _text(t, "term")) for t in _dicts(entry, "tags"))
    return tuple(dict.fromkeys(filter(None, words)))


def _image(entry: _Fields, url: str) -> str | None:
    media = [one for one in _dicts(entry, "media_content") if _is_image(one)]
    files = [link for link in _dicts(entry, "links") if _text(link, "rel") == "enclosure"]
    candidates = [
        _text(_dict(entry, "image"), "href"),
        *(_text(one, "url") for one in media),
        *(_text(one, "url") for one in _dicts(entry, "media_thumbnail")),
        *(_text(link, "href") for link in files if _text(link, "type").startswith("image/")),
    ]
    return next(filter(None, (absolute(candidate, url) for candidate in candidates)), None)


def _is_image(media: _Fields) -> bool:
    kind = _text(media, "medium") or _text(media, "type").partition("/")[0]
    return kind == "image" or (not kind and bool(_IMAGE_SUFFIX.search(_text(media, "url"))))


def _enclosures(entry: _Fields, url: str) -> tuple[Enclosure, ...]:
    found = [
        enclosure(_text(link, "href"), _text(link, "type"), _text(link, "length"), url)
        for link in _dicts(entry, "links")
        if _text(link, "rel") == "enclosure"
    ]
    found += [
        enclosure(_text(media, "url"), _text(media, "type"), _text(media, "filesize"), url)
        for media in _dicts(entry, "media_content")
        if _text(media, "type").startswith(("audio/", "video/"))
    ]
    first: dict[str, Enclosure] = {}
    for one in found:
        if one is not None:
            first.setdefault(one.url, one)
    return tuple(first.values())


def _date(entry: _Fields, key: str) -> datetime | None:
    moment = dict.get(entry, key)
    try:
        return datetime.fromtimestamp(calendar.timegm(moment), UTC) if moment else None
    except (ValueError, OverflowError, OSError):  # no date of the calendar
        return None


def _rest(feed: _Fields) -> timedelta | None:
    """Give for how long the feed wants to be left alone, the longest if it says so twice."""
    minutes, frequency = _text(feed, "ttl"), _text(feed, "sy_updatefrequency") or "1"
    rests = []
    if _NUMBER.fullmatch(minutes):
        rests.append(timedelta(minutes=int(minutes)))
    period = _PERIODS.get(_text(feed, "sy_updateperiod").lower())
    if period and _NUMBER.fullmatch(frequency):
        rests.append(period / max(int(frequency), 1))
    return max(rests, default=None)
