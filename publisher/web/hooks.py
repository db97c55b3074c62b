"""Where providers tell what became of our mails: /hooks/bounces/NAME.

What proves nothing is refused and counted, and changes nothing (A32). What cannot be recorded now
is answered so that it comes again.
"""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from publisher.errors import FetchError
from publisher.providers import Posted, Unreadable, Unsigned
from publisher.web.site import not_found, site_of

log = structlog.get_logger()

_HEADERS = {"Cache-Control": "no-store"}


async def bounces(request: Request) -> Response:
    """Answer POST /hooks/bounces/NAME."""
    hooks, name = site_of(request).hooks, request.path_params["name"]
    if hooks is None or name not in hooks.providers:
        return not_found(request)
    posted = Posted(
        headers={key.lower(): value for key, value in request.headers.items()},
        body=await request.body(),
    )
    try:
        await hooks.hear(name, posted)
    except Unsigned as error:
        log.warning("events refused", provider=name, reason=str(error))
        return _said("What was posted is not signed.", error.status)
    except Unreadable as error:
        log.warning("events not understood", provider=name, reason=str(error))
        return _said("What was posted cannot be read.", 400)
    except FetchError as error:
        log.warning("events not verified, they come again", provider=name, reason=str(error))
        return _said("The signature cannot be checked now.", 503)
    return _said("Recorded.", 200)


def _said(words: str, status: int) -> PlainTextResponse:
    headers = dict(_HEADERS)
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="bounces"'  # RFC 7617 §2
    return PlainTextResponse(f"{words}\n", status, headers)
