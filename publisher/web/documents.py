"""Feeds as readers fetch them: bytes made when articles changed, and never on a request."""

from __future__ import annotations

from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from publisher.model import Coding, FeedDocument, Format
from publisher.web.memory import memory_of
from publisher.web.negotiation import known_tag, prefers_gzip
from publisher.web.site import not_found, site_of

_SHARED = {
    "Cache-Control": "public, max-age=300",
    "Vary": "Accept-Encoding",
    # Readers that are web pages may read a feed: it is public, and no cookie goes with it.
    "Access-Control-Allow-Origin": "*",
}
_RETRY_SECONDS = "60"


async def document(request: Request) -> Response:
    """Answer /feeds/SLUG.FORMAT."""
    feed = await site_of(request).press.find(request.path_params["slug"])
    format = request.path_params["format"]
    if feed is None or feed.is_retired or format not in feed.formats:
        return not_found(request)
    found = await memory_of(request).document(feed.slug, Format(format))
    if found is None:
        return PlainTextResponse(
            "This feed is being built. Try again in a minute.\n",
            status_code=503,
            headers={"Retry-After": _RETRY_SECONDS},
        )
    return _answer(request, found)


def _answer(request: Request, found: FeedDocument) -> Response:
    is_packed = prefers_gzip(request.headers)
    # RFC 9110 §8.8.3.3: other coding, other bytes, other strong tag.
    tags = [f'"{found.etag}"', f'"{found.etag}-gzip"']
    if is_packed:
        tags.reverse()
    known = known_tag(request.headers, tags, found.modified)
    if known is not None:
        return Response(status_code=304, headers={"ETag": known, **_SHARED})
    headers = {
        "Content-Type": found.media_type,
        "ETag": tags[0],
        "Last-Modified": format_datetime(found.modified, usegmt=True),
        **_SHARED,
    }
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    return Response(found.packed[Coding.GZIP] if is_packed else found.body, headers=headers)
