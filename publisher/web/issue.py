"""One issue as everybody may read it: the mail in a frame of ours, and nothing personal."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from publisher.content.markdown import markdown_to_html
from publisher.content.plain import plain_text
from publisher.content.sanitise import sanitise
from publisher.model import LET_OUT, Article, Issue, Newsletter, Publication
from publisher.publish import automatic
from publisher.render import IssueView
from publisher.render.filters import direction, excerpt
from publisher.renditions import issue_url
from publisher.store import articles, corrections, faces, issues, renditions
from publisher.store.corrections import Correction
from publisher.store.faces import Face
from publisher.web import prepare
from publisher.web.answers import Document
from publisher.web.mailpage import MailPage
from publisher.web.memory import memory_of
from publisher.web.negotiation import fields_of
from publisher.web.site import Site, not_found, site_of
from publisher.web.wording import Wording, afresh_of, public

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_DESCRIPTION_COLUMNS = 200
# A mail brings its styles and points at its pictures; it has no use for anything else.
_POLICY = (
    "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_Beside = tuple[Issue | None, Issue | None]


async def issue(request: Request) -> Response:
    """Answer /newsletters/SLUG/issues/NUMBER: the mail, without what was withdrawn since."""
    site = site_of(request)
    newsletter = site.newsletter(request.path_params["slug"])
    number = request.path_params["number"]
    if newsletter is None or not _NUMBER.fullmatch(number):
        return not_found(request)
    async with site.store.read() as connection:
        one = await issues.by_number(connection, newsletter.slug, int(number))
        if one is None or one.state not in LET_OUT:
            return not_found(request)
        found = await faces.of(connection, [one], newsletter.language)
        beside = await issues.beside(connection, one)
        correction = await corrections.of_issue(connection, one.id)
    if not found:
        return not_found(request)
    (face,) = found
    if not face.live:
        return not_found(request, status=410)
    wording = await afresh_of(request).wording(newsletter, face)

    async def make() -> Document:
        return await _made(site, newsletter, face, wording, beside, correction)

    made_from = (face, wording, beside, correction)
    made = await memory_of(request).page(request.url.path, made_from, make)
    fields = fields_of(request.scope["headers"])
    return (made.unchanged(fields) or made.whole(fields)).response()


async def _made(
    site: Site,
    newsletter: Newsletter,
    face: Face,
    wording: Wording | None,
    beside: _Beside,
    correction: Correction | None,
) -> Document:
    async with site.store.read() as connection:
        if wording is None:
            wording = public(await renditions.get(connection, face.rendition), site)
        by_id = await articles.by_ids(connection, [one.id for one in face.live])
    told = [by_id[one.id] for one in face.live][: newsletter.max_articles]
    return await asyncio.to_thread(
        _document, site, newsletter, face, wording, beside, correction, told
    )


def _document(
    site: Site,
    newsletter: Newsletter,
    face: Face,
    wording: Wording,
    beside: _Beside,
    correction: Correction | None,
    told: Sequence[Article],
) -> Document:
    """Put the page together and pack it. Takes its time: call it in a thread."""
    language = face.language
    before, behind = (
        one and IssueView.of(one, newsletter, url=issue_url(site.publication, one))
        for one in beside
    )
    html = site.templates.html(
        "web/issue.html",
        publication=site.publication,
        language=language,
        newsletter=newsletter,
        discovered=[automatic.of_newsletter(newsletter)],
        mail=MailPage.cut(wording.html, language, direction(language)),
        issue=IssueView.of(
            face.issue,
            newsletter,
            subject=wording.subject,
            url=issue_url(site.publication, face.issue),
        ),
        description=_description(told),
        image=next((one.image for one in told if one.image), ""),
        modified=face.edited,
        withdrawn=face.withdrawn,
        correction=correction,
        note=_note(correction, site.publication),
        previous=before,
        next=behind,
        structured=_structured(site.publication, newsletter, face, wording, correction, told),
    )
    # The links to its neighbours are of the page, too.
    opened = [one.opens for one in (face.issue, *beside) if one is not None]
    corrected = correction.created if correction else None
    modified = max(filter(None, [*opened, face.edited, corrected])).replace(microsecond=0)
    return prepare.page(html, modified=modified, policy=_POLICY, serving=site.serving)


def _note(correction: Correction | None, publication: Publication) -> Markup:
    html = markdown_to_html(correction.note) if correction else ""
    return Markup(sanitise(html, publication.base_url))  # noqa: S704


def _description(told: Sequence[Article]) -> str:
    """Say in a sentence what it is about: what mail programs show beside the subject."""
    titles = " · ".join(article.title for article in told)
    return excerpt(told[0].summary or titles, _DESCRIPTION_COLUMNS)


def _structured(
    publication: Publication,
    newsletter: Newsletter,
    face: Face,
    wording: Wording,
    correction: Correction | None,
    told: Sequence[Article],
) -> dict[str, Any]:
    """Tell search engines the same in their own words (schema.org), as JSON-LD."""
    index = f"{publication.base_url}/newsletters/{newsletter.slug}"
    corrected = correction and {
        "correction": {
            "@type": "CorrectionComment",
            "text": plain_text(_note(correction, publication)),
            "datePublished": _written(correction.created),
        }
    }
    return (corrected or {}) | {
        "@context": "https://schema.org",
        "@type": "PublicationIssue",
        "url": issue_url(publication, face.issue),
        "name": wording.subject,
        "issueNumber": face.issue.number,
        "inLanguage": face.language,
        "datePublished": _written(face.issue.opens),
        "dateModified": _written(face.edited or face.issue.opens),
        "isPartOf": {
            "@type": "Periodical",
            "name": newsletter.title,
            "url": index,
            "publisher": {
                "@type": "Organization",
                "name": publication.title,
                "url": f"{publication.base_url}/",
            },
        },
        "hasPart": [
            {
                "@type": "Article",
                "headline": article.title,
                "url": publication.article_url(article),
                "datePublished": _written(article.dated),
            }
            for article in told
        ],
    }


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
