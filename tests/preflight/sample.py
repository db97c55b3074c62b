"""An issue without a fault, which each test breaks in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from publisher.letters import Letters, Stationery
from publisher.model import (
    Address,
    Article,
    Issue,
    IssueState,
    Rendition,
    Subscription,
    SubscriptionState,
    Weight,
    Wishes,
)
from publisher.preflight import Context, Finding, Specimen, examine, specimens
from publisher.render import Templates
from publisher.renditions import Part, digest
from publisher.store.engine import connect
from publisher.tokens import Tokens
from tests.rig import samples

SECRET = b"s" * 32
TOKENS = Tokens({1: SECRET}, 1)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ARTICLES = (
    replace(samples.ARTICLES[0], image="https://news.example.org/crane.jpg"),
    *samples.ARTICLES[1:],
)
# SpamAssassin takes a second: it has tests of its own.
QUICK = {"spam": Weight.OFF}

Change = Callable[[str], str]


def reader(id: int, name: str = "", mailbox: str | None = None) -> Subscription:
    return Subscription(
        id=id,
        subscriber=id,
        address=Address(mailbox=mailbox or f"reader{id}@example.org", name=name),
        newsletter="digest",
        wishes=Wishes(cadence="daily"),
        state=SubscriptionState.ACTIVE,
        created=NOW,
        confirmed=NOW,
        ended=None,
        ended_by="",
        consent={},
    )


def rendition(articles: tuple[Article, ...] = ARTICLES, language: str = "en") -> Rendition:
    return digest(
        Templates(None),
        publication=samples.PUBLICATION,
        issue=Issue(
            id=1,
            newsletter="digest",
            cadence="daily",
            slot="2026-11-23T07:00",
            due=NOW,
            number=47,
            state=IssueState.HELD,
            opens=NOW,
            approved=True,
            audience=0,
            note="",
            created=NOW,
        ),
        parts=[Part(newsletter=samples.NEWSLETTER, articles=articles)],
        language=language,
        now=NOW,
    )


def letters() -> Letters:
    return Letters(
        connect("sqlite:///:memory:"),
        Stationery(
            publication=samples.PUBLICATION,
            newsletters={"digest": samples.NEWSLETTER},
            tokens=TOKENS,
            secret=SECRET,
            bounce=None,
        ),
    )


def made(
    said: Rendition, *readers: Subscription, articles: tuple[Article, ...] = ARTICLES
) -> list[Specimen]:
    return specimens(
        said,
        newsletter=samples.NEWSLETTER,
        articles=articles,
        readers=readers or [reader(1), reader(2, "Zoë")],
        letters=letters(),
    )


def examined(made: Iterable[Specimen], **changes: Any) -> list[Finding]:
    weights = QUICK | changes.pop("weights", {})
    context = Context(publication=samples.PUBLICATION, tokens=TOKENS, weights=weights)
    return examine(made, replace(context, **changes))


def broken(
    html: Change | None = None, text: Change | None = None, subject: str | None = None
) -> list[Finding]:
    """Break an issue's rendition, and have it examined."""
    said = rendition()
    said = replace(
        said,
        html=html(said.html) if html else said.html,
        text=text(said.text) if text else said.text,
        subject=said.subject if subject is None else subject,
    )
    return examined(made(said))


def damaged(change: Callable[[bytes], bytes], to: int = 1) -> list[Finding]:
    """Change the bytes of one reader's mail, and have the issue examined."""
    return examined(
        replace(one, message=change(one.message)) if one.subscription == to else one
        for one in made(rendition())
    )


def swap(old: str, new: str) -> Change:
    """Change a text in one place, which must be there."""

    def change(body: str) -> str:
        assert old in body, old
        return body.replace(old, new, 1)

    return change


def rules(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(finding.rule, finding.weight.value) for finding in findings]
