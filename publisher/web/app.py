"""The router table, and what becomes of the errors that the pages raise.

Links are made of the publication's ``base_url`` only; what the request says of its host is
never believed, so a poisoned Host header reaches no page, no redirect and no cache.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from publisher.errors import StoreError, TokenError
from publisher.web import (
    api,
    archive,
    badlink,
    caught,
    documents,
    hooks,
    hub,
    issue,
    lists,
    pages,
    people,
    person,
    probes,
    proof,
    signup,
    sitemap,
    websub,
)
from publisher.web.delta import Deltas
from publisher.web.edge import Edge, shortened
from publisher.web.lane import Lane
from publisher.web.memory import Memory
from publisher.web.polls import Polls
from publisher.web.proxies import Unnamed
from publisher.web.serve import behind
from publisher.web.site import Site, not_found
from publisher.web.wording import Afresh

log = structlog.get_logger()

_FORM_BYTES = 64 * 1024
# Hubs send the whole feed.
_DOCUMENT_BYTES = 10 * 1024 * 1024
# A provider sends thousands of events at once.
_EVENTS_BYTES = 5 * 1024 * 1024
_RETRY_SECONDS = "30"


def application(site: Site) -> ASGIApp:
    """Make the application of a site. It keeps nothing outside itself: make one a config."""
    memory, polls = Memory(site), Polls(site.serving.polls, site.clock)
    app = Starlette(
        routes=_routes(site),
        middleware=[Middleware(Edge), Middleware(Unnamed)],
        exception_handlers={
            HTTPException: _refused,
            TokenError: badlink.answer,
            StoreError: _unavailable,
        },
    )
    app.router.redirect_slashes = False  # it would redirect to whatever Host says
    app.state.site = site
    app.state.memory = memory
    app.state.polls = polls
    app.state.deltas = Deltas(site.store, site.publication)
    app.state.afresh = Afresh(site)
    app.state.pace = api.Pace()
    lane = Lane(app, memory, polls)
    proxies = site.serving.trusted_proxies
    return behind(proxies, lane) if proxies else lane


def _routes(site: Site) -> list[Route]:
    """Give every route; of two that match, the first one is meant. HEAD goes with GET."""
    return [
        Route("/", pages.home),
        _open("/feeds/{slug:path}/archive/{page}.{format}", documents.archived),
        _open("/feeds/{slug:path}.{format}", documents.document),
        _open("/feeds/{slug:path}", pages.feed),
        _open("/feeds.opml", lists.outline),
        Route("/feeds.css", lists.stylesheet),
        *(Route(path, lists.usual) for path in lists.USUAL),
        Route("/articles/{slug}", pages.article),
        _form("/newsletters/{slug}", signup.newsletter),
        _form("/newsletters/{slug}/form", signup.framed),
        Route("/newsletters/{slug}/embed", signup.embed),
        Route("/newsletters/{slug}/pages/{page}", archive.newsletter),
        Route("/newsletters/{slug}/issues/{number}", issue.issue),
        _form("/u/{token}", people.unsubscribe),
        _form("/undo/{token}", people.undo),
        _form("/confirm/{token}", people.confirm),
        _form("/preferences/{token}", people.preferences),
        _form("/preferences/{token}/address", person.address),
        _form("/preferences/{token}/data", person.data),
        _form("/preferences/{token}/erase", person.erase),
        _form("/move/{token}", person.move),
        _form("/keep/{token}", person.keep),
        Route("/caught", caught.mails),
        Route("/caught/", caught.mails),
        Route("/caught/{id}.eml", caught.raw),
        Route("/caught/{id}", caught.mail),
        Route("/caught/{id}/html", caught.html),
        Route(
            "/websub/{token}", websub.call, methods=["GET", "POST"], max_body_size=_DOCUMENT_BYTES
        ),
        Route("/healthz", probes.alive),
        Route("/readyz", probes.ready),
        Route("/robots.txt", probes.robots),
        Route("/sitemap.xml", sitemap.whole),
        Route("/sitemaps/{part}.xml", sitemap.part),
        Route("/favicon.ico", probes.favicon),
        *((Route(proof.PATH, proof.challenge),) if site.sign_ups.proof_of_work else ()),
        *(_hub() if site.publication.has_own_hub else ()),
        *(_hooks() if site.hooks else ()),
        *api.routes(has_pushing=site.pushing is not None),
    ]


def _hub() -> list[Route]:
    return [Route("/hub", hub.ask, methods=["POST"], max_body_size=_FORM_BYTES)]


def _hooks() -> list[Route]:
    path = "/hooks/bounces/{name}"
    return [Route(path, hooks.bounces, methods=["POST"], max_body_size=_EVENTS_BYTES)]


def _open(path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    """Route what pages from elsewhere may read."""
    return Route(path, endpoint, methods=["GET", "OPTIONS"])


def _form(path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    return Route(path, endpoint, methods=["GET", "POST"], max_body_size=_FORM_BYTES)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 -- registered for it alone
    if api.is_of(request):
        return api.answered(error)
    if error.status_code == 404:
        return not_found(request)
    return PlainTextResponse(
        f"{error.detail}\n", status_code=error.status_code, headers=error.headers
    )


async def _unavailable(request: Request, error: Exception) -> Response:
    log.error("store not available", path=shortened(request.scope["path"]), reason=str(error))
    words = "The site cannot be read at the moment. Try again shortly."
    headers = {"Retry-After": _RETRY_SECONDS, "Cache-Control": "no-store"}
    if api.is_of(request):
        return api.answered(api.Problem(503, words, headers=headers))
    return PlainTextResponse(f"{words}\n", status_code=503, headers=headers)
