"""What cannot be told costs itself, never the feed: it is mended or left out, and the log says so.

Ingest lets nothing of the kind in, so that it is put past it, into the store.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import feedparser  # type: ignore[import-untyped]
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from publisher.formats.channel import Entry, describe_article
from publisher.model import Format
from publisher.publish.fragments import Fragments
from publisher.publish.shelves import Content
from publisher.store.articles import Mark
from publisher.store.tables import articles
from tests.rig import builders
from tests.rig.desk import Desk


async def spoil(desk: Desk, slug: str, **values: Any) -> None:
    """Change an article in the store, behind everybody's back."""
    async with desk.store.write() as connection:
        await connection.execute(articles.update().where(articles.c.slug == slug).values(values))


async def test_characters_that_are_dropped_are_logged_once_a_document(desk: Desk) -> None:
    await desk.bring("one")
    article = await desk.article("one")
    await spoil(desk, "one", title="o\x0bn\uffffe")
    press = builders.press(desk, builders.feed())

    with capture_logs() as logs:
        made = [*await press.publish(), *await press.publish()]

    assert [feedparser.parse(document.body).entries[0].title for document in made[:2]] == [
        "one"
    ] * 2
    assert logs == [
        {
            "event": "article mended for feed",
            "log_level": "warning",
            "uri": article.uri,
            "format": format.value,
            "dropped": ("U+000B", "U+FFFF"),
        }
        for format in Format
    ]


async def test_article_that_cannot_be_described_is_left_out(desk: Desk) -> None:
    await desk.bring("one", "two")
    article = await desk.article("one")
    await spoil(desk, "one", enclosures=[{"url": 5, "media_type": "audio/mpeg", "length_bytes": 0}])

    with capture_logs() as logs:
        made = await builders.press(desk, builders.feed(formats=(Format.ATOM,))).publish()

    [document] = made
    assert [entry.title for entry in feedparser.parse(document.body).entries] == ["two"]
    [log] = logs
    assert (log["event"], log["uri"]) == ("article left out of feed", article.uri)
    assert log["reason"].startswith("TypeError: ")


class Rack:
    """A shelf of entries that nobody has made fit."""

    feed = builders.feed()
    has_archive = False
    may_be_empty = True
    variant = "rack"

    def __init__(self, held: Mapping[int, Entry]) -> None:
        self._held = held

    async def content(self, connection: AsyncConnection, now: object) -> Content:
        raise AssertionError

    async def entries(
        self, connection: AsyncConnection, ids: Collection[int]
    ) -> Mapping[int, Entry]:
        return self._held


@pytest.mark.parametrize("format", Format)
async def test_entry_that_cannot_be_written_is_left_out(desk: Desk, format: Format) -> None:
    await desk.bring("one")
    article = await desk.article("one")
    good = describe_article(builders.feed(), article, publication=desk.publication)
    bad = replace(good, id="urn:bad", title="\ud800")
    marks = [Mark(id=id, changed=desk.clock(), dated=desk.clock()) for id in (1, 2)]

    with capture_logs() as logs:
        made = await Fragments(desk.store).of(Rack({1: bad, 2: good}), format, marks)

    assert [b"urn:bad" in fragment for fragment in made] == [False]
    assert [(log["event"], log["uri"]) for log in logs] == [("article left out of feed", "urn:bad")]
