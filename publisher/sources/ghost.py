"""The posts of a Ghost site, version 5 or later, by its Content API.

The key of that API opens nothing but what is published. It stands in the query of every URL,
as Ghost asks, and in no message.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from publisher.fetch import Fetcher, user_agent
from publisher.model import Person, Publication, Rejection, SourceArticle
from publisher.ports import Source, Telling, Visit
from publisher.sources._api import (
    JsonApi,
    SiteUrl,
    moment_at,
    tables_at,
    text_at,
    web_url,
)
from publisher.sources._paging import Line, follow, stamp

# Part of every stamp: raise it when a post would be told differently.
_READER_VERSION = 2
# The lowest version of the API that knows what is asked; a newer Ghost answers as well.
_ACCEPT_VERSION = "v5.0"
# As many as Ghost 6 gives at once; a larger number is cut down without a word.
_PAGE = 100
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def _content_key(value: SecretStr) -> SecretStr:
    # The Admin API's key has a colon in it and can do everything: it must not end up here.
    if not re.fullmatch(r"[0-9A-Za-z]+", value.get_secret_value()):
        raise ValueError("is no Content API key; those are letters a-f and digits only")
    return value


class Settings(BaseModel):
    """The keys of a source with kind = "ghost"."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SiteUrl = Field(
        description="The site's address, with its path if it has one, such as"
        " https://example.org/news; where the admin area is on another domain, that domain."
    )
    key: Annotated[SecretStr, AfterValidator(_content_key)] = Field(
        description="The Content API key of a custom integration (Settings, Integrations)."
    )
    members_only: bool = Field(
        default=False,
        description="Whether to take posts that only members may read, too: with their excerpts"
        " and as much of their texts as Ghost shows to everybody.",
    )
    allow_private: bool = Field(
        default=False,
        description="Whether the site may be on a loopback, private or link-local address.",
    )


def make(name: str, settings: Settings, publication: Publication) -> Source:
    """Make the source of one [[sources]] entry."""
    return GhostSource(name, settings, publication)


class GhostSource:
    """Tells a Ghost site's posts in the order of their ids; the origin is ``posts/ID``.

    The guid is the post's uuid, which it keeps when the site moves to another server.
    """

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
                headers={"Accept": "application/json", "Accept-Version": _ACCEPT_VERSION},
                secret=settings.key,
                refusal="the site refuses the key; set key to the Content API key of one of its"
                " custom integrations",
            )
            async with aclosing(follow(visit, _Posts(api, settings))) as pass_:
                async for told in pass_:
                    yield told


