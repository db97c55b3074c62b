"""What is about all feeds: their list, how they look in a browser, where they are looked for."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from publisher.model import Format
from publisher.web import prepare
from publisher.web.answers import preflight, uri
from publisher.web.memory import memory_of
from publisher.web.negotiation import fields_of
from publisher.web.site import not_found, site_of

# Where people, and programs that guess, look for the feed of a site.
USUAL = {
    "/feed": tuple(Format),
    "/rss.xml": (Format.RSS,),
    "/atom.xml": (Format.ATOM,),
    "/feed.json": (Format.JSON,),
}


async def outline(request: Request) -> Response:
    """Answer /feeds.opml."""
    if request.method == "OPTIONS":
        return preflight().response()
    made, fields = await memory_of(request).outline(), fields_of(request.scope["headers"])
    return (made.unchanged(fields) or made.whole(fields)).response()


async def stylesheet(request: Request) -> Response:
    """Answer /feeds.css: what an XML feed looks like in a browser."""
    fields = fields_of(request.scope["headers"])
    site = site_of(request)
    css = site.templates.html("web/feeds.css", language=site.publication.language)
    made = prepare.stylesheet(css)
    return (made.unchanged(fields) or made.whole(fields)).response()


async def usual(request: Request) -> Response:
    """Lead from where feeds are looked for to the first one in such a format."""
    site = site_of(request)
    formats = USUAL[request.scope["path"]]
    for feed in site.press.feeds:
        for format in feed.formats:
            if format in formats:
                address = f"{site.publication.base_url}{feed.path}.{format}"
                return RedirectResponse(uri(address), status_code=301)
    return not_found(request)
