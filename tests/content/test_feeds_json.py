from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from publisher.content.feeds.parsed import ParsedFeed
from publisher.content.feeds.read import read_feed
from publisher.content.manuscript import Manuscript
from publisher.model import Enclosure, Person

URL = "https://example.org/feed.json"
VERSION = "https://jsonfeed.org/version/1.1"


def read(feed: object) -> ParsedFeed:
    return read_feed(json.dumps(feed).encode(), "application/feed+json", URL)


def item(fields: object, **feed: object) -> Manuscript:
    (entry,) = read({"version": VERSION, "items": [fields], **feed}).entries
    return entry


def test_everything_that_an_item_says_is_read() -> None:
    entry = item(
        {
            "id": "a",
            "url": "/a",
            "external_url": "https://other.example.org/",
            "title": "Fish &\nchips",
            "content_html": "<p>Long</p>",
            "content_text": "Long",
            "summary": "Short",
            "image": "/i.jpg",
            "date_published": "2026-11-23T08:00:00+01:00",
            "date_modified": "2026-11-24T08:00:00.5Z",
            "authors": [{"name": "Ann Lee", "url": "/ann"}, {"avatar": "/x"}],
            "tags": ["fish", "chips", "fish"],
            "language": "en_GB",
            "attachments": [
                {"url": "/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 12},
                {"mime_type": "audio/mpeg"},
            ],
        }
    )

    assert entry == Manuscript(
        guid="a",
        title="Fish & chips",
        url="https://example.org/a",
        base="https://example.org/a",
        html="<p>Long</p>",
        summary="Short",
        image="https://example.org/i.jpg",
        published=datetime(2026, 11, 23, 7, tzinfo=UTC),
        updated=datetime(2026, 11, 24, 8, tzinfo=UTC),
        authors=(Person(name="Ann Lee", url="https://example.org/ann"),),
        tags=("fish", "chips"),
        language="en-GB",
        enclosures=(
            Enclosure(url="https://example.org/a.mp3", media_type="audio/mpeg", length_bytes=12),
        ),
    )


def test_plain_text_becomes_paragraphs() -> None:
    assert item({"content_text": "1 < 2\n\nnext"}).html == "<p>1 &lt; 2</p>\n<p>next</p>"


def test_version_1_names_one_author() -> None:
    feed = {"version": "https://jsonfeed.org/version/1", "author": {"name": "Ann Lee"}}

    first, second = read({**feed, "items": [{"author": {"name": "Bo"}}, {}]}).entries

    assert (first.authors, second.authors) == ((Person(name="Bo"),), (Person(name="Ann Lee"),))


@pytest.mark.parametrize(
    ("written", "guid"), [(17, "17"), (1.5, "1.5"), (" a ", "a"), (True, None), ([], None)]
)
def test_id_that_is_a_number_is_taken_as_text(written: object, guid: str | None) -> None:
    assert item({"id": written}).guid == guid


def test_values_of_another_shape_are_not_there() -> None:
    wrong = {
        "id": {},
        "url": 5,
        "title": ["T"],
        "content_html": None,
        "image": {"url": "/x"},
        "date_published": 2026,
        "date_modified": "soon",
        "authors": "Ann",
        "tags": {"a": 1},
        "attachments": ["/a.mp3", {"url": "/b", "mime_type": 3, "size_in_bytes": "big"}],
    }

    assert item(wrong) == Manuscript(
        html="",
        base=URL,
        enclosures=(Enclosure(url="https://example.org/b", media_type="application/octet-stream"),),
    )
    assert item("text") == Manuscript(html="", base=URL)


def test_only_a_websub_hub_is_one() -> None:
    hubs = [{"type": "rssCloud", "url": "/c"}, 5, {"type": "WebSub", "url": "/hub"}]

    feed = read({"version": VERSION, "items": [], "hubs": hubs, "feed_url": "/feed.json"})

    assert (feed.hub, feed.self_url) == ("https://example.org/hub", URL)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"version": "https://jsonfeed.org/version/1",\n "items": [}', "line 2"),
        ('{"items": []}', "no JSON Feed"),
        ('{"version": "https://jsonfeed.org/version/2", "items": []}', "no JSON Feed"),
        ('{"version": "https://jsonfeed.org/version/1", "items": {}}', "no JSON Feed"),
        ("[]", "no JSON Feed"),
        ("[" * 200_000, "nobody can have meant"),
        ("[" + "9" * 10_000 + "]", "nobody can have meant"),
        ("[" + "{}," * 600_000, "more than 500,000 lists"),
        (json.dumps({"version": VERSION, "items": [{}] * 5001}), "5,001 entries"),
    ],
    ids=["broken", "no version", "version 2", "no list", "list", "deep", "number", "many", "5001"],
)
def test_what_is_no_json_feed_is_refused_with_the_reason(body: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_feed(body.encode(), "application/json", URL)


def test_line_breaks_may_stand_in_texts() -> None:
    body = f'{{"version": "{VERSION}", "items": [{{"title": "a\nb\x07"}}]}}'

    assert read_feed(body.encode(), "", URL).entries[0].title == "a b"
