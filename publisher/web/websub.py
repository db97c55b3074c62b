"""Where the hubs of upstream feeds call: to make sure that we asked, and when there is news."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from publisher.store import hubs, sources
from publisher.store.hubs import HubSubscription
from publisher.web.site import not_found, site_of

log = structlog.get_logger()

# WebSub §7: the methods that a hub may sign with. SHA-1 is left out, as it is broken.
_METHODS = ("sha256", "sha384", "sha512")
_LONGEST_LEASE = timedelta(days=90)
_SHORTEST_LEASE = timedelta(minutes=5)


async def call(request: Request) -> Response:
    """Answer /websub/TOKEN: GET verifies what we asked for, POST tells of news."""
    site = site_of(request)
    async with site.store.read() as connection:
        asked = await hubs.by_token(connection, request.path_params["token"])
    if asked is None:
        return not_found(request)
    if request.method == "POST":
        return await _told(request, asked)
    return await _verify(request, asked)


async def _verify(request: Request, asked: HubSubscription) -> Response:
    """Confirm a subscription that we asked for (WebSub §5.3), or note that it was refused."""
    site, query = site_of(request), request.query_params
    if query.get("hub.topic") != asked.topic:
        return not_found(request)
    if query.get("hub.mode") == "denied":
        async with site.store.write() as connection:
            await hubs.deny(connection, asked.token, query.get("hub.reason", "")[:500])
        log.warning("hub denied", source=asked.source, hub=asked.hub)
        return PlainTextResponse("")
    challenge, lease = query.get("hub.challenge"), query.get("hub.lease_seconds", "")
    # Nothing here ever asks a hub to unsubscribe: whoever says so is not believed.
    if query.get("hub.mode") != "subscribe" or not challenge:
        return not_found(request)
    seconds = int(lease) if lease.isascii() and lease.isdecimal() and len(lease) < 10 else 86400
    span = min(max(timedelta(seconds=seconds), _SHORTEST_LEASE), _LONGEST_LEASE)
    async with site.store.write() as connection:
        await hubs.confirm(connection, asked.token, site.clock() + span)
    log.info("hub confirmed", source=asked.source, hub=asked.hub, days=span / timedelta(days=1))
    return PlainTextResponse(challenge)


async def _told(request: Request, asked: HubSubscription) -> Response:
    """Have the source asked at once, if it is the hub that speaks (WebSub §7.1).

    A wrong signature gets the same answer: nobody is told what would be right.
    """
    site = site_of(request)
    method, _, signature = request.headers.get("x-hub-signature", "").partition("=")
    body = await request.body()
    if method in _METHODS and hmac.compare_digest(
        hmac.new(asked.secret.encode(), body, getattr(hashlib, method)).hexdigest().encode(),
        signature.strip().lower().encode(),
    ):
        async with site.store.write() as connection:
            await sources.ask_soon(connection, asked.source, site.clock())
        log.info("hub told of news", source=asked.source)
    else:
        log.warning("hub's signature is wrong", source=asked.source)
    return Response(status_code=202)
