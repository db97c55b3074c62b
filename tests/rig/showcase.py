"""Every shipped design of a mail, with what a newsroom would put into it, in three languages.

For who looks at them (docs/screenshots), and for tests that take them as mail programs would.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from publisher.correct.rendition import correction_of
from publisher.mail.slots import Slot, split
from publisher.model import Article, Issue, IssueState, Newsletter, Person, Publication, Rendition
from publisher.render import Templates
from publisher.render.templates import shipped_folder
from publisher.renditions import Part, confirmation, digest, reminder
from tests.rig import samples

_EDITIONS: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("showcase.json").read_text(encoding="utf-8")
)
LANGUAGES = tuple(_EDITIONS)
_FRAME = '{% extends "email/base.html" %}'
_READER = {
    Slot.NAME: "Ann",
    Slot.ADDRESS: "ann@example.org",
    Slot.UNSUBSCRIBE_URL: "https://news.example.org/u/token",
    Slot.PREFERENCES_URL: "https://news.example.org/preferences/token",
    Slot.CONFIRM_URL: "https://news.example.org/confirm/token",
}


def designs() -> list[str]:
    """Name every shipped design: whatever builds on the frame of all mails."""
    folder = shipped_folder(Path(str(resources.files("publisher")))) / "email"
    return sorted(
        file.stem for file in folder.glob("*.html") if _FRAME in file.read_text(encoding="utf-8")
    )


def mails() -> Iterator[tuple[str, str, str]]:
    """Give each design's HTML in each language, as its reader gets it: design, language, HTML."""
    templates = Templates(None)
    for design in designs():
        for language in LANGUAGES:
            yield design, language, _filled(_rendition(templates, design, language).html)


def _rendition(templates: Templates, design: str, language: str) -> Rendition:
    edition = _EDITIONS[language]
    publication = replace(
        samples.PUBLICATION,
        title=edition["publication"],
        postal_address=edition["address"],
        language=language,
    )
    newsletter = replace(
        samples.NEWSLETTER,
        title=edition["newsletter"],
        description=edition["description"],
        language=language,
        template=design,
    )
    now = samples.ISSUE.date
    if design in ("confirm", "subscribed"):
        return (confirmation if design == "confirm" else reminder)(
            templates,
            publication=publication,
            newsletter=newsletter,
            language=language,
            now=now,
        )
    issue = _issue(newsletter, publication)
    if design == "correction":
        return correction_of(
            templates,
            publication=publication,
            newsletter=newsletter,
            issue=issue,
            carrier=issue.id,
            language=language,
            subject=f"{newsletter.title}: {edition['stories'][0]['title']}",
            note=edition["correction"],
            now=now,
        )
    articles = [
        _article(number, story, language) for number, story in enumerate(edition["stories"])
    ]
    if design == "instant":  # which is for one
        articles = articles[:1]
    return digest(
        templates,
        publication=publication,
        issue=issue,
        parts=[Part(newsletter=newsletter, articles=articles)],
        language=language,
        now=now,
    )


def _issue(newsletter: Newsletter, publication: Publication) -> Issue:
    due = samples.ISSUE.date
    return Issue(
        id=1,
        newsletter=newsletter.slug,
        cadence="daily",
        slot=samples.ISSUE.slot,
        due=due,
        number=samples.ISSUE.number,
        state=IssueState.OPEN,
        opens=due,
        approved=False,
        audience=1,
        note="",
        created=due,
    )


def _article(number: int, story: Mapping[str, Any], language: str) -> Article:
    dated = samples.ISSUE.date - timedelta(hours=number + 2)
    return samples.article(
        number + 1,
        story["title"],
        language=language,
        section=story["section"],
        authors=tuple(Person(name=name) for name in story["authors"]),
        summary=story["paragraphs"][0],
        html="".join(map(_block, story["paragraphs"])),
        text="\n\n".join(story["paragraphs"]),
        image=samples.PICTURE if number == 0 else None,
        published=dated,
    )


def _block(paragraph: str) -> str:
    said = f"<p>{escape(paragraph)}</p>"
    return f"<blockquote>{said}</blockquote>" if paragraph.startswith(("“", "«")) else said


def _filled(body: str) -> str:
    return "".join(
        escape(_READER[piece]) if isinstance(piece, Slot) else piece for piece in split(body)
    )
