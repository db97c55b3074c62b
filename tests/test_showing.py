from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from publisher.content.mailable import Words
from publisher.model import Article, Excerpt, ExcerptKind
from publisher.render import PartView
from publisher.room import Extent
from publisher.showing import Part, Showing
from tests.rig import samples

ONE = "It was the first rule of its kind. Nobody had asked for it before."
TEXT = f"{ONE}\n\nThen came the second paragraph."


def shown(
    *articles: Article, extent: Extent = samples.WHOLE, template: str = "digest", **changes: Any
) -> PartView:
    newsletter = replace(samples.NEWSLETTER, **changes)
    showing = Showing(
        publication=samples.PUBLICATION,
        newsletter=newsletter,
        template=template,
        language="en",
        words=Words(video="", audio=""),
    )
    (part,) = showing.parts([Part(newsletter=newsletter, articles=articles)], extent)
    return part


@pytest.mark.parametrize(
    ("kind", "words", "expected"),
    [
        (ExcerptKind.SUMMARY, 0, "In short."),
        (ExcerptKind.FIRST_PARAGRAPH, 0, ONE),
        (ExcerptKind.WORDS, 12, "It was the first rule of its kind."),
    ],
)
def test_excerpt_is_what_the_newsletter_says(kind: ExcerptKind, words: int, expected: str) -> None:
    article = samples.article(1, "Title", summary="In short.", text=TEXT)

    part = shown(article, excerpt=Excerpt(kind=kind, words=words))

    assert (part.articles[0].excerpt, part.articles[0].is_whole) == (expected, False)


@pytest.mark.parametrize(
    ("template", "rule", "expected"),
    [
        ("digest", None, False),
        ("full", None, True),
        ("instant", None, True),
        ("digest", ExcerptKind.FULL, True),
        ("full", ExcerptKind.SUMMARY, False),
    ],
)
def test_whole_texts_are_shown_by_rule_or_by_what_the_template_is_for(
    template: str, rule: ExcerptKind | None, expected: bool
) -> None:
    article = samples.article(1, "Title")
    excerpt = None if rule is None else Excerpt(kind=rule)

    part = shown(article, template=template, excerpt=excerpt)

    assert part.articles[0].is_whole is expected
    assert bool(part.articles[0].html) is expected


def test_article_without_a_text_is_never_whole() -> None:
    part = shown(samples.article(1, "Title", html="", text=""), template="full")

    assert not part.articles[0].is_whole
    assert part.articles[0].excerpt


def test_only_as_much_is_shown_as_the_mail_extends() -> None:
    articles = [samples.article(number, f"{number}") for number in range(1, 6)]

    part = shown(*articles, template="full", extent=Extent(1, 3))

    assert [article.is_whole for article in part.articles] == [True, False, False]
    assert part.more == 2


def test_sections_keep_together_or_not_as_the_newsletter_says() -> None:
    articles = [
        samples.article(number, f"{number}", section=section)
        for number, section in enumerate(("Ports", "Rails", None, "ports"))
    ]

    together, apart = (shown(*articles, by_section=each) for each in (True, False))

    assert [(group.title, len(group.articles)) for group in together.groups] == [
        ("Ports", 2),
        ("Rails", 1),
        ("", 1),
    ]
    assert [(group.title, len(group.articles)) for group in apart.groups] == [("", 4)]
    assert [article.title for article in apart.articles] == ["0", "1", "2", "3"]


def test_minutes_are_told_only_where_they_are_wanted() -> None:
    article = samples.article(1, "Title", text="word " * 1150)

    told = [shown(article, reading_time=each).articles[0].reading_minutes for each in (True, False)]

    assert told == [5, 0]


def test_picture_is_as_the_text_tells_and_not_shown_twice() -> None:
    url = "https://news.example.org/crane.jpg"
    html = f'<p><img src="{url}" alt="A crane" width="800" height="600"></p>'
    article = samples.article(1, "Title", image=url, html=html)

    excerpt, whole = (shown(article, template=each).articles[0] for each in ("digest", "full"))

    assert (excerpt.image, excerpt.image_alt) == (url, "A crane")
    assert (excerpt.image_width, excerpt.image_height) == (800, 600)
    assert whole.image == ""
