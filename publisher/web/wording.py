"""What an issue says to everybody: as it was frozen, or afresh if its articles have changed since.

A mail that was sent stays what it is; what everybody may read is corrected, and what was
withdrawn leaves it.
"""

from __future__ import annotations

import asyncio
import html
from collections import OrderedDict
from dataclasses import dataclass
from itertools import groupby

import structlog
from starlette.requests import Request

from publisher.errors import TemplateError
from publisher.mail.slots import Slot, bare, split
from publisher.model import Edits, Newsletter, Rendition
from publisher.renditions import Part, digest
from publisher.store import articles, edits
from publisher.store.edits import About
from publisher.store.faces import Face
from publisher.web.site import Site

log = structlog.get_logger()

_MOST_KEPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Subject and HTML without anything personal."""

    subject: str
    html: str


class Afresh:
    """Renders issues again; one for each application, which keeps what it rendered last."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._rendering = asyncio.Lock()
        self._kept: OrderedDict[int, tuple[Face, Wording]] = OrderedDict()

    async def wording(self, newsletter: Newsletter, face: Face) -> Wording | None:
        """Render what is left of an issue as its articles are now.

        None where that is not called for, since they are as they were; where nothing is left;
        and where the template fails, so that the frozen one has to do.
        """
        if not face.live or not (face.withdrawn or face.edited):
            return None
        known, wording = self._kept.get(face.rendition, (None, None))
        if wording is None or known != face:
            async with self._rendering:
                try:
                    wording = await self._render(newsletter, face)
                except TemplateError as error:
                    log.warning("issue not rendered", issue=face.issue.id, reason=str(error))
                    return None
            self._kept[face.rendition] = face, wording
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return wording

    async def _render(self, newsletter: Newsletter, face: Face) -> Wording:
        site = self._site
        async with site.store.read() as connection:
            found = await articles.by_ids(connection, [one.id for one in face.live])
            decided = await edits.get(connection, About.one(face.issue)) or Edits()
        rendition = await asyncio.to_thread(
            digest,
            site.templates,
            publication=site.publication,
            issue=face.issue,
            parts=[
                Part(
                    newsletter=site.newsletter(slug) or newsletter,
                    articles=[found[one.id] for one in told],
                )
                for slug, told in groupby(face.live, key=lambda one: one.newsletter)
            ],
            language=face.language,
            intro=decided.text,
            now=site.clock(),
        )
        return public(rendition, site)


def public(rendition: Rendition, site: Site) -> Wording:
    """Fill the slots for nobody in particular: links of one's own lead to the newsletter."""
    somebody = site.templates.translated(rendition.language).gettext("a subscriber")
    page = f"{site.publication.base_url}/newsletters/{rendition.newsletter}"
    values = dict.fromkeys(Slot, page) | {Slot.NAME: "", Slot.ADDRESS: somebody}
    return Wording(
        subject=bare(rendition.subject),
        html="".join(
            html.escape(values[piece]) if isinstance(piece, Slot) else piece
            for piece in split(rendition.html)
        ),
    )


def afresh_of(request: Request) -> Afresh:
    """Give what renders issues again in the application that a request was made to."""
    afresh: Afresh = request.app.state.afresh
    return afresh
