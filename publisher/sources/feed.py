"""An upstream feed: RSS, Atom or JSON Feed, asked politely and taken as it comes.

A feed is a window: what is no longer in it has not gone. What the documents mean is
`publisher.content.feeds`' business.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from http import HTTPStatus
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from publisher.content.feeds.encoding import decode_document
from publisher.content.feeds.hubs import find_hub
from publisher.content.feeds.identity import Identified, content_digest, identify
from publisher.content.feeds.parsed import ParsedFeed
from publisher.content.feeds.read import read_feed
from publisher.content.feeds.wholetext import with_page
from publisher.content.fields import is_web_url
from publisher.errors import FetchError, SourceError
from publisher.fetch import Answer, Fetcher, user_agent
from publisher.model import Publication, Rejection, SourceArticle, Unchanged
from publisher.ports import Source, Telling, Visit
from publisher.sources._answers import failed, require_good

# Part of every stamp: raise it when a change here or in a reader would tell an entry differently.
_READER_VERSION = 1
_CHUNK = 200
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.8, */*;q=0.1"
)
_LONGEST_REST = timedelta(days=1)
# Unset clocks say 1970; nobody dates what is to come more than a year ahead.
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST_AHEAD = timedelta(days=366)
# After so many pages in a row that could not be had, the others of the pass are not asked for.
_PATIENCE = 3
_TOO_MANY = HTTPStatus.TOO_MANY_REQUESTS


def _web_url(value: str) -> str:
    if not is_web_url(value):
        raise ValueError(f'"{value}" is not usable; write a whole http or https URL')
    return value


class Settings(BaseModel):
    """The keys of a source with kind = "feed"."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_web_url)] = Field(
        description="The address of an RSS, Atom or JSON feed, http or https."
    )
    full_text: bool = Field(
        default=False,
        description="Whether each entry's page is fetched for its whole text, for feeds that"
        " hold summaries only. Where a page has less to say the entry's own text stays.",
    )
    allow_private: bool = Field(
        default=False,
        description="Whether it may be on this machine or in a private network.",
    )


def make(name: str, settings: Settings, publication: Publication) -> Source:
    """Make the source of one [[sources]] entry."""
    return FeedSource(name, settings, publication)


