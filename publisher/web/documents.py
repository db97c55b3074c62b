"""Feeds as readers fetch them: bytes made when articles changed, and never on a request.

Most requests never come here: `publisher.web.lane` answers them from memory.
"""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from publisher.model import Feed, Format
from publisher.web import prepare
from publisher.web.answers import Answer, plain_text, preflight, uri
from publisher.web.delta import Deltas
from publisher.web.memory import Kept, memory_of
from publisher.web.negotiation import fields_of
from publisher.web.polls import Polls
from publisher.web.site import not_found, page, site_of

_RETRY_SECONDS = 60
_MOST_LISTED = 100
# What a page of an archive can be called; for any other name nothing is looked up or counted.
_PAGE = re.compile(r"[1-9][0-9]{0,6}(?:-[1-9][0-9]?)?")


async def document(request: Request) -> Response:
    """Answer /feeds/SLUG.FORMAT."""
    slug, format = request.path_params["slug"], request.path_params["format"]
    feed = await sought(request, slug, f".{format}")
    if isinstance(feed, Response):
        return feed
    if format not in feed.formats:
        return await no_feed(request)
    if request.method == "OPTIONS":
        return preflight().response()
    kept = await memory_of(request).feed(feed, Format(format))
    if kept is None:
        return _soon()
    return (await _answer(request, feed, kept)).response()


async def chosen(request: Request, feed: Feed, format: Format) -> Response:
    """Answer /feeds/SLUG to a client that would rather have the feed than its page."""
    kept = await memory_of(request).feed(feed, format)
    if kept is None:
        return _soon()
    if (refusal := _refusal(request, kept.found.path)) is not None:
        return refusal.response()
    site, fields = site_of(request), fields_of(request.scope["headers"])
    made = prepare.feed(kept.found, site.publication, site.serving, chosen=True)
    return (made.unchanged(fields) or made.whole(fields)).response()


async def archived(request: Request) -> Response:
    """Answer /feeds/SLUG/archive/PAGE.FORMAT (RFC 5005 §4)."""
    site, fields = site_of(request), fields_of(request.scope["headers"])
    slug, name, format = (request.path_params[each] for each in ("slug", "page", "format"))
    if not _PAGE.fullmatch(name):
        return not_found(request)
    feed = await sought(request, slug, f"/archive/{name}.{format}")
    if isinstance(feed, Response):
        return feed
    if format not in feed.formats:
        return await no_feed(request)
    if request.method == "OPTIONS":
        return preflight().response()
    if (refusal := _refusal(request)) is not None:
        return refusal.response()
    found = await memory_of(request).archived(feed, name, Format(format))
    if found is None:
        return not_found(request)
    address = f"{site.publication.base_url}{feed.path}/archive/{name}.{format}"
    made = prepare.archived(found, address, site.serving, is_full=name.isdecimal())
    return (made.unchanged(fields) or made.whole(fields)).response()


async def _answer(request: Request, feed: Feed, kept: Kept) -> Answer:
    fields = fields_of(request.scope["headers"])
    deltas: Deltas = request.app.state.deltas
    return (
        _refusal(request)
        or kept.document.unchanged(fields)
        or await deltas.answer(feed, kept.found, fields)
        or kept.document.whole(fields)
    )


def _refusal(request: Request, path: str | None = None) -> Answer | None:
    polls: Polls = request.app.state.polls
    return polls.refusal(request.scope, path)


def _soon() -> Response:
    words = "This feed is being built. Try again in a minute.\n"
    return plain_text(503, words, _RETRY_SECONDS).response()


async def sought(request: Request, slug: str, rest: str) -> Feed | Response:
    """Find the feed of a request; what to answer instead if it has moved, ended or never was.

    ``rest`` is what follows the slug in the address.
    """
    site = site_of(request)
    feed = await site.press.find(slug) or site.press.heir(slug)
    if feed is None:
        return await no_feed(request)
    if feed.is_retired:
        return await no_feed(request, ended=feed)
    if slug in feed.formerly:
        return RedirectResponse(uri(f"{site.publication.base_url}{feed.path}{rest}"), 301)
    return feed


async def no_feed(request: Request, *, ended: Feed | None = None) -> Response:
    """Say that there is no such feed, or no more, and which feeds there are."""
    listed = await memory_of(request).listed()
    shown = {"ended": ended, "feeds": listed[:_MOST_LISTED]}
    return page(request, "no_feed", shown, status=404 if ended is None else 410)
