"""A site without a feed: its pages, found by its sitemap or by the links on a page.

Each page is an article. The site is visited as a guest who keeps to robots.txt and takes time:
one pass reads ``max_pages`` pages at most, so that a large site is taken in little by little.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    model_validator,
)

from publisher.content.fields import is_web_url
from publisher.content.links import read_links, site_of
from publisher.content.sitemap import MAX_BYTES, MAX_ENTRIES, Entry, Sitemap, read_sitemap
from publisher.fetch import Answer, Fetcher, Limits, user_agent
from publisher.model import Publication
from publisher.ports import Source, Telling, Visit
from publisher.settings import Allowed, Duration, require_text
from publisher.sources._web_guest import Guest, Sleep
from publisher.sources._web_listing import list_pages
from publisher.sources._web_page import Scope, page_text
from publisher.sources._web_reading import Reading

_MOST_PATTERN_CHARACTERS = 500


def _page_url(value: str) -> str:
    if not is_web_url(value) or not site_of(value) or "@" in value.split("/")[2]:
        raise ValueError(f'"{value}" is no http or https URL without user and password')
    return value


def _host(value: str) -> str:
    if not re.fullmatch(r"[^\s/@:?#\[\]]+(:[0-9]{1,5})?", value) or not site_of(f"http://{value}"):
        raise ValueError(f'"{value}" is no host name such as blog.example.org')
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _pattern(value: Any) -> re.Pattern[str]:
    value = require_text(value)
    if len(value) > _MOST_PATTERN_CHARACTERS:
        raise ValueError(f"is longer than {_MOST_PATTERN_CHARACTERS} characters")
    try:
        return re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f'"{value}" is no regular expression: {error}') from error


PageUrl = Annotated[str, AfterValidator(_page_url)]
Host = Annotated[str, AfterValidator(_host)]
Pattern = Annotated[
    InstanceOf[re.Pattern[str]], BeforeValidator(_pattern), Allowed("a regular expression")
]


class Settings(BaseModel):
    """The keys of a source with kind = "web"."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    sitemap: PageUrl | None = Field(
        default=None,
        description="The site's sitemap or index of sitemaps: XML or one URL a line, gzip or"
        " not. Either this or index must be given.",
    )
    index: Annotated[tuple[PageUrl, ...], BeforeValidator(_listed)] = Field(
        default=(),
        description="A page that links to the articles, or several. The first must be there,"
        " the others may fail. Either this or sitemap must be given.",
    )
    links: Pattern | None = Field(
        default=None,
        description="Which URLs are articles: a regular expression that is searched for in the"
        " absolute URL. Needed with index; with sitemap, none means every page.",
    )
    hosts: tuple[Host, ...] = Field(
        default=(),
        description="Hosts whose pages are read as well. Without any, only those of the host"
        " that sitemap or index is on, with and without www.",
    )
    max_pages: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=50,
        description="How many pages are read in one pass at most; the rest waits for the next.",
    )
    delay: Duration = Field(
        default=timedelta(seconds=1),
        description="The time between two requests; a longer Crawl-delay in robots.txt counts,"
        " up to 30 s.",
    )
    allow_private: bool = Field(
        default=False,
        description="Whether the site may be at a loopback, private or link-local address.",
    )

    @model_validator(mode="after")
    def _name_one_way(self) -> Self:
        if (self.sitemap is None) == (not self.index):
            raise ValueError("give either sitemap or index, one of the two")
        if self.index and self.links is None:
            raise ValueError("index needs links, which says which of the links are articles")
        return self


def make(name: str, settings: Settings, publication: Publication) -> Source:
    """Make the source of one [[sources]] entry."""
    return WebSource(name, settings, publication)


class WebSource:
    """Tells a site's pages, newest first where its sitemap says so.

    Origins are the addresses that the sitemap or index names; an article's guid is its page's
    canonical address. ``sleep`` waits for seconds.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        publication: Publication,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.name = name
        self._settings = settings
        self._zone = publication.timezone
        self._agent = user_agent(publication.base_url)
        self._sleep = sleep
        self._starts = (settings.sitemap,) if settings.sitemap else settings.index
        sites = [*map(site_of, self._starts), *(site_of(f"http://{h}") for h in settings.hosts)]
        self._scope = Scope(sites=frozenset(sites), pattern=settings.links)

    async def articles(self, visit: Visit) -> Telling:
        """Tell what the site has now; see `publisher.ports.Source`.

        All is told only by a plain sitemap that was read whole and of which nothing waits.
        """
        fetcher = Fetcher(
            agent=self._agent,
            allow_private=self._settings.allow_private,
            limits=Limits(body_bytes=MAX_BYTES),
        )
        async with fetcher:
            guest = Guest(
                fetcher,
                name=self.name,
                now=visit.now,
                delay=self._settings.delay,
                sleep=self._sleep,
            )
            read = self._read_sitemap if self._settings.sitemap else self._read_index
            listing = await list_pages(guest, self._starts, read, self._scope, name=self.name)
            for fault in listing.faults:
                yield fault
            reading = Reading(
                guest,
                listing.pages,
                scope=self._scope,
                zone=self._zone,
                most=self._settings.max_pages,
                may_tell_all=listing.is_whole and self._settings.sitemap is not None,
            )
            async with aclosing(reading.tell(visit)) as told:
                async for one in told:
                    yield one

    def _read_sitemap(self, answer: Answer) -> Sitemap:
        return read_sitemap(answer.body, self._zone)

    def _read_index(self, answer: Answer) -> Sitemap:
        assert self._settings.links is not None  # noqa: S101 the settings have seen to it
        links = read_links(page_text(answer), answer.url, self._settings.links, most=MAX_ENTRIES)
        return Sitemap(pages=tuple(Entry(url=link) for link in links))
