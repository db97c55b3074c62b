"""Which pages a site has: its sitemaps, or pages that link to them, read from the first on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urldefrag

from publisher.content.sitemap import Entry, Sitemap
from publisher.errors import SourceError
from publisher.fetch import Answer
from publisher.model import Rejection
from publisher.sources._web_guest import Disallowed, Guest, Trouble
from publisher.sources._web_page import Scope

_MOST_PAGES = 50_000
_MOST_SITEMAPS = 50
_MOST_LEVELS = 3
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
# What went wrong with a sitemap is looked at again on every pass.
_NO_STAMP = ""

Read = Callable[[Answer], Sitemap]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The pages, newest first where that is known, else in their order; each once.

    ``faults`` are the sitemaps that could not be read. ``is_whole`` says that all were, and
    that these are all the pages that they list.
    """

    pages: tuple[Entry, ...]
    faults: tuple[Rejection, ...]
    is_whole: bool


async def list_pages(
    guest: Guest, urls: Sequence[str], read: Read, scope: Scope, *, name: str
) -> Listing:
    """List the source's pages by what stands at ``urls`` and in the sitemaps named there.

    ``read`` makes sense of one answer, and raises ValueError. Raises SourceError when the
    first of the URLs cannot be read or there is no page at all; the others may fail.
    """
    walk = _Walk(guest, read, scope, name)
    await walk.go(urls)
    pages = _newest_first(walk.pages.values())
    if not pages:
        why = [f"; {fault.origin} failed: {fault.reason}" for fault in walk.faults[:1]]
        raise SourceError(
            f'source "{name}": {urls[0]} leads to no page {scope}; see whether hosts and links'
            f" are right{''.join(why)}"
        )
    return Listing(
        pages=tuple(pages),
        faults=tuple(walk.faults),
        is_whole=walk.is_whole and not walk.faults,
    )


class _Walk:
    """A way through the sitemaps of a site, level by level."""

    def __init__(self, guest: Guest, read: Read, scope: Scope, name: str) -> None:
        self._guest = guest
        self._read = read
        self._scope = scope
        self._name = name
        self.pages: dict[str, Entry] = {}
        self.faults: list[Rejection] = []
        self.is_whole = True

    async def go(self, urls: Sequence[str]) -> None:
        found = await self._read_first(urls[0])
        ahead = deque((url, 1) for url in urls[1:])
        seen = {urls[0]}
        level = 1
        while True:
            self._add(found)
            ahead.extend((entry.url, level + 1) for entry in _newest_first(found.sitemaps))
            found = Sitemap()
            if not ahead:
                break
            url, level = ahead.popleft()
            if url in seen:
                continue
            if level > _MOST_LEVELS or len(seen) == _MOST_SITEMAPS:
                self.is_whole = False
                continue
            seen.add(url)
            try:
                found = await self._read_further(url)
            except ValueError as error:
                rejection = Rejection(origin=url, stamp=_NO_STAMP, reason=str(error))
                self.faults.append(rejection)

    async def _read_first(self, url: str) -> Sitemap:
        answer = await self._guest.require(url)
        try:
            return await asyncio.to_thread(self._read, answer)
        except ValueError as error:
            raise SourceError(
                f'source "{self._name}": {url} cannot be read: {error};'
                " see whether the url is still right"
            ) from error

    async def _read_further(self, url: str) -> Sitemap:
        """Read one that may fail. Raises ValueError with a sentence if it does."""
        if not self._scope.is_ours(url):
            raise ValueError("it is on another host; name that in hosts if it is meant")
        try:
            answer = await self._guest.get(url)
        except Disallowed as error:
            raise ValueError("robots.txt asks programs not to read it") from error
        except Trouble as trouble:
            raise ValueError(str(trouble)) from trouble
        if not answer.is_good:
            raise ValueError(f"the server answers {answer.status}")
        return await asyncio.to_thread(self._read, answer)

    def _add(self, found: Sitemap) -> None:
        # News sitemaps hold two days: what is no longer in them has not gone.
        self.is_whole &= not (found.is_news or found.is_cut)
        for entry in found.pages:
            url = urldefrag(entry.url).url
            if url in self.pages or not self._scope.wants(url):
                continue
            if len(self.pages) == _MOST_PAGES:
                self.is_whole = False
                break
            self.pages[url] = replace(entry, url=url)


def _newest_first(entries: Iterable[Entry]) -> list[Entry]:
    # The order of those alike stays as it was, even so.
    return sorted(entries, key=lambda entry: entry.dated or _LONG_AGO, reverse=True)
