"""The page for a link of a mail that cannot be followed: what to do instead. Nothing has changed.

A link that was not made here is 400, one that was and has ended is 410: only who holds our own
signature learns the difference.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from publisher.errors import TokenEnded, UndoEnded
from publisher.web.site import page, site_of


async def answer(request: Request, error: Exception) -> Response:
    """Answer a request whose token raised TokenError."""
    has_ended = isinstance(error, TokenEnded)
    slug = error.newsletter if isinstance(error, TokenEnded) else None
    newsletter = site_of(request).newsletter(slug) if slug else None
    return page(
        request,
        "badlink",
        {
            "has_ended": has_ended,
            "newsletter": newsletter,
            "undoes": isinstance(error, UndoEnded),
        },
        language=newsletter.language if newsletter else None,
        status=410 if has_ended else 400,
        headers={"Cache-Control": "no-store"},
    )
