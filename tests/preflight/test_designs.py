"""Every shipped design, as the preflight sees it, in three languages and two directions."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest
from lxml import html as lxml_html  # type: ignore[import-untyped]

from publisher.content import tree
from publisher.mail.slots import START
from publisher.model import Newsletter, Rendition
from publisher.render import Templates
from publisher.renditions import Part, digest
from tests.preflight import sample
from tests.rig import samples

DESIGNS = ("digest", "plain", "full", "instant")
LANGUAGES = ("en", "ar", "zh")


def newsletter(design: str, **changes: object) -> Newsletter:
    return replace(samples.NEWSLETTER, template=design, reading_time=True, **changes)  # type: ignore[arg-type]


@cache
def made(design: str, language: str, *, merged: bool = False) -> Rendition:
    here = newsletter(design)
    parts = [Part(newsletter=here, articles=samples.RICH)]
    if merged:
        evening = newsletter(design, slug="evening", title="The Evening Tide", max_articles=2)
        parts = [
            Part(newsletter=here, articles=samples.RICH[:2]),
            Part(newsletter=evening, articles=samples.RICH[2:]),
        ]
    return digest(
        Templates(None),
        publication=samples.PUBLICATION,
        issue=samples.MADE,
        parts=parts,
        language=language,
        intro="Good **morning**.",
        now=sample.NOW,
    )


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("design", DESIGNS)
def test_nothing_is_wrong_with_a_shipped_design(design: str, language: str, merged: bool) -> None:
    rendition = made(design, language, merged=merged)

    findings = sample.examined(sample.made(rendition, articles=samples.RICH))

    assert [str(one) for one in findings] == []


@pytest.mark.parametrize("design", DESIGNS)
def test_text_part_is_wrapped_and_tidy(design: str) -> None:
    text = made(design, "en").text
    long = [line for line in text.splitlines() if len(line) > 72 and " " in line]

    assert [line for line in long if "://" not in line] == []
    assert not re.search(r"[ \t]$|\n\n\n\n", text, re.MULTILINE)


@pytest.mark.parametrize("design", DESIGNS)
def test_all_that_is_for_its_reader_alone_says_so(design: str) -> None:
    """The page of an issue hides what has the class "personal"."""
    page = tree.parse(made(design, "en").html, is_fragment=False)
    personal = page.find_class("personal")

    for element in personal:
        element.drop_tree()

    assert personal
    assert START not in lxml_html.tostring(page, encoding="unicode")


@pytest.mark.parametrize("design", DESIGNS)
def test_sheet_is_short_enough_for_gmail(design: str) -> None:
    """Gmail drops a sheet of more than 8,192 characters, and with it the dark colours."""
    (sheet,) = re.findall("<style>(.*?)</style>", made(design, "ar").html, re.DOTALL)

    assert len(sheet) < 8192


@pytest.mark.parametrize("design", DESIGNS)
def test_mail_for_outlook_is_as_wide_as_the_theme(design: str) -> None:
    narrow = newsletter(design, theme=replace(samples.NEWSLETTER.theme, width=480))

    html = digest(
        Templates(None),
        publication=samples.PUBLICATION,
        issue=samples.MADE,
        parts=[Part(newsletter=narrow, articles=samples.RICH)],
        language="en",
        now=sample.NOW,
    ).html

    assert '<!--[if mso]><table role="presentation" width="480"' in html
    assert "max-width: 480px" in html
    widths = {int(width) for width in re.findall(r'<img [^>]*width="(\d+)"', html)}
    assert widths == (set() if design == "plain" else {400})


@pytest.mark.parametrize(("design", "letter"), [("digest", "字"), ("full", "كلمة ")])
def test_mail_of_many_long_articles_is_shortened_and_never_clipped(
    design: str, letter: str
) -> None:
    articles = tuple(
        samples.article(
            number,
            (letter * 200)[:200],
            summary=letter * 2000,
            html=f"<p>{letter * 3000}</p>",
            section=f"Section {number}",
            url="https://news.example.org/" + "a" * 200 + str(number),
        )
        for number in range(120)
    )
    many = newsletter(design, max_articles=100)

    rendition = digest(
        Templates(None),
        publication=samples.PUBLICATION,
        issue=samples.MADE,
        parts=[Part(newsletter=many, articles=articles)],
        language="ar",
        now=sample.NOW,
    )

    findings = sample.examined(sample.made(rendition, articles=articles))
    assert [one.rule for one in findings if one.rule not in ("subject", "contrast")] == []
    shown = sum(f'href="{article.url}"' in rendition.html for article in articles)
    assert 0 < shown < 100
    assert sum(f"\n{article.url}\n" in rendition.text for article in articles) == shown
    assert len(rendition.article_ids) == 120
