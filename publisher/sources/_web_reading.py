"""Which of a site's pages are read in one pass, and what is told of them all.

A page that the sitemap dates is read again when that date changes. Others are read again in
the two days after they were first seen, ever less often, for that is when corrections come.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import IntEnum
from typing import Any

from publisher.content.sitemap import Entry
from publisher.fetch import Answer
from publisher.model import Rejection, SourceArticle, Unchanged
from publisher.ports import Visit
from publisher.sources._web_guest import Disallowed, Guest, Trouble
from publisher.sources._web_page import Scope, read_article

# Goes with what may be better on the next pass.
_NO_STAMP = ""
_GONE = (404, 410)
_LOOKUP = 500

_FRESH_FOR = timedelta(days=2)
_MOST_FRESH = 200
_LEAST_PAUSE = timedelta(minutes=10)

Told = SourceArticle | Unchanged | Rejection


class _Need(IntEnum):
    """Why a page is to be read, most needed first."""

    NEWS = 0  # new, or changed as the sitemap says
    FAILED = 1  # could not be had the last time
    CHECK = 2  # may have changed; nobody says so


class Reading:
    """The reading of the pages that were listed, ``most`` of them in one pass.

    ``may_tell_all`` says that these are all the pages there are.
    """

    def __init__(
        self,
        guest: Guest,
        pages: Sequence[Entry],
        *,
        scope: Scope,
        zone: tzinfo,
        most: int,
        may_tell_all: bool,
    ) -> None:
        self._guest = guest
        self._pages = pages
        self._scope = scope
        self._zone = zone
        self._most = most
        self._is_all = may_tell_all
        self._listed = frozenset(page.url for page in pages)
        self._known: dict[str, str] = {}
        self._guids: set[str] = set()
        self._gone: list[Rejection] = []

    async def tell(self, visit: Visit) -> AsyncGenerator[Told, None]:
        """Tell every page but those that wait or may not be read; see `publisher.ports.Source`.

        What failed before is read last, so that a few bad pages cannot keep the rest back.
        """
        self._known = await self._look_up(visit)
        fresh = _Fresh(visit)
        needs = {page.url: self._need(page, fresh) for page in self._pages}
        chosen = await self._choose(needs)
        failed = []
        for page in self._pages:
            need = needs[page.url]
            if need is None or (need is _Need.CHECK and page.url not in chosen):
                yield Unchanged(origin=page.url)
            elif page.url not in chosen:
                self._is_all = False
            elif need is _Need.FAILED:
                failed.append(page)
            elif told := await self._read(page, fresh):
                yield told
        for page in failed:
            if told := await self._read(page, fresh):
                yield told
        if not self._is_all:
            # Only with all told is silence a farewell.
            for rejection in self._gone:
                yield rejection
        visit.tells_all = self._is_all
        fresh.keep(visit)

    async def _look_up(self, visit: Visit) -> dict[str, str]:
        known: dict[str, str] = {}
        for start in range(0, len(self._pages), _LOOKUP):
            known |= await visit.known([p.url for p in self._pages[start : start + _LOOKUP]])
        return known

    def _need(self, page: Entry, fresh: _Fresh) -> _Need | None:
        known = self._known.get(page.url)
        if known == _NO_STAMP:
            return _Need.FAILED
        if known is None or (page.lastmod and known != _hash(page.lastmod)):
            return _Need.NEWS
        return _Need.CHECK if not page.lastmod and fresh.is_due(page.url) else None

    async def _choose(self, needs: dict[str, _Need | None]) -> set[str]:
        """Choose what is read in this pass; what robots.txt forbids takes nobody's place."""
        chosen: set[str] = set()
        wanted = [(need, page) for page in self._pages if (need := needs[page.url]) is not None]
        # Some sitemaps give all their pages the time of their own making: new ones go first.
        wanted.sort(key=lambda one: (one[0], -_seconds(one[1].dated), one[1].url in self._known))
        for _, page in wanted:
            if len(chosen) == self._most:
                break
            try:
                is_allowed = await self._guest.may_read(page.url)
            except Trouble:
                is_allowed = True  # what the trouble is comes out when it is read
            if is_allowed:
                chosen.add(page.url)
        return chosen

    async def _read(self, page: Entry, fresh: _Fresh) -> Told | None:
        """Read one page; None if nothing is to be told of it (yet)."""
        try:
            answer = await self._guest.get(page.url)
            told = await self._judge(answer, page)
        except Disallowed:
            self._is_all = False
            return None
        except Trouble as trouble:
            return Rejection(origin=page.url, stamp=_NO_STAMP, reason=str(trouble))
        if told is None:
            return None
        if not page.lastmod and told.stamp != _NO_STAMP:
            fresh.note(page.url)
            if told.stamp == self._known.get(page.url):
                return Unchanged(origin=page.url)
        return told

    async def _judge(self, answer: Answer, page: Entry) -> SourceArticle | Rejection | None:
        if self._scope.is_ours(answer.url) and not await self._guest.may_read(answer.url):
            return self._refuse(page, f"it leads to {answer.url}, which robots.txt forbids to read")
        if not answer.is_good:
            reason = f"the server answers {answer.status}"
            if answer.status not in _GONE:
                return Rejection(origin=page.url, stamp=_NO_STAMP, reason=reason)
            gone = self._refuse(page, reason)
            if not self._known.get(page.url):
                return gone
            self._gone.append(gone)
            return None
        try:
            article = await asyncio.to_thread(
                read_article, answer, page, self._scope, self._listed, self._zone
            )
            if article.guid in self._guids:
                raise ValueError(f"its canonical address {article.guid} is another page's as well")
        except ValueError as error:
            return self._refuse(page, str(error))
        self._guids.add(article.guid)
        return replace(article, stamp=_hash(page.lastmod or repr(article)))

    def _refuse(self, page: Entry, reason: str) -> Rejection:
        return Rejection(origin=page.url, stamp=_hash(page.lastmod or reason), reason=reason)


class _Fresh:
    """The pages without a date of the sitemap's that were first seen lately, a few of them.

    Each is looked at again after a pause that doubles.
    """

    def __init__(self, visit: Visit) -> None:
        self._now = visit.now
        self._times: dict[str, tuple[datetime, datetime]] = {}
        for url, times in _table(visit.memory.get("fresh")).items():
            seen, read = map(datetime.fromisoformat, times)
            if self._now - seen < _FRESH_FOR:
                self._times[url] = (seen, read)

    def is_due(self, url: str) -> bool:
        if url not in self._times:
            return False
        seen, read = self._times[url]
        return self._now - read >= max(read - seen, _LEAST_PAUSE)

    def note(self, url: str) -> None:
        """Note that it has just been read."""
        seen, _ = self._times.pop(url, (self._now, self._now))
        self._times[url] = (seen, self._now)

    def keep(self, visit: Visit) -> None:
        newest = sorted(self._times.items(), key=lambda item: item[1][0], reverse=True)
        visit.memory["fresh"] = {
            url: [seen.isoformat(), read.isoformat()] for url, (seen, read) in newest[:_MOST_FRESH]
        }


def _seconds(instant: datetime | None) -> float:
    return (instant or datetime.min.replace(tzinfo=UTC)).timestamp()


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _hash(written: str) -> str:
    return hashlib.sha256(written.encode("utf-8", "backslashreplace")).hexdigest()[:32]
