"""A newsletter's page: what it is, and all of its issues, page by page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from publisher.mail.slots import bare
from publisher.model import Newsletter
from publisher.publish import automatic
from publisher.renditions import issue_url
from publisher.store import faces, issues
from publisher.store.faces import Face
from publisher.web.blank import blank
from publisher.web.site import not_found, page, site_of
from publisher.web.wording import afresh_of

_LISTED = 30
_TITLES = 4
_PAGE = re.compile(r"[2-9]|[1-9][0-9]{1,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An issue in a list. ``titles`` are those of its first articles that its subject does not
    name. ``url`` is "" where all of its articles have been withdrawn.
    """

    number: int | None
    cadence: str
    date: datetime
    subject: str
    titles: tuple[str, ...]
    url: str


async def newsletter(request: Request) -> Response:
    """Answer /newsletters/SLUG, and /newsletters/SLUG/pages/PAGE from the second page on."""
    site = site_of(request)
    found = site.newsletter(request.path_params["slug"])
    name = request.path_params.get("page")
    if found is None or (name is not None and not _PAGE.fullmatch(name)):
        return not_found(request)
    number = 1 if name is None else int(name)
    async with site.store.read() as connection:
        listed = await issues.out(
            connection, found.slug, limit=_LISTED, offset=(number - 1) * _LISTED
        )
        is_all = number == 1 and len(listed) < _LISTED
        count = len(listed) if is_all else await issues.count_out(connection, [found.slug])
        looks = await faces.of(connection, listed, found.language)
    if not listed and number > 1:
        return not_found(request)
    # Its feed comes to be with its first issue.
    own = [automatic.of_newsletter(found)] if listed else []
    form = blank(request, found) if number == 1 and found.is_public else None
    script = form.script if form else None
    return page(
        request,
        "newsletter",
        {
            "newsletter": found,
            "issues": [await _row(request, found, face) for face in looks],
            "page": number,
            "pages": pages(count),
            "form": form,
        },
        discovered=[*own, *site.press.feeds],
        language=found.language,
        script=script,
        fetches=script is not None,
    )


def pages(count: int) -> int:
    """Say how many pages so many issues fill."""
    return max(1, -(-count // _LISTED))


async def latest(request: Request, of: Newsletter, limit: int) -> list[Row]:
    """List the issues of a newsletter that went out last, newest first, at most so many."""
    async with site_of(request).store.read() as connection:
        listed = await issues.out(connection, of.slug, limit=limit)
        looks = await faces.of(connection, listed, of.language)
    return [await _row(request, of, face) for face in looks]


async def _row(request: Request, of: Newsletter, face: Face) -> Row:
    site = site_of(request)
    wording = await afresh_of(request).wording(of, face)
    subject = bare(face.subject) if wording is None else wording.subject
    titles = [one.title for one in face.live if one.title not in subject]
    return Row(
        number=face.issue.number,
        cadence=face.issue.cadence,
        date=face.issue.due.astimezone(of.timezone),
        # Here everything is from the newsletter, so that it goes without saying.
        subject=subject.removeprefix(f"{of.title}: ") if face.live else "",
        titles=tuple(titles[:_TITLES]),
        url=issue_url(site.publication, face.issue) if face.live else "",
    )
