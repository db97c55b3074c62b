"""The pages about what is published: home, a feed for a person, an article without a home."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from publisher.model import ArticleState, Selection
from publisher.render import ArticleView
from publisher.store import articles
from publisher.web.site import Site, not_found, page, site_of

_SHOWN = 20
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


async def home(request: Request) -> Response:
    """Answer /: everything that the site publishes."""
    site = site_of(request)
    return page(
        request,
        "home",
        {
            "feeds": site.press.feeds,
            "newsletters": site.newsletters,
            "articles": await _latest(site, Selection(), _SHOWN),
        },
    )


async def feed(request: Request) -> Response:
    """Answer /feeds/SLUG."""
    site = site_of(request)
    found = await site.press.find(request.path_params["slug"])
    if found is None or found.is_retired:
        return not_found(request)
    latest = await _latest(site, found.select, min(found.limit or _SHOWN, _SHOWN))
    return page(request, "feed", {"feed": found, "articles": latest})


async def article(request: Request) -> Response:
    """Answer /articles/SLUG: the page, or the way to the one elsewhere."""
    site = site_of(request)
    slug = request.path_params["slug"]
    if not _SLUG.fullmatch(slug):
        return not_found(request)
    async with site.store.read() as connection:
        found = await articles.by_slug(connection, slug)
    if found is None or (found.state is ArticleState.LIVE and found.dated > site.clock()):
        return not_found(request)  # what is dated ahead is not out yet, here as in the feeds
    if found.state is not ArticleState.LIVE:
        return not_found(request, status=410)
    if found.url is not None:
        return RedirectResponse(found.url, status_code=301)
    view = ArticleView.of(found, site.publication, site.publication.language)
    return page(request, "article", {"article": view, "feeds": site.press.feeds})


async def _latest(site: Site, select: Selection, limit: int) -> list[ArticleView]:
    """Give the newest articles of a selection, as many as a page shows."""
    async with site.store.read() as connection:
        newest = await articles.newest(connection, select, site.clock(), limit=limit)
    return [ArticleView.of(each, site.publication, site.publication.language) for each in newest]
