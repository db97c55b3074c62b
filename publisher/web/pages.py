"""The pages about what is published: home, a feed for a person, an article without a home."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from publisher import formats
from publisher.model import ArticleState, Feed, Publication, Selection
from publisher.publish.automatic import ISSUES
from publisher.render import ArticleView
from publisher.store import articles
from publisher.web import documents
from publisher.web.answers import preflight
from publisher.web.archive import latest
from publisher.web.negotiation import fields_of, wanted_format
from publisher.web.site import Site, not_found, page, site_of

_SHOWN = 20
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Where readers on the web take the address of a feed to subscribe to.
_READERS = {
    "Feedly": "https://feedly.com/i/subscription/feed%2F",
    "Inoreader": "https://www.inoreader.com/?add_feed=",
    "NewsBlur": "https://www.newsblur.com/?url=",
    "The Old Reader": "https://theoldreader.com/feeds/subscribe?url=",
}


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
    """Answer /feeds/SLUG: a page, or the feed to a client that would rather have it."""
    site = site_of(request)
    found = await documents.sought(request, request.path_params["slug"], "")
    if isinstance(found, Response):
        return found
    if request.method == "OPTIONS":
        return preflight().response()
    accept = fields_of(request.scope["headers"]).get(b"accept", b"")
    format = wanted_format(accept, found.formats)
    if format is not None:
        return await documents.chosen(request, found, format)
    shown = min(found.limit or _SHOWN, _SHOWN)
    kind, _, key = found.slug.partition("/")
    newsletter = site.newsletter(key) if kind == ISSUES else None
    about = {
        "feed": found,
        "readers": _readers(found, site.publication),
        "newsletter": newsletter,
        "issues": await latest(request, newsletter, shown) if newsletter else [],
        "articles": [] if newsletter else await _latest(site, found.select, shown),
    }
    # Caches are told of both, whichever this one is.
    headers = {"Vary": "Accept"}
    return page(request, "feed", about, headers=headers, discovered=[found], script="copy.js")


def _readers(feed: Feed, publication: Publication) -> dict[str, str]:
    """Map the names of readers to where one subscribes with them to a feed's first format."""
    address = publication.base_url + formats.path(feed, feed.formats[0])
    return {name: start + quote(address, safe="") for name, start in _READERS.items()}


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
    return page(request, "article", {"article": view})


async def _latest(site: Site, select: Selection, limit: int) -> list[ArticleView]:
    """Give the newest articles of a selection, as many as a page shows."""
    async with site.store.read() as connection:
        newest = await articles.newest(connection, select, site.clock(), limit=limit)
    return [ArticleView.of(each, site.publication, site.publication.language) for each in newest]
