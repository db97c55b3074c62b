"""Whatever stands in articles and settings, the feeds of them are valid and say the same.

``FEED_CASES`` is how many inputs are tried.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from html import unescape
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.formats.channel import History, Tombstone
from publisher.model import Address, Article, Enclosure, Format, Person, Podcast, Publication
from tests.formats import reading
from tests.formats.dates import rfc822, rfc3339
from tests.formats.jsonfeed import json_feed
from tests.formats.samples import HARD_TITLES, PUBLICATION, article, document, feed

CASES = int(os.environ.get("FEED_CASES", "200"))

TEXT = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=())),  # surrogates too
        st.sampled_from(["]]>", "<![CDATA[", "-->", "&amp;", "&#11;", "&nbsp;", "\r\n", "\ufffe"]),
        st.sampled_from(["</item>", "</entry>", "</channel>", "<item>", '"}]}', "\\ud800"]),
        st.sampled_from(["مرحبا بالعالم", "\u202eאבג\u202c", "港口工人", "👩‍👩‍👧 🏳️‍🌈", "e\u0301"]),
        st.sampled_from(["\x00", "\x0b", "\x1b[31m", "\x85", "\ud83d", "\udc00", "\u2028"]),
        st.sampled_from(HARD_TITLES),
    ),
    max_size=5,
).map("".join)
HTML = st.lists(
    st.one_of(
        TEXT,
        st.sampled_from(
            ["<p>", "</p>", "<pre>\n\n  ", "</pre>", "<br/>", "<b", "<!--", "<svg xml:a>"]
        ),
        TEXT.map(lambda text: f"<a href=\"{text}\" title='{text}'>{text}</a>"),
    ),
    max_size=6,
).map("".join)
URL = st.one_of(
    TEXT,
    TEXT.map(lambda text: f"https://e.org/{text}"),
    TEXT.map(lambda text: f"http://{text}"),
    st.sampled_from(
        ["https://user@e.org:99999/", "HTTPS://E.org/%zz?a=[b]#c#d", "https://港口.e.org"]
    ),
)
ZONE = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
DATE = st.datetimes(timezones=ZONE | st.just(UTC))  # of the years 1 to 9999
PERSON = st.builds(Person, name=TEXT, email=st.none() | TEXT, url=st.none() | URL)
ENCLOSURE = st.builds(
    Enclosure,
    url=URL,
    media_type=TEXT | st.sampled_from(["audio/mpeg", "image/png", "a/b; c=d"]),
    length_bytes=st.integers(-1, 2**53 - 1),
)
FEW: dict[str, Any] = {"max_size": 3}
ARTICLE = st.builds(
    article,
    uri=TEXT,
    slug=TEXT,
    url=st.none() | URL,
    title=TEXT,
    summary=TEXT,
    html=HTML,
    text=TEXT,
    authors=st.lists(PERSON, **FEW).map(tuple),
    contributors=st.lists(PERSON, **FEW).map(tuple),
    tags=st.lists(TEXT, **FEW).map(tuple),
    section=st.none() | TEXT,
    published=st.none() | DATE,
    updated=st.none() | DATE,
    first_seen=DATE,
    changed=DATE,
    language=TEXT | st.sampled_from(["de", "zh-Hans", "en"]),
    image=st.none() | URL,
    enclosures=st.lists(ENCLOSURE, **FEW).map(tuple),
)
PUBLICATION_OF_ANY = st.builds(
    replace,
    st.just(PUBLICATION),
    title=TEXT,
    rights=TEXT,
    logo=st.none() | URL,
    hub=st.none() | URL,
)
PODCAST = st.builds(
    Podcast,
    category=TEXT,
    is_explicit=st.booleans(),
    owner=st.none() | st.builds(Address, mailbox=st.just("ana@e.org"), name=TEXT),
)
FEED = st.builds(
    feed,
    title=TEXT,
    description=TEXT,
    language=TEXT | st.just("en"),
    full=st.booleans(),
    podcast=st.none() | PODCAST,
)
HISTORY = st.sampled_from(
    [
        History(),
        History(is_complete=True),
        History(previous="https://e.org/feeds/all/archive/7"),
        History(previous="https://e.org/feeds/all/archive/7", current="https://e.org/feeds/all"),
    ]
)
TOMBSTONE = st.builds(Tombstone, uri=TEXT, when=DATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What all formats say of an article, to the letter."""

    id: str
    title: str
    text: str
    link: str
    published: datetime
    updated: datetime


# How long an example takes says how busy the machine is, not what the code does.
@settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    articles=st.lists(ARTICLE, **FEW),
    publication=PUBLICATION_OF_ANY,
    of=FEED,
    updated=DATE,
    history=HISTORY,
    tombstones=st.lists(TOMBSTONE, **FEW),
)
def test_any_feed_is_valid_and_says_the_same_in_each_format(
    articles: list[Article], publication: Publication, **changes: Any
) -> None:
    rss, atom, json = (
        document(format, *articles, publication=publication, **changes) for format in Format
    )

    told = [Told(**item) for item in _json(json)]
    assert told == [Told(**item) for item in _atom(atom)]
    # RSS has no word for an edit.
    assert [replace(each, updated=each.published) for each in told] == [
        Told(**item, updated=item["published"]) for item in _rss(rss)
    ]
    for format, body in ((Format.RSS, rss), (Format.ATOM, atom)):
        read = reading.entries(format, body)
        assert [entry.id for entry in read] == [_mended(each.id) for each in told]
    assert all(each.title and each.id and each.updated >= each.published for each in told)


def _mended(text: str) -> str:
    """Do as feedparser does: what could be UTF-8 read as ISO 8859-1 is taken for that."""
    try:
        return text.encode("iso-8859-1").decode()
    except UnicodeError:
        return text


def _json(body: bytes) -> list[dict[str, Any]]:
    return [
        {
            "id": item["id"],
            "title": item["title"],
            "text": item.get("content_html", item["summary"]),
            "link": item["url"],
            "published": rfc3339(item["date_published"]),
            "updated": rfc3339(item["date_modified"]),
        }
        for item in json_feed(body)["items"]
    ]


def _atom(body: bytes) -> list[dict[str, Any]]:
    def text(entry: Any, name: str) -> str | None:
        found: str | None = entry.findtext(f"a:{name}", None, reading.NAMESPACES)
        return found

    tree = reading.tree(body)
    rfc3339(text(tree, "updated") or "")
    return [
        {
            "id": text(entry, "id"),
            "title": text(entry, "title"),
            "text": text(entry, "content") or text(entry, "summary"),
            "link": entry.find("a:link[@rel='alternate']", reading.NAMESPACES).get("href"),
            "published": rfc3339(text(entry, "published") or ""),
            "updated": rfc3339(text(entry, "updated") or ""),
        }
        for entry in tree.iterfind("a:entry", reading.NAMESPACES)
    ]


def _rss(body: bytes) -> list[dict[str, Any]]:
    channel = reading.tree(body)[0]
    rfc822(channel.findtext("lastBuildDate"))
    return [
        {
            "id": item.findtext("guid"),
            "title": "".join(item.find("title").itertext()),
            "text": item.findtext("content:encoded", None, reading.NAMESPACES)
            or unescape(item.findtext("description")),
            "link": item.findtext("link"),
            "published": rfc822(item.findtext("pubDate")),
        }
        for item in channel.iterfind("item")
    ]