class _Posts:
    """The site's posts during one pass: see `publisher.sources._paging.Posts`."""

    # Paging by ids misses nothing.
    is_whole = True

    def __init__(self, api: JsonApi, settings: Settings) -> None:
        self._api = api
        self._settings = settings
        self.scope = f"{_READER_VERSION} {settings.url} {settings.members_only}"

    async def lines(self, since: datetime | None) -> AsyncGenerator[Sequence[Line], None]:
        """List by id, each page from behind the last id of the one before.

        So nothing is skipped or repeated, whatever is published, withdrawn or edited
        meanwhile; a page's number would mean something else after every such change.
        """
        last, is_last = "", False
        while not is_last:
            posts, is_last = await self._page(
                filter=self._filter(since, last),
                fields="id,updated_at,published_at,featured",
                order="id asc",
                limit=str(_PAGE),
            )
            lines = {line.origin: line for line in map(_line, posts)}
            ids = [last, *(line.id for line in lines.values() if line.id)]
            if ids != sorted(set(ids)) or (ids == [last] and not is_last):
                raise self._api.fault(
                    "its posts do not come in the order asked for;"
                    " see whether it is Ghost 5 or later, with nothing before it"
                )
            last = ids[-1]
            yield list(lines.values())

    async def read(self, lines: Sequence[Line]) -> Mapping[str, SourceArticle | Rejection | None]:
        """Ask for whole posts."""
        posts, _ = await self._page(
            filter=f"id:[{','.join(line.id for line in lines)}]",
            include="authors,tags",
            formats="html",
            limit=str(len(lines)),
        )
        found = {_id(post): post for post in posts}
        return {line.origin: self._told(line, found[line.id]) for line in lines if line.id in found}

    def _filter(self, since: datetime | None, last: str) -> str:
        """Write what is asked for in NQL: + is and, a comma is or."""
        terms = [] if self._settings.members_only else ["visibility:public"]
        if since is not None:
            # As the database holds it: SQLite compares such times as texts.
            moment = f"{since:%Y-%m-%d %H:%M:%S}"
            terms.append(f"(updated_at:>'{moment}',published_at:>'{moment}')")
        if last:
            terms.append(f"id:>'{last}'")
        return "+".join(terms)

    async def _page(self, **query: str) -> tuple[list[dict[str, Any]], bool]:
        """Ask for posts; says also whether there are no more of them."""
        asked = {name: value for name, value in query.items() if value}
        asked["key"] = self._settings.key.get_secret_value()
        answer = await self._api.get(
            f"{self._settings.url}/ghost/api/content/posts/?{urlencode(asked)}"
        )
        match answer:
            case {"posts": list(posts), "meta": {"pagination": {"pages": int(pages)}}}:
                # A page is always the first one of what is left.
                return [post if isinstance(post, dict) else {} for post in posts], pages <= 1
        raise self._api.fault(
            "its API answers with something that is no list of posts;"
            " see whether url is that of a Ghost site, version 5 or later"
        )

    def _told(self, line: Line, post: Mapping[str, Any]) -> SourceArticle | Rejection | None:
        if not self._settings.members_only and post.get("visibility", "public") != "public":
            return None
        try:
            return _article(line, post)
        except ValueError as error:
            return Rejection(origin=line.origin, stamp=line.stamp, reason=str(error))


def _id(post: Mapping[str, Any]) -> str:
    """Give the post's id; "" if it has none that can be asked for."""
    id_ = post.get("id")
    return id_ if isinstance(id_, str) and _ID.fullmatch(id_) else ""


def _line(post: Mapping[str, Any]) -> Line:
    id_ = _id(post)
    fault = None if id_ else "the site lists a post without an id; look at its database"
    times = []
    for name in ("updated_at", "published_at"):
        with suppress(ValueError):
            times.append(moment_at(post, name))
    return Line(
        id=id_,
        origin=f"posts/{id_ or '?'}",
        stamp=stamp(_READER_VERSION, id_, post.get("updated_at"), post.get("featured")),
        newest=max(filter(None, times), default=None),
        fault=fault,
    )


def _article(line: Line, post: Mapping[str, Any]) -> SourceArticle:
    """Read a post. Raises ValueError with a sentence."""
    html = text_at(post, "html")
    section = _name(post.get("primary_tag"))
    url = web_url(post.get("canonical_url")) or web_url(post.get("url"))
    return SourceArticle(
        guid=text_at(post, "uuid") or line.id,
        origin=line.origin,
        stamp=line.stamp,
        title=text_at(post, "title"),
        html=html,
        # Ghost's own excerpt is the text's first characters, cut in mid-word.
        summary=text_at(post, "custom_excerpt") or ("" if html else text_at(post, "excerpt")),
        # What no route of the site leads to has this for a URL.
        url=None if url is None or url.endswith("/404/") else url,
        authors=tuple(
            Person(name=name, url=web_url(author.get("url")))
            for author in tables_at(post, "authors")
            if (name := text_at(author, "name"))
        ),
        tags=tuple(tag for tag in map(_name, tables_at(post, "tags")) if tag and tag != section),
        section=section,
        published=moment_at(post, "published_at"),
        updated=moment_at(post, "updated_at"),
        image=web_url(post.get("feature_image")),
        pinned=post.get("featured") is True,
    )


def _name(tag: object) -> str | None:
    """Give a tag's name; None for an internal one, which readers are not meant to see."""
    if not isinstance(tag, dict) or tag.get("visibility", "public") != "public":
        return None
    name = text_at(tag, "name")
    return None if not name or name.startswith("#") else name
