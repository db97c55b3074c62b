from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from publisher.model import Issue, IssueState, Rendition
from publisher.render import Templates
from publisher.renditions import Part, digest
from tests.rig import samples

NOW = datetime(2026, 11, 22, 23, tzinfo=UTC)
ISSUE = Issue(
    id=7,
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
)
MORNING = samples.NEWSLETTER
EVENING = replace(MORNING, slug="evening", title="The Evening Tide", max_articles=1)


def made(*parts: Part, **changes: Any) -> Rendition:
    given: dict[str, Any] = {
        "publication": samples.PUBLICATION,
        "issue": ISSUE,
        "parts": parts or [Part(newsletter=MORNING, articles=samples.ARTICLES)],
        "language": "en",
        "now": NOW,
    }
    return digest(Templates(None), **given | changes)


def test_mail_of_several_parts_is_the_first_newsletters() -> None:
    one, two, three = samples.ARTICLES[:3]
    parts = (
        Part(newsletter=MORNING, articles=[one]),
        Part(newsletter=EVENING, articles=[three, two]),
    )

    rendition = made(*parts)

    assert rendition.newsletter == "digest"
    assert rendition.subject == f"The Morning Tide: {one.title}"
    assert rendition.article_ids == (1, 3, 2)


def test_max_articles_is_that_of_each_part() -> None:
    one, two, three = samples.ARTICLES[:3]
    parts = (
        Part(newsletter=MORNING, articles=[one]),
        Part(newsletter=EVENING, articles=[three, two]),
    )

    rendition = made(*parts)

    assert one.url in rendition.text.splitlines()
    assert three.url in rendition.text.splitlines()
    assert two.title not in rendition.text
    assert "And 1 more article" in rendition.text


@pytest.mark.parametrize(
    "other",
    [
        {"language": "de"},
        {"parts": [Part(newsletter=EVENING, articles=samples.ARTICLES)]},
        {"parts": [Part(newsletter=MORNING, articles=samples.ARTICLES[::-1])]},
        {
            "parts": [
                Part(newsletter=MORNING, articles=samples.ARTICLES[:1]),
                Part(newsletter=MORNING, articles=samples.ARTICLES[1:]),
            ]
        },
    ],
)
def test_key_tells_language_newsletters_and_articles_apart(other: dict[str, Any]) -> None:
    keys = {made().key, made(**other).key}

    assert len(keys) == 2


def test_rendition_is_in_the_language_that_is_asked_for() -> None:
    rendition = made(language="de")

    assert rendition.language == "de"
    assert '<html lang="de" dir="ltr"' in rendition.html
    assert "Montag, 23. November 2026" in rendition.text
