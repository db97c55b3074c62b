"""The posts of a WordPress site, version 5.7 or later, by its REST API."""

from __future__ import annotations

import re
from base64 import b64encode
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Self
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from publisher.fetch import Answer, Fetcher, user_agent
from publisher.model import Publication, Rejection, SourceArticle
from publisher.ports import Source, Telling, Visit
from publisher.sources._api import JsonApi, SiteUrl
from publisher.sources._paging import Line, follow
from publisher.sources._wordpress import READER_VERSION, is_open, read_line, read_post

# The most that the API gives at once (400 for a larger number).
_PAGE = 100
# How often one list may have to be looked at again from further back.
_MOST_GAPS = 20
_MOST_POSTS = 1_000_000

# The REST API's two doors: the second is the one that works without pretty permalinks.
_DOORS = {"path": "/wp-json/wp/v2/{}?", "query": "/?rest_route=/wp/v2/{}&"}

_RestBase = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9_-]+\z")]


class Settings(BaseModel):
    """The keys of a source with kind = "wordpress"."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SiteUrl = Field(
        description="The site's address, with its path if it has one, such as"
        " https://example.org/blog."
    )
    types: Annotated[tuple[_RestBase, ...], Field(min_length=1)] = Field(
        default=("posts",),
        description="What is taken: the REST bases of post types, such as posts, pages, or that"
        " of a custom type.",
    )
    username: str | None = Field(
        default=None,
        min_length=1,
        description="Who asks, at a site whose API is not open to everybody; together with"
        " password.",
    )
    password: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="An application password of that user (Users, Profile); never the one for"
        " logging in. It is sent to this site only.",
    )
    allow_private: bool = Field(
        default=False,
        description="Whether the site may be on a loopback, private or link-local address, and"
        " a password may be sent without TLS.",
    )

    @model_validator(mode="after")
    def _is_login_usable(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together; set both or neither")
        if self.username is None:
            return self
        if ":" in self.username:  # RFC 7617 §2
            raise ValueError("the username has a colon in it, which no login can have")
        if not self.url.startswith("https://") and not self.allow_private:
            raise ValueError("a password would be sent for all to read; write url with https://")
        return self


def make(name: str, settings: Settings, publication: Publication) -> Source:
    """Make the source of one [[sources]] entry."""
    return WordPressSource(name, settings, publication)


class WordPressSource:
    """Tells a WordPress site's posts, type by type and by id; the origin is ``TYPE/ID``."""

    def __init__(self, name: str, settings: Settings, publication: Publication) -> None:
        self.name = name
        self._settings = settings
        self._agent = user_agent(publication.base_url)

    async def articles(self, visit: Visit) -> Telling:
        """Tell what has changed, once a day all there is; see `publisher.ports.Source`."""
        settings = self._settings
        async with Fetcher(agent=self._agent, allow_private=settings.allow_private) as fetcher:
            api = JsonApi(
                fetcher,
                name=self.name,
                now=visit.now,
                headers={"Accept": "application/json"} | _login(settings),
                secret=settings.password,
                refusal="the site refuses username and password; make a new application password"
                if settings.password
                else "its API is not open to everybody; set username, and an application"
                " password as password",
            )
            posts = _Posts(api, settings, door=visit.memory.get("door", "path"))
            async with aclosing(follow(visit, posts)) as pass_:
                async for told in pass_:
                    yield told
            visit.memory["door"] = posts.door


def _login(settings: Settings) -> dict[str, str]:
    if settings.username is None or settings.password is None:
        return {}
    login = f"{settings.username}:{settings.password.get_secret_value()}"
    return {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}  # RFC 7617 §2


