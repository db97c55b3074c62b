"""Build feeds when articles have changed: bytes made once, stored, and served by any process.

The same articles and settings give the same bytes. A build looks at what a document would be
made from before making it, and makes only those fragments that are not there yet, so calling
this often costs little.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from publisher import formats
from publisher.formats.channel import History, describe
from publisher.model import (
    AutomaticFeeds,
    Feed,
    FeedDocument,
    Format,
    Newsletter,
    Publication,
    TermKind,
)
from publisher.ports import Clock
from publisher.publish import archive, automatic
from publisher.publish.documents import pack, packed
from publisher.publish.fragments import Fragments
from publisher.publish.shelves import ArticleShelf, Content, IssueShelf, Shelf
from publisher.store import articles, feeds, terms
from publisher.store.engine import Store

__all__ = ["Press", "packed"]

# Raise it when the same articles are to be written differently, so that all are built anew.
_WRITTEN_AS = 3
# Their articles may be others though no article changed: what counts is where they come from.
_LOOKED_AT_ALWAYS = (TermKind.SOURCE, TermKind.LANGUAGE)
# Of an archive with many terms a look takes seconds: it is not to take more than this share.
_MOST_OF_THE_TIME = 0.05
_FEW_TERMS = 200


class Press:
    """Builds the documents of one config.

    It keeps fragments and what it saw last; without them a build gives the same, only later.
    """

    def __init__(
        self,
        store: Store,
        *,
        publication: Publication,
        feeds: Sequence[Feed],
        automatic: AutomaticFeeds,
        newsletters: Sequence[Newsletter],
        clock: Clock,
    ) -> None:
        self._store = store
        self._publication = publication
        self._feeds = {feed.slug: feed for feed in feeds}
        self._automatic = automatic
        self._newsletters = {newsletter.slug: newsletter for newsletter in newsletters}
        self._clock = clock
        self._fragments = Fragments(store)
        self._seen: dict[str, terms.Term] = {}
        self._look_again: dict[TermKind, float] = {}
        self._archived_at: dict[str, tuple[object, ...]] = {}
        self._archives = archive.Memory()

    # --- which feeds there are

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """The feeds of the config that are published."""
        return tuple(feed for feed in self._feeds.values() if not feed.is_retired)

    async def find(self, slug: str) -> Feed | None:
        """Find a feed by its slug, made for a term or a newsletter or configured; None if none."""
        if slug in self._feeds:
            return self._feeds[slug]
        kind, _, key = slug.partition("/")
        if kind == automatic.ISSUES and key in self._newsletters:
            return automatic.of_newsletter(self._newsletters[key])
        if key and kind in self._automatic.kinds:
            async with self._store.read() as connection:
                found = await terms.listing(connection, TermKind(kind), self._clock(), key=key)
            return (
                automatic.of_term(found[0], self._automatic, self._publication) if found else None
            )
        return None

    def heir(self, slug: str) -> Feed | None:
        """Find the feed of the config that had a slug before, ended or not."""
        return next((feed for feed in self._feeds.values() if slug in feed.formerly), None)

    async def listed(self) -> list[Feed]:
        """List all feeds that have articles: those of the config, of newsletters and of terms."""
        listed = list(self.feeds)
        async with self._store.read() as connection:
            for newsletter in self._newsletters.values():
                feed = automatic.of_newsletter(newsletter)
                if (await self._shelf(feed).content(connection, self._clock())).marks:
                    listed.append(feed)
            for kind in self._automatic.kinds:
                listed += [
                    automatic.of_term(term, self._automatic, self._publication)
                    for term in await terms.listing(connection, kind, self._clock())
                    if term.shown
                ]
        return listed

    # --- building

    async def publish(self) -> list[FeedDocument]:
        """Build every document whose content or settings changed; give those with new bytes."""
        fresh: list[FeedDocument] = []
        async for shelf in self._changed():
            fresh += await self._build(shelf)
        return fresh

    async def archived(self, feed: Feed, page: str, format: Format) -> FeedDocument | None:
        """Give a page of a feed's archive; None if there is none of that name."""
        shelf = self._shelf(feed)
        if not shelf.has_archive or format not in feed.formats:
            return None
        async with self._store.read() as connection:
            content = await archive.content(connection, feed, page, self._clock())
        if content is None:
            return None
        path = formats.archive_path(feed, page, format)
        history = History(
            previous=self._address(formats.archive_path(feed, content.previous, format))
            if content.previous
            else None,
            current=self._address(formats.path(feed, format)),
        )
        inputs = self._digest(feed, content)
        kept = self._archives.get(path, inputs)
        if kept is None:
            kept = await self._make(shelf, format, content, self._address(path), history)
            self._archives.keep(path, inputs, kept)
        return kept

    async def pages(self, feed: Feed) -> list[str]:
        """Name the pages of a feed's archive, the oldest first."""
        if not self._shelf(feed).has_archive:
            return []
        async with self._store.read() as connection:
            return await archive.pages(connection, feed)

    async def _changed(self) -> AsyncIterator[Shelf]:
        """Yield what may have to be built; terms of which nothing changed are passed over."""
        for feed in self.feeds:
            yield self._shelf(feed)
        for newsletter in self._newsletters.values():
            yield self._shelf(automatic.of_newsletter(newsletter))
        for kind in self._automatic.kinds:
            for term in await self._terms(kind):
                feed = automatic.of_term(term, self._automatic, self._publication)
                if self._seen.get(feed.slug) != term or kind in _LOOKED_AT_ALWAYS:
                    yield self._shelf(feed)
                    self._seen[feed.slug] = term

    async def _terms(self, kind: TermKind) -> list[terms.Term]:
        """List the terms of a kind, or none while it is too early to look again."""
        began = time.monotonic()
        if began < self._look_again.get(kind, began):
            return []
        async with self._store.read() as connection:
            listed = await terms.listing(connection, kind, self._clock())
        ended = time.monotonic()
        if len(listed) > _FEW_TERMS:
            self._look_again[kind] = ended + (ended - began) / _MOST_OF_THE_TIME
        return listed

    def _shelf(self, feed: Feed) -> Shelf:
        kind, _, key = feed.slug.partition("/")
        if kind == automatic.ISSUES:
            return IssueShelf(feed, self._newsletters[key], self._publication)
        return ArticleShelf(feed, self._publication)

    async def _build(self, shelf: Shelf) -> list[FeedDocument]:
        feed = shelf.feed
        async with self._store.read() as connection:
            content = await shelf.content(connection, self._clock())
            if not content.marks and not shelf.may_be_empty:
                return []
            tide = await articles.tide(connection, self._clock())
        if shelf.has_archive and self._archived_at.get(feed.slug) != tide:
            async with self._store.write() as connection:
                await archive.extend(connection, feed, content, self._clock())
            self._archived_at[feed.slug] = tide
        async with self._store.read() as connection:
            if shelf.has_archive:
                content = replace(content, previous=await archive.newest(connection, feed))
            inputs = self._digest(feed, content)
            stale = [
                format
                for format in feed.formats
                if await feeds.inputs(connection, feed.slug, format) != inputs
            ]
        made = []
        for format in stale:
            history = History(
                previous=self._address(formats.archive_path(feed, content.previous, format))
                if content.previous
                else None,
                is_complete=feed.limit is None,
            )
            self_url = self._address(formats.path(feed, format))
            made.append(await self._make(shelf, format, content, self_url, history))
        if not made:
            return []
        async with self._store.write() as connection:
            return [
                document
                for document in made
                if await feeds.put(connection, document, inputs) is None
            ]

    async def _make(
        self, shelf: Shelf, format: Format, content: Content, self_url: str, history: History
    ) -> FeedDocument:
        fragments = await self._fragments.of(shelf, format, content.marks)
        channel = describe(
            shelf.feed,
            publication=self._publication,
            self_url=self_url,
            updated=content.updated,
            history=history,
            tombstones=content.tombstones,
        )
        return await asyncio.to_thread(
            pack, shelf.feed, format, channel, fragments, self._clock().replace(microsecond=0)
        )

    def _address(self, path: str) -> str:
        return self._publication.base_url + path

    def _digest(self, feed: Feed, content: Content) -> str:
        """Digest everything that a document is made from."""
        made_from = (
            _WRITTEN_AS,
            feed,
            self._publication,
            content.updated,
            content.tombstones,
            content.previous,
            [(mark.id, mark.changed) for mark in content.marks],
        )
        return hashlib.sha256(repr(made_from).encode()).hexdigest()
