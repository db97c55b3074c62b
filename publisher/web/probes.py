"""What programs ask of a site before they use it: is it alive, is it able, what may they fetch."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from publisher.store import keys
from publisher.web.site import site_of

# What belongs to one person, or to the person who tries the site out, is for no index.
_ROBOTS = """\
User-agent: *
Disallow: /u/
Disallow: /confirm/
Disallow: /preferences/
Disallow: /websub/
Disallow: /caught
"""


async def alive(_request: Request) -> Response:
    """Answer /healthz: the process answers."""
    return PlainTextResponse("alive\n", headers={"Cache-Control": "no-store"})


async def ready(request: Request) -> Response:
    """Answer /readyz: the database answers too. A StoreError becomes 503 as on every page."""
    async with site_of(request).store.read() as connection:
        await keys.load(connection)
    return PlainTextResponse("ready\n", headers={"Cache-Control": "no-store"})


async def robots(request: Request) -> Response:
    """Answer /robots.txt (RFC 9309)."""
    base_url = site_of(request).publication.base_url
    return PlainTextResponse(
        f"{_ROBOTS}\nSitemap: {base_url}/sitemap.xml\n",
        headers={"Cache-Control": "public, max-age=86400"},
    )


async def favicon(_request: Request) -> Response:
    """Answer /favicon.ico with nothing: browsers and readers ask once a day instead of always."""
    return Response(status_code=204, headers={"Cache-Control": "public, max-age=86400"})
