"""How a document belongs to the rest of its feed (RFC 5005), and what has left it (RFC 6721)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.formats.channel import History, Tombstone
from publisher.model import Format
from tests.formats import reading
from tests.formats.jsonfeed import json_feed
from tests.formats.reading import NAMESPACES
from tests.formats.samples import EVENING, NOON, PUBLICATION, article, document

XML = [Format.RSS, Format.ATOM]
HUB = "https://hub.example.org/?a=1&b=2"
BEFORE = "https://news.example.org/feeds/all/archive/7"
CURRENT = "https://news.example.org/feeds/all"
LIVE = History(previous=BEFORE)
ARCHIVE = History(previous=BEFORE, current=CURRENT)
COMPLETE = History(is_complete=True)


def told(format: Format, history: History, hub: str | None = None) -> dict[str, str]:
    """Give the relations of an XML document that concern its history, and its marks."""
    publication = replace(PUBLICATION, hub=hub)
    tree = reading.tree(document(format, history=history, publication=publication))
    about = tree if format is Format.ATOM else tree[0]
    links = {link.get("rel"): link.get("href") for link in about.iterfind("a:link", NAMESPACES)}
    marks = {mark.tag.rpartition("}")[2]: "" for mark in about.iterfind("fh:*", NAMESPACES)}
    return {name: to for name, to in links.items() if name not in ("self", "alternate")} | marks


@pytest.mark.parametrize("format", XML)
@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (History(), {}),
        (LIVE, {"prev-archive": BEFORE, "next": BEFORE}),
        (
            ARCHIVE,
            {
                "prev-archive": BEFORE,
                "next": BEFORE,
                "current": CURRENT,
                "first": CURRENT,
                "archive": "",
            },
        ),
        (COMPLETE, {"complete": ""}),
    ],
)
def test_document_says_where_the_rest_of_the_feed_is(
    format: Format, history: History, expected: dict[str, str]
) -> None:
    assert told(format, history) == expected


@pytest.mark.parametrize("format", XML)
def test_link_into_the_archive_says_its_format(format: Format) -> None:
    tree = reading.tree(document(format, history=ARCHIVE))

    types = {
        link.get("type")
        for link in tree.iter(f"{{{NAMESPACES['a']}}}link")
        if link.get("rel") in ("prev-archive", "next", "current", "first", "self")
    }

    assert types == {f"application/{format.value}+xml"}


@pytest.mark.parametrize("format", XML)
def test_hub_is_named_by_the_feed_and_not_by_its_archive(format: Format) -> None:
    """Of an archive there is no news."""
    named = [told(format, history, HUB).get("hub") for history in (LIVE, ARCHIVE)]

    assert named == [HUB, None]


def test_json_names_the_hub_as_the_others_do() -> None:
    publication = replace(PUBLICATION, hub=HUB)

    live, archive = (
        json_feed(document(Format.JSON, history=history, publication=publication))
        for history in (LIVE, ARCHIVE)
    )

    assert (live["hubs"], "hubs" in archive) == ([{"type": "WebSub", "url": HUB}], False)


def test_json_leads_to_what_came_before_and_keeps_its_identity() -> None:
    """feed_url is what the feed is known by, and is the same in every document of it."""
    page = json_feed(document(Format.JSON, history=ARCHIVE, self_url=f"{CURRENT}/archive/8.json"))

    assert (page["next_url"], page["feed_url"]) == (BEFORE, CURRENT)


def test_withdrawn_articles_are_told_before_the_entries() -> None:
    """They are metadata of the feed, which stands before its entries (RFC 4287, appendix B)."""
    left = [
        Tombstone(uri="tag:e.org,2024:1&2", when=NOON + timedelta(milliseconds=5)),
        Tombstone(uri="tag:e.org,2024:3", when=EVENING),
    ]

    tree = reading.tree(document(Format.ATOM, article(), tombstones=left))

    tombstones = [dict(each.attrib) for each in tree.iterfind("at:deleted-entry", NAMESPACES)]
    assert tombstones == [
        {"ref": "tag:e.org,2024:1&2", "when": "2024-06-07T12:00:00+00:00"},
        {"ref": "tag:e.org,2024:3", "when": "2024-06-07T18:00:00+00:00"},
    ]
    assert [child.tag.rpartition("}")[2] for child in tree[-2:]] == ["deleted-entry", "entry"]


def test_no_two_tombstones_are_alike_and_none_is_blank() -> None:
    left = [Tombstone(uri=uri, when=NOON) for uri in ("urn:1", " urn:1\x0b", "\x0b", "urn:2")]

    tree = reading.tree(document(Format.ATOM, tombstones=left))

    refs = [each.get("ref") for each in tree.iterfind("at:deleted-entry", NAMESPACES)]
    assert refs == ["urn:1", "urn:2"]
