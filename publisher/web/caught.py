"""What the capturing mail server caught, for a person who tries a site out.

Mail is as hostile as its sender: its HTML is shown in a frame without script and origin.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from publisher import capture
from publisher.capture import CaughtContent
from publisher.web.site import not_found, page, site_of

_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src * data:; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'"
)


async def mails(request: Request) -> Response:
    """Answer /caught/: the list, newest first."""
    folder = site_of(request).caught
    if folder is None:
        return not_found(request)
    found = await asyncio.to_thread(capture.caught, folder)
    return page(request, "caught", {"mails": found}, language="en")


async def mail(request: Request) -> Response:
    """Answer /caught/ID: one mail, taken apart."""
    content = await _content(request)
    if content is None:
        return not_found(request)
    shown = {"id": request.path_params["id"], "content": content}
    return page(request, "caught_mail", shown, language="en")


async def raw(request: Request) -> Response:
    """Answer /caught/ID.eml: the mail byte for byte, to be kept and opened elsewhere."""
    content = await _content(request)
    if content is None:
        return not_found(request)
    id = request.path_params["id"]
    return Response(
        content.raw,
        media_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="{id}.eml"'},
    )


async def html(request: Request) -> Response:
    """Answer /caught/ID/html: the HTML part by itself."""
    content = await _content(request)
    if content is None or content.html is None:
        return not_found(request)
    return HTMLResponse(content.html, headers={"Content-Security-Policy": _MAIL_POLICY})


async def _content(request: Request) -> CaughtContent | None:
    folder = site_of(request).caught
    if folder is None:
        return None
    return await asyncio.to_thread(capture.read, folder, request.path_params["id"])
