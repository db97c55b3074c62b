"""The next issue in a browser on this machine, shown afresh whenever something changes.

Each request looks at the site anew, and closes it again: there is no state that a fault could
spoil, so that the next good save of a template or of the config brings the mail back. It listens
on loopback only. A page from elsewhere, whose name is made to lead to this machine (DNS
rebinding), names itself in its requests and is refused.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from publisher.preview.page import Asked, Part, shown
from publisher.preview.watching import watching
from publisher.render import Templates
from publisher.web.edge import Edge
from publisher.web.serve import serve

HOST = "127.0.0.1"
_OURS = ["127.0.0.1", "localhost"]
_LOOK_SECONDS = 0.5


async def show(
    config_path: Path,
    newsletter: str,
    port: int,
    *,
    stop: asyncio.Event,
    started: Callable[[int], None],
) -> None:
    """Show a newsletter's next issue until ``stop`` is set; ``started`` is told the port.

    Raises PublisherError when nothing can listen there.
    """
    app = application(config_path, newsletter, stop)
    remedy = "choose another one with --port"
    await serve(app, HOST, port, stop=stop, started=started, remedy=remedy)


def application(config_path: Path, newsletter: str, stop: asyncio.Event) -> ASGIApp:
    """Make the application. What is told of changes ends when ``stop`` is set."""
    # Not the site's own: a fault in one of those is to be shown, not to be met.
    templates = Templates(None)
    script = templates.html("preview/page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    headers = {
        # The frame of a mail has this policy too: pictures may stand anywhere, no script runs.
        "Content-Security-Policy": (
            f"default-src 'none'; script-src 'sha256-{digest}'; connect-src 'self'; "
            "style-src 'unsafe-inline'; img-src * data:; media-src *; form-action 'self'; "
            "frame-ancestors 'none'; base-uri 'none'"
        ),
        "Cache-Control": "no-store",
    }

    async def page(request: Request) -> Response:
        asked = Asked.of(request.query_params)
        async with watching(config_path) as mark:
            seen = await mark()  # before looking: what changes meanwhile is looked at again
        found = await shown(config_path, newsletter, asked)
        context = {"slug": newsletter, "asked": asked, "seen": seen, "shown": found}
        html = templates.html("preview/page.html", language="en", parts=list(Part), **context)
        return HTMLResponse(html, headers=headers)

    async def raw(request: Request) -> Response:
        found = await shown(config_path, newsletter, Asked.of(request.query_params))
        if found.mail is None:
            return PlainTextResponse("There is no mail to show.\n", status_code=404)
        named = {"Content-Disposition": f'attachment; filename="{newsletter}-{found.cadence}.eml"'}
        return Response(found.mail.raw, media_type="message/rfc822", headers=headers | named)

    async def changes(request: Request) -> Response:
        events = _changes(config_path, request.query_params.get("seen", ""), stop)
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/message.eml", raw),
            Route("/changes", changes),
        ],
        middleware=[
            Middleware(Edge),
            Middleware(TrustedHostMiddleware, allowed_hosts=_OURS, www_redirect=False),
        ],
    )


async def _changes(config_path: Path, seen: str, stop: asyncio.Event) -> AsyncIterator[str]:
    """Say once that something is not as it was seen: who listens then asks for it all."""
    yield ": watching\n\n"
    async with watching(config_path) as mark:
        while not stop.is_set():
            if await mark() != seen:
                yield "data: changed\n\n"
                return
            try:
                await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
            except TimeoutError:
                continue
