"""Build feeds when articles have changed: bytes made once, stored, and served by any process.

The same articles and settings give the same bytes. A build looks at what a document would be
made from before making it, so calling this often costs little.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher import formats
from publisher.formats.channel import describe, describe_article
from publisher.model import Article, Feed, FeedDocument, Format, Publication
from publisher.ports import Clock
from publisher.store import articles, feeds, keys
from publisher.store.engine import Store

# Raise it when the same articles are to be written differently, so that all are built anew.
_WRITTEN_AS = 1


async def publish(
    store: Store, feed_list: Sequence[Feed], *, publication: Publication, clock: Clock
) -> list[FeedDocument]:
    """Build every document whose articles or settings changed; give those with new bytes."""
    fresh: list[FeedDocument] = []
    for feed in feed_list:
        async with store.read() as connection:
            chosen, updated = await _content(connection, feed, clock())
            inputs = _digest(feed, chosen, updated, publication)
            stale = [
                format
                for format in feed.formats
                if await feeds.inputs(connection, feed.slug, format) != inputs
            ]
        for format in stale:
            document = build(
                feed, format, chosen, publication=publication, updated=updated, now=clock()
            )
            async with store.write() as connection:
                if await feeds.put(connection, document, inputs) is None:
                    fresh.append(document)
    return fresh


def build(
    feed: Feed,
    format: Format,
    chosen: Sequence[Article],
    *,
    publication: Publication,
    updated: datetime,
    now: datetime,
) -> FeedDocument:
    """Make a document: its bytes, once plain and once packed, and the tag that names them."""
    channel = describe(
        feed,
        publication=publication,
        self_url=publication.base_url + formats.path(feed.slug, format),
        updated=updated,
    )
    body = formats.frame(format, channel).around(
        [
            formats.fragment(format, describe_article(feed, each, publication=publication))
            for each in chosen
        ]
    )
    return FeedDocument(
        feed=feed.slug,
        format=format,
        media_type=formats.media_type(format),
        body=body,
        gzipped=gzip.compress(body, mtime=0),
        etag=hashlib.sha256(body).hexdigest()[:32],
        modified=now.replace(microsecond=0),
    )


async def _content(
    connection: AsyncConnection, feed: Feed, now: datetime
) -> tuple[list[Article], datetime]:
    """Choose a feed's articles, newest first, and tell when what it shows last changed.

    The withdrawal of an article that was selected is a change as well.
    """
    chosen: list[Article] = []
    async with aclosing(articles.newest(connection, now)) as live:
        async for article in live:
            if feed.select.covers(article):
                chosen.append(article)
                if len(chosen) == feed.limit:
                    break
    moments = [max(article.changed, article.dated) for article in chosen]
    async with aclosing(articles.withdrawn(connection)) as left:
        async for article in left:
            if feed.select.covers(article):
                moments.append(article.changed)
                break
    updated = max(moments, default=await keys.born(connection))
    return chosen, updated.replace(microsecond=0)


def _digest(
    feed: Feed, chosen: Sequence[Article], updated: datetime, publication: Publication
) -> str:
    """Digest everything that a document is made from."""
    made_from = (
        _WRITTEN_AS,
        feed,
        publication,
        updated,
        [(article.id, article.changed) for article in chosen],
    )
    return hashlib.sha256(repr(made_from).encode()).hexdigest()
