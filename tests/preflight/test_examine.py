"""How findings are gathered and weighed, and what is judged of an issue as a whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from publisher.config.models import PreflightTable
from publisher.model import Article, Weight
from publisher.preflight import DEFAULTS
from tests.preflight.sample import (
    ARTICLES,
    broken,
    examined,
    made,
    reader,
    rendition,
    rules,
    swap,
)
from tests.rig import samples


def test_config_has_a_key_with_the_same_default_for_each_rule() -> None:
    assert dict(DEFAULTS) == dict(PreflightTable())


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        (Weight.OFF, []),
        (Weight.WARN, [("links", "warn")]),
        (Weight.BLOCK, [("links", "block")]),
    ],
)
def test_config_weighs_a_rule(weight: Weight, expected: list[tuple[str, str]]) -> None:
    said = rendition()
    said = replace(said, html=swap('href="https', 'href="/a" rel="h')(said.html))

    findings = examined(made(said), weights={"links": weight, "text": Weight.OFF})

    assert expected == rules(findings)


def test_slight_flaw_warns_though_its_rule_blocks() -> None:
    said = replace(rendition(), subject="n" * 79)

    assert [("subject", "warn")] == rules(examined(made(said), weights={"subject": Weight.BLOCK}))


def test_what_blocks_comes_first() -> None:
    found = rules(broken(html=swap('lang="en"', ""), subject="n" * 79))

    assert [("language", "block"), ("subject", "warn")] == found


def test_one_fault_of_many_mails_is_told_once() -> None:
    mails = [
        replace(one, message=one.message.replace(b"List-Unsubscribe-Post:", b"X-Post:"))
        for one in made(rendition(), *(reader(n) for n in range(1, 6)))
    ]

    (finding,) = examined(mails)

    assert "the mail to reader1@example.org and 4 more" == finding.where


def test_fault_of_one_rendition_names_it() -> None:
    german = rendition(language="de")
    faulty = replace(german, html=swap('lang="de"', "")(german.html))

    (finding,) = examined([*made(rendition()), *made(faulty)])

    assert "HTML, de" == finding.where


def test_nothing_to_examine_is_no_finding() -> None:
    assert [] == examined([])


@pytest.mark.parametrize("mark", ["{{ name }}", "{% if %}", "{# note #}"])
def test_article_about_templates_is_not_taken_for_one(mark: str) -> None:
    about = (replace(ARTICLES[0], title=f"How to write {mark}"), *ARTICLES[1:])

    assert [] == examined(made(rendition(about), articles=about))


def test_article_called_none_is_not_taken_for_a_lost_value() -> None:
    about = (replace(ARTICLES[0], title="None"), *ARTICLES[1:])

    assert [] == examined(made(rendition(about), articles=about))


@pytest.mark.parametrize(
    ("articles", "words"),
    [
        ((), "there is no article in it"),
        ((ARTICLES[0], ARTICLES[0]), "an article is in it twice"),
        ((ARTICLES[0], replace(ARTICLES[0], id=9)), "2 of its articles have the same address: ht"),
    ],
)
def test_articles(articles: tuple[Article, ...], words: str) -> None:
    said = replace(rendition(), parts=(("digest", tuple(one.id for one in articles)),))

    findings = examined(made(said, articles=articles))

    assert words in str(findings)
    assert {("articles", "block")} == set(rules(findings))


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (49, 100, "49 get it, less than half of the 100 of the last issue"),
        (2001, 1000, "2,001 get it, more than double the 1,000 of the last issue"),
        (0, 1, "0 get it, less than half of the 1 of the last issue"),
    ],
)
def test_audience_that_has_jumped_is_warned_of(now: int, before: int, words: str) -> None:
    (finding,) = examined(made(rendition()), audience=now, last_audience=before)

    assert ("audience", "warn", words) == (finding.rule, finding.weight, finding.words)


@pytest.mark.parametrize(("now", "before"), [(50, 100), (200, 100), (7, None), (None, 7), (7, 0)])
def test_audience_like_the_last_is_well(now: int | None, before: int | None) -> None:
    assert [] == examined(made(rendition()), audience=now, last_audience=before)


def test_site_that_is_tried_out_may_link_to_itself() -> None:
    said = rendition()
    said = replace(said, html=said.html.replace("https://news.example.org", "http://localhost"))
    said = replace(said, text=said.text.replace("https://news.example.org", "http://localhost"))
    here = replace(samples.PUBLICATION, base_url="http://localhost:8000")

    findings = examined(made(said), publication=here, weights={"unsubscribe": Weight.OFF})

    assert [] == [finding for finding in findings if finding.rule == "links"]