class FeedSource:
    """Tells a feed's entries in its own order; their guids are their origins.

    What it keeps in ``visit.memory``: "asked" is what the rest is about, so that another url
    in the config begins anew; "url" is where that has moved to; "etag" and "modified" are the
    validators of what was read last, "rest_seconds" what it said of its own rest; "hub" is
    {"hub", "topic"} while the feed names a WebSub hub.
    """

    def __init__(self, name: str, settings: Settings, publication: Publication) -> None:
        self.name = name
        self._settings = settings
        self._agent = user_agent(publication.base_url)
        self._zone = publication.timezone

    async def articles(self, visit: Visit) -> Telling:
        """Tell what is in the feed now; see `publisher.ports.Source`."""
        asked = f"{self._settings.url} {self._settings.full_text} {_READER_VERSION}"
        if visit.memory.get("asked") != asked:
            visit.memory.clear()
            visit.memory["asked"] = asked
        async with Fetcher(
            agent=self._agent, allow_private=self._settings.allow_private
        ) as fetcher:
            answer = await self._ask(fetcher, visit)
            if answer.status == HTTPStatus.NOT_MODIFIED:
                visit.rest = _rest(answer, visit)
                return
            feed = await self._read(answer)
            self._remember(answer, feed, visit)
            pages = _Pages(fetcher, self._zone) if self._settings.full_text else None
            identified = list(identify(feed.entries))
            for start in range(0, len(identified), _CHUNK):
                chunk = [self._tell(one, visit.now) for one in identified[start : start + _CHUNK]]
                known = await visit.known([told.origin for told in chunk])
                for told in chunk:
                    stamp = known.get(told.origin)
                    if stamp != told.stamp and pages and isinstance(told, SourceArticle):
                        told = await pages.complete(told)
                    yield Unchanged(origin=told.origin) if stamp == told.stamp else told
            if pages and pages.has_missed:
                # A 304 would keep the next pass from trying those again.
                _forget(visit, "etag", "modified")

    async def _ask(self, fetcher: Fetcher, visit: Visit) -> Answer:
        """Fetch the feed where it is now. Raises SourceError unless it is there, or a 304."""
        try:
            return await self._fetch(fetcher, visit)
        except SourceError as error:
            if "url" not in visit.memory or error.rest is not None:
                raise
        # The place to which it moved may have gone, while the configured one leads on.
        _forget(visit, "url", "etag", "modified")
        return await self._fetch(fetcher, visit)

    async def _fetch(self, fetcher: Fetcher, visit: Visit) -> Answer:
        memory = visit.memory
        headers = {"Accept": _ACCEPT}
        if "etag" in memory:
            headers["If-None-Match"] = memory["etag"]
        if "modified" in memory:
            headers["If-Modified-Since"] = memory["modified"]
        try:
            answer = await fetcher.get(memory.get("url", self._settings.url), headers)
        except FetchError as error:
            raise failed(self.name, error) from error
        require_good(answer, name=self.name, now=visit.now)
        if answer.moved is not None:
            memory["url"] = answer.moved  # RFC 9110 §15.4.2 and §15.4.9
        return answer

    async def _read(self, answer: Answer) -> ParsedFeed:
        content_type = answer.headers.get("content-type", "")
        try:
            return await asyncio.to_thread(read_feed, answer.body, content_type, answer.url)
        except ValueError as error:
            raise SourceError(f'source "{self.name}": {answer.place} {error}') from error

    def _remember(self, answer: Answer, feed: ParsedFeed, visit: Visit) -> None:
        hub = find_hub(answer.headers.get("link", ""), feed, answer.url)
        # A 304 would keep from the next pass what stood behind the cut.
        validators = {} if feed.is_cut else answer.headers
        found = {
            "etag": validators.get("etag"),
            "modified": validators.get("last-modified"),
            "rest_seconds": feed.rest.total_seconds() if feed.rest else None,
            "hub": {"hub": hub[0], "topic": hub[1]} if hub else None,
        }
        _forget(visit, *found)
        visit.memory.update({key: value for key, value in found.items() if value})
        visit.rest = _rest(answer, visit)

    def _tell(self, one: Identified, now: datetime) -> SourceArticle | Rejection:
        entry = one.entry
        updated = _sensible(entry.updated, now)
        # Atom leaves "published" to choice, and RSS 1.0 has one date for both.
        published = _sensible(entry.published, now) or updated
        # An embargo that is moved must be told; other dates may move with every build.
        embargo = published if published and published > now else None
        basis = (_READER_VERSION, self._settings.full_text, content_digest(entry), embargo)
        stamp = hashlib.sha256(repr(basis).encode()).hexdigest()[:32]
        if one.fault is not None:
            return Rejection(origin=one.origin, stamp=stamp, reason=one.fault)
        return SourceArticle(
            guid=one.guid,
            origin=one.origin,
            stamp=stamp,
            title=entry.title or "",
            html=entry.html,
            summary=entry.summary or "",
            url=entry.url,
            base=entry.base,
            authors=entry.authors,
            contributors=entry.contributors,
            tags=entry.tags,
            published=published,
            updated=updated,
            language=entry.language,
            image=entry.image,
            enclosures=entry.enclosures,
        )


class _Pages:
    """The entries' own pages, fetched for their whole texts as long as their servers bear it.

    ``has_missed`` says that some could not be had now, and may be later.
    """

    def __init__(self, fetcher: Fetcher, zone: tzinfo) -> None:
        self._fetcher = fetcher
        self._zone = zone
        self._misses = 0
        self.has_missed = False

    async def complete(self, told: SourceArticle) -> SourceArticle:
        """Give the article with its page's text, or as it is where that is no gain.

        One whose page could not be had now gets another stamp, so that the next pass tries
        again.
        """
        if told.url is None:
            return told
        answer = await self._fetch(told.url) if self._misses < _PATIENCE else None
        if answer is None:
            self.has_missed = True
            return replace(told, stamp=f"{told.stamp}~")
        content_type = answer.headers.get("content-type", "")
        if not answer.is_good or "html" not in content_type.lower():
            return told
        text = decode_document(answer.body, content_type)
        try:
            return await asyncio.to_thread(with_page, told, text, answer.url, self._zone)
        except ValueError:  # such a page is no gain
            return told

    async def _fetch(self, url: str) -> Answer | None:
        """Fetch a page of whatever status; None if it cannot be had now."""
        try:
            answer = await self._fetcher.get(url, {"Accept": "text/html, */*;q=0.1"})
        except FetchError:
            answer = None
        if answer is None or answer.status == _TOO_MANY or answer.status >= 500:
            self._misses += 1
            return None
        self._misses = 0
        return answer


def _forget(visit: Visit, *keys: str) -> None:
    for key in keys:
        visit.memory.pop(key, None)


def _sensible(moment: datetime | None, now: datetime) -> datetime | None:
    """Give the date, unless nobody can have meant it."""
    if moment is None or not _EARLIEST <= moment <= now + _LATEST_AHEAD:
        return None
    return moment


def _rest(answer: Answer, visit: Visit) -> timedelta | None:
    """Give the longest rest that server or feed asks for; what the feed said holds for a 304."""
    asked = [answer.fresh_for() or timedelta(0)]
    asked.append(timedelta(seconds=visit.memory.get("rest_seconds", 0)))
    return min(max(asked), _LONGEST_REST) or None