class _Posts:
    """The site's posts during one pass: see `publisher.sources._paging.Posts`.

    ``door`` is the one of _DOORS behind which the API was last found.
    """

    def __init__(self, api: JsonApi, settings: Settings, *, door: str) -> None:
        self._api = api
        self._url = settings.url
        self._types = settings.types
        self._is_found = False
        self.door = door
        self.is_whole = True
        self.scope = f"{READER_VERSION} {settings.url} {' '.join(settings.types)}"

    async def lines(self, since: datetime | None) -> AsyncGenerator[Sequence[Line], None]:
        """List one type after the other.

        A post whose time comes is published without its time of change being touched
        (WordPress ticket 26980), so that what is dated after ``since`` is asked for as well.
        """
        queries: list[dict[str, str]] = [{}]
        if since is not None:
            # With its zone: one without is taken for the site's own time.
            moment = f"{since:%Y-%m-%dT%H:%M:%SZ}"
            queries = [{"modified_after": moment}, {"after": moment}]
        for kind in dict.fromkeys(self._types):
            listed: set[str] = set()
            for query in queries:
                async with aclosing(self._windows(kind, query)) as windows:
                    async for lines in windows:
                        yield [line for line in lines if line.origin not in listed]
                        if since is not None:
                            listed.update(line.origin for line in lines)

    async def _windows(
        self, kind: str, query: Mapping[str, str]
    ) -> AsyncGenerator[Sequence[Line], None]:
        """List one type by id, in windows that begin with the last post of the one before.

        With numbered pages a post is skipped whenever one in front of it goes while they are
        read; in the order of change every edit does that. Here such a window does not begin
        with something already seen, and is moved back.
        """
        seen: set[str] = set()
        offset = gaps = 0
        while True:
            posts, total = await self._ask(
                kind,
                **query,
                _fields="id,date_gmt,modified_gmt,status,sticky,content.protected",
                orderby="id",
                order="asc",
                offset=str(offset),
                per_page=str(_PAGE),
            )
            read = [(read_line(kind, post), post) for post in posts]
            lines = {line.origin: line for line, _ in read}
            if offset and next(iter(lines), None) not in seen:
                gaps += 1
                if gaps <= _MOST_GAPS:
                    offset = max(0, offset - _PAGE // 2)
                    continue
                self.is_whole = False  # a site that keeps to no order
            is_open_there = {line.origin: is_open(post) for line, post in read}
            fresh = [line for origin, line in lines.items() if origin not in seen]
            yield [line for line in fresh if is_open_there[line.origin]]
            seen.update(lines)
            is_last = len(posts) < _PAGE if total is None else offset + _PAGE >= total
            if is_last or not fresh:
                self.is_whole = self.is_whole and total is not None and len(seen) >= total
                return
            if len(seen) > _MOST_POSTS:
                raise self._api.fault(f'there are more than {_MOST_POSTS:,} of its "{kind}"')
            offset += _PAGE - 1

    async def read(self, lines: Sequence[Line]) -> Mapping[str, SourceArticle | Rejection | None]:
        """Ask for whole posts of one type, as all lines of a page are."""
        kind = lines[0].origin.partition("/")[0]
        posts, _ = await self._ask(
            kind,
            include=",".join(line.id for line in lines),
            per_page=str(len(lines)),
            _embed="author,wp:term,wp:featuredmedia",
        )
        found = {read_line(kind, post).origin: post for post in posts}
        return {
            line.origin: read_post(line, found[line.origin])
            for line in lines
            if line.origin in found
        }

    async def _ask(self, kind: str, **query: str) -> tuple[list[dict[str, Any]], int | None]:
        """Ask for posts; gives also how many there are in all, None if it is not said."""
        answer = await self._knock(kind, urlencode(query))
        if answer.status == HTTPStatus.NOT_FOUND and _is_json(answer):
            raise self._api.fault(
                f'the site has no "{kind}" in its REST API; set types to REST bases, such as posts'
            )
        data = await self._api.read(answer)
        if not isinstance(data, list):
            raise self._api.fault("the site's API answers with something that is no list of posts")
        total = answer.headers.get("x-wp-total", "")
        return (
            [post if isinstance(post, dict) else {} for post in data],
            int(total) if re.fullmatch(r"[0-9]{1,9}", total) else None,
        )

    async def _knock(self, kind: str, query: str) -> Answer:
        """Ask at the door where the API was last found, else at the other."""
        doors = [self.door] if self._is_found else sorted(_DOORS, key=lambda d: d != self.door)
        for door in doors:
            answer = await self._api.ask(f"{self._url}{_DOORS[door].format(kind)}{query}")
            # A page for people is what a site gives where the API is not.
            if self._is_found or _is_json(answer) or not _may_be_page(answer):
                self.door, self._is_found = door, True
                return answer
        raise self._api.fault(
            f"no WordPress REST API is found at {self._url}; see whether url is right, and"
            " whether a plugin has switched the API off"
        )


def _may_be_page(answer: Answer) -> bool:
    return answer.is_good or answer.status == HTTPStatus.NOT_FOUND


def _is_json(answer: Answer) -> bool:
    # A plugin's file that was saved with a byte order mark puts it before everything.
    return answer.body.removeprefix(BOM_UTF8).lstrip()[:1] in (b"[", b"{")
