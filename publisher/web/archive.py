"""A newsletter's page and its issues as everybody may read them: nobody's name, nobody's links."""

from __future__ import annotations

import html
import re

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from publisher.mail.slots import Slot, split
from publisher.model import LET_OUT, Newsletter, Publication
from publisher.publish import automatic
from publisher.render import IssueView
from publisher.renditions import issue_url
from publisher.store import issues, renditions
from publisher.web.memory import memory_of
from publisher.web.site import not_found, page, site_of

_LISTED = 100
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
# A mail brings its styles and points at its pictures; it has no use for anything else.
_POLICY = (
    "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)


async def newsletter(request: Request) -> Response:
    """Answer /newsletters/SLUG: what it is, and its latest issues, newest first."""
    site = site_of(request)
    found = site.newsletter(request.path_params["slug"])
    if found is None:
        return not_found(request)
    views = await latest(request, found, _LISTED)
    # Its feed comes to be with its first issue.
    own = [automatic.of_newsletter(found)] if views else []
    return page(
        request,
        "newsletter",
        {"newsletter": found, "issues": views},
        discovered=[*own, *site.press.feeds],
    )


async def latest(request: Request, of: Newsletter, limit: int) -> list[IssueView]:
    """Give the issues of a newsletter that went out last, newest first, at most so many."""
    site = site_of(request)
    async with site.store.read() as connection:
        listed = await issues.listing(connection, newsletter=of.slug, states=LET_OUT, limit=limit)
        return [
            IssueView.of(
                issue,
                of,
                subject=await memory_of(request).subject(connection, issue),
                url=issue_url(site.publication, issue),
            )
            for issue in listed
            if issue.number is not None
        ]


async def issue(request: Request) -> Response:
    """Answer /newsletters/SLUG/issues/NUMBER: the mail that most of its readers got."""
    site = site_of(request)
    found = site.newsletter(request.path_params["slug"])
    number = request.path_params["number"]
    if found is None or not _NUMBER.fullmatch(number):
        return not_found(request)
    async with site.store.read() as connection:
        one = await issues.by_number(connection, found.slug, int(number))
        if one is None or one.state not in LET_OUT:
            return not_found(request)
        rendition = await renditions.largest(connection, one.id)
    if rendition is None:
        return not_found(request)
    return HTMLResponse(
        _anonymous(rendition.html, found, site.publication),
        headers={"Content-Security-Policy": _POLICY},
    )


def _anonymous(rendition: str, of: Newsletter, publication: Publication) -> str:
    """Fill the slots of a rendition for nobody in particular: its links lead to the newsletter."""
    values = dict.fromkeys(Slot, f"{publication.base_url}/newsletters/{of.slug}")
    values |= {Slot.NAME: "", Slot.ADDRESS: "a subscriber"}
    return "".join(
        html.escape(values[piece]) if isinstance(piece, Slot) else piece
        for piece in split(rendition)
    )
