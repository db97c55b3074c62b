"""What an application keeps of the store: what never changes under its key, or for moments.

A feed is published seconds after it changed in any case. So whether it has changed again is
looked at once a second, however many ask for it: one of them waits for that look, and all others
get meanwhile what is here. Where looking fails or takes its time, that ends after some seconds.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request

from publisher.model import Feed, FeedDocument, Format
from publisher.store import feeds
from publisher.web import prepare
from publisher.web.answers import Document
from publisher.web.site import Site

_MOMENT = timedelta(seconds=1)
_LONG = timedelta(seconds=10)
_LIST_LASTS = timedelta(minutes=1)
_MOST_BYTES = 256 * 1024 * 1024
_MOST_PAGES_BYTES = 64 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Kept:
    """A feed's document as it was when it was ``seen``; ``sought`` is when somebody set out to
    see it again.
    """

    found: FeedDocument
    document: Document
    seen: datetime
    sought: datetime


class Memory:
    """One for each application. What was asked for longest ago gives way."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._size_bytes = 0
        self._making = asyncio.Lock()
        self._pages: OrderedDict[str, tuple[object, Document]] = OrderedDict()
        self._listing = asyncio.Lock()
        self._listed: tuple[datetime, list[Feed], Document] | None = None
        self._archiving = asyncio.Lock()

    # --- feeds

    def fresh(self, path: str) -> Document | None:
        """Give what is served at a path; None to whoever is to see whether it is that still."""
        kept = self._kept.get(path)
        if kept is None:
            return None
        now = self._site.clock()
        if _is_past(kept.sought, _MOMENT, now) or _is_past(kept.seen, _LONG, now):
            kept.sought = now
            return None
        return kept.document

    async def feed(self, feed: Feed, format: Format) -> Kept | None:
        """Give a feed's present document, None if it was never built.

        Most of the time the bytes are here, and it costs one look at the tag.
        """
        site, now = self._site, self._site.clock()
        async with site.store.read() as connection:
            etag = await feeds.etag(connection, feed.slug, format)
            kept = self._kept.get(f"{feed.path}.{format}")
            if kept is None or kept.found.etag != etag:
                found = await feeds.get(connection, feed.slug, format)
                if found is None:
                    return None
                document = prepare.feed(found, site.publication, site.serving)
            else:
                found, document = kept.found, kept.document
        fresh = Kept(found=found, document=document, seen=now, sought=now)
        self._keep(fresh)
        return fresh

    def _keep(self, kept: Kept) -> None:
        before = self._kept.pop(kept.found.path, None)
        if before is not None:
            self._size_bytes -= before.document.size_bytes
        self._kept[kept.found.path] = kept
        self._size_bytes += kept.document.size_bytes
        while self._size_bytes > _MOST_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._size_bytes -= oldest.document.size_bytes

    async def archived(self, feed: Feed, page: str, format: Format) -> FeedDocument | None:
        """Give a page of a feed's archive; None if there is none of that name.

        One at a time: pages are made when they are asked for, and a stranger who asks for many
        gets them one after the other, while feeds are served as ever.
        """
        async with self._archiving:
            return await self._site.press.archived(feed, page, format)

    # --- the list of feeds

    async def listed(self) -> list[Feed]:
        """List the feeds that there are; new terms show up within a minute."""
        return (await self._list())[0]

    async def outline(self) -> Document:
        """Give the same list as it is served."""
        return (await self._list())[1]

    async def _list(self) -> tuple[list[Feed], Document]:
        async with self._listing:
            site, now = self._site, self._site.clock()
            if self._listed is None or _is_past(self._listed[0], _LIST_LASTS, now):
                found = await site.press.listed()
                outline = await asyncio.to_thread(
                    prepare.outline, site.publication, found, site.serving
                )
                self._listed = now, found, outline
            return self._listed[1], self._listed[2]

    # --- pages

    async def page(
        self, path: str, made_from: object, make: Callable[[], Awaitable[Document]]
    ) -> Document:
        """Give the page at a path, made anew if it would be made from something else now.

        One is made at a time: a stranger who asks for many gets them one after the other.
        """
        known, page = self._pages.get(path, (None, None))
        if page is None or known != made_from:
            async with self._making:
                known, page = self._pages.get(path, (None, None))
                if page is None or known != made_from:
                    page = await make()
                    self._pages[path] = made_from, page
                    self._forget_pages()
        self._pages.move_to_end(path)
        return page

    def _forget_pages(self) -> None:
        """Keep within bounds, but for the page that was made last."""
        size_bytes = sum(page.size_bytes for _, page in self._pages.values())
        while size_bytes > _MOST_PAGES_BYTES and len(self._pages) > 1:
            _, (_, oldest) = self._pages.popitem(last=False)
            size_bytes -= oldest.size_bytes


def _is_past(seen: datetime, span: timedelta, now: datetime) -> bool:
    # From both sides: a clock that was set back makes nothing last longer.
    return not seen - span < now < seen + span


def memory_of(request: Request) -> Memory:
    """Give the memory of the application that a request was made to."""
    memory: Memory = request.app.state.memory
    return memory
