"""What a feed is filled from: articles, or the issues of a newsletter."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.formats.channel import Entry, Tombstone, describe_article, describe_issue
from publisher.mail.slots import bare
from publisher.model import LET_OUT, ArticleState, Feed, Newsletter, Publication
from publisher.publish.leaving import leaving_out
from publisher.renditions import issue_url
from publisher.store import articles, issues, keys, renditions
from publisher.store.articles import Mark

_MOST_TOMBSTONES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is in a document: its entries, newest first, and when that last changed.

    ``previous`` names the page of the archive with what came before.
    """

    marks: list[Mark]
    updated: datetime
    tombstones: tuple[Tombstone, ...] = ()
    previous: str | None = None


class Shelf(Protocol):
    """Where the entries of a feed come from.

    ``variant`` is the same for feeds whose entries are written the same. One that may not be
    empty has no documents before its first entry.
    """

    feed: Feed
    has_archive: bool
    may_be_empty: bool
    variant: str

    async def content(self, connection: AsyncConnection, now: datetime) -> Content:
        """Say what the feed's document holds now."""
        ...

    async def entries(
        self, connection: AsyncConnection, ids: Collection[int]
    ) -> Mapping[int, Entry]:
        """Give the entries of these marks' ids, as far as they are there."""
        ...


class ArticleShelf:
    """Articles of a selection."""

    may_be_empty = True

    def __init__(self, feed: Feed, publication: Publication) -> None:
        self.feed = feed
        # What everybody can have from the feeds of the config is not archived for each term too.
        self.has_archive = feed.limit is not None and "/" not in feed.slug
        self.variant = f"article {feed.full} {feed.language}"
        self._publication = publication

    async def content(self, connection: AsyncConnection, now: datetime) -> Content:
        """Choose the articles. The withdrawal of one that was selected is a change as well."""
        select, limit = self.feed.select, self.feed.limit
        marks = await articles.marks(connection, select, now, limit=limit)
        left = await articles.withdrawn(connection, select, limit=_MOST_TOMBSTONES)
        moments = [mark.moment for mark in marks] + [when for _, when in left]
        return Content(
            marks=marks,
            updated=max(moments, default=await keys.born(connection)).replace(microsecond=0),
            tombstones=tuple(Tombstone(uri=uri, when=when) for uri, when in left),
        )

    async def entries(
        self, connection: AsyncConnection, ids: Collection[int]
    ) -> Mapping[int, Entry]:
        """Give the entries of articles."""
        entries: dict[int, Entry] = {}
        for id, article in (await articles.by_ids(connection, ids)).items():
            with leaving_out(article.uri):
                entries[id] = describe_article(self.feed, article, publication=self._publication)
        return entries


class IssueShelf:
    """The issues of a newsletter that went out."""

    has_archive = False
    may_be_empty = False

    def __init__(self, feed: Feed, newsletter: Newsletter, publication: Publication) -> None:
        self.feed = feed
        self.variant = f"issue of {newsletter.slug}"
        self._newsletter = newsletter
        self._publication = publication

    async def content(self, connection: AsyncConnection, now: datetime) -> Content:
        """Choose the issues; what was sent does not change."""
        listed = await issues.listing(
            connection,
            newsletter=self._newsletter.slug,
            states=LET_OUT,
            limit=self.feed.limit,
        )
        marks = [
            Mark(id=issue.id, changed=issue.opens, dated=issue.opens)
            for issue in listed
            if issue.number is not None and issue.opens <= now
        ]
        return Content(
            marks=marks,
            updated=max(
                [mark.moment for mark in marks], default=await keys.born(connection)
            ).replace(microsecond=0),
        )

    async def entries(
        self, connection: AsyncConnection, ids: Collection[int]
    ) -> Mapping[int, Entry]:
        """Give the entries of issues: what each told, but for what has been withdrawn."""
        born = await keys.born(connection)
        entries: dict[int, Entry] = {}
        for id in ids:
            issue = await issues.get(connection, id)
            rendition = await renditions.largest(connection, id, self._newsletter.language)
            if issue is None or rendition is None:
                continue
            told = await articles.by_ids(connection, rendition.article_ids)
            url = issue_url(self._publication, issue)
            with leaving_out(url):
                entries[id] = describe_issue(
                    issue,
                    subject=bare(rendition.subject),
                    url=url,
                    born=born,
                    articles=[
                        told[each]
                        for each in rendition.article_ids
                        if told[each].state is ArticleState.LIVE
                    ],
                    publication=self._publication,
                )
        return entries
