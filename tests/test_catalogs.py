"""The shipped catalogs: complete, and written as each language is."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from gettext import c2py

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from markupsafe import escape

from publisher.model import Wishes
from publisher.render import Templates
from publisher.render.filters import locale
from publisher.render.languages import Languages
from publisher.renditions import confirmation
from scripts.messages import CATALOGS, extracted, updated
from tests.rig import samples

TAGS = ["ar", "de", "es", "fr", "ja", "pt", "ru", "zh", "zh-Hant"]

# What is the same word in both languages.
SAME = {
    "de": {"Feeds", "Feed", "Newsletter", "Pause"},
    "fr": {"Newsletter", "Newsletters", "Pause"},
    "pt": {"Feeds", "Feed", "Newsletter", "Newsletters"},
}
# How a sentence may end, and a question, in the language; English is for all that is not named.
ENDS = {
    ".": {"zh": "。", "zh-Hant": "。", "ja": "。"},
    ":": {"fr": "\u00a0:", "zh": "：", "zh-Hant": "：", "ja": "："},  # noqa: RUF001
    "?": {"fr": "\u202f?", "ar": "؟", "zh": "？", "zh-Hant": "？", "ja": "？"},  # noqa: RUF001
}


@pytest.fixture(scope="module")
def messages() -> Catalog:
    return extracted()


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates(None)


@pytest.fixture(params=TAGS)
def tag(request: pytest.FixtureRequest) -> str:
    tag: str = request.param
    return tag


def pairs(tag: str) -> list[tuple[str, str]]:
    """Every message, each plural form by itself, beside what it stands for."""
    text = (CATALOGS / f"{tag}.po").read_text(encoding="utf-8")
    return [
        (forms(message.id)[-1], said)
        for message in read_po(io.StringIO(text))
        if message.id
        for said in forms(message.string)
    ]


def forms(said: str | Sequence[str | None] | None) -> list[str]:
    return [said] if isinstance(said, str) else [each or "" for each in said or ()]


def test_these_languages_are_shipped() -> None:
    assert sorted(file.stem for file in CATALOGS.iterdir()) == TAGS


def test_catalog_has_exactly_the_messages_that_are_said(tag: str, messages: Catalog) -> None:
    """If not: `make messages`."""
    text = (CATALOGS / f"{tag}.po").read_text(encoding="utf-8")

    assert updated(text, tag, messages) == text


def test_every_message_is_translated(tag: str) -> None:
    missing = [message for message, said in pairs(tag) if not said.strip()]

    assert missing == []


def test_no_translation_is_marked_as_doubtful(tag: str) -> None:
    assert "fuzzy" not in (CATALOGS / f"{tag}.po").read_text(encoding="utf-8")


def test_no_translation_is_faulty() -> None:
    assert Languages([CATALOGS.parent]).faults() == []


def test_nothing_is_left_in_english(tag: str) -> None:
    same = {said for message, said in pairs(tag) if said == message}

    assert same == SAME.get(tag, set())


def test_number_is_told_by_every_form_of_many_numbers(tag: str, templates: Templates) -> None:
    """A form for one number may have a word for it: "the latest issue"."""
    text = (CATALOGS / f"{tag}.po").read_text(encoding="utf-8")
    spoken = templates.translated(tag)
    silent = [
        message.id[1]
        for message in read_po(io.StringIO(text))
        if message.pluralizable
        for number in range(3, 200)
        if "%(num)s" not in spoken.ngettext(message.id[0], message.id[1], number)
    ]

    assert silent == []


def test_plural_forms_stand_in_the_order_of_cldr(tag: str) -> None:
    """Zero, one, two, few, many, other, as far as numbers need them: translators count on it."""
    catalog = read_po(io.StringIO((CATALOGS / f"{tag}.po").read_text(encoding="utf-8")))
    form, names = c2py(catalog.plural_expr), locale(tag).plural_form
    in_order = [
        name
        for name in ("zero", "one", "two", "few", "many", "other")
        if name in {names(number) for number in range(200)}
    ]

    wrong = [number for number in range(200) if in_order[form(number)] != names(number)]

    assert (wrong, catalog.num_plurals) == ([], len(in_order))


def test_sentences_end_as_the_language_ends_them(tag: str) -> None:
    wrong = [
        said
        for message, said in pairs(tag)
        for english, ends in ENDS.items()
        if said.endswith(ends.get(tag, english)) != message.endswith(english)
    ]

    assert wrong == []


def test_blanks_are_single_and_within(tag: str) -> None:
    wrong = [said for _, said in pairs(tag) if said != " ".join(said.split(" ")) or "  " in said]
    outside = [said for _, said in pairs(tag) if said != said.strip()]

    assert (wrong, outside) == ([], [])


def test_quotes_and_apostrophes_are_typographic(tag: str) -> None:
    typed = [said for _, said in pairs(tag) if re.search("[\"'`]", said)]

    assert typed == []


def test_french_ties_its_marks_to_the_word() -> None:
    loose = [
        said
        for _, said in pairs("fr")
        if re.search("[^\u00a0][:»]|[^\u202f][;!?]|«[^\u00a0]", said)
    ]

    assert loose == []


@pytest.mark.parametrize("tag", ["zh", "zh-Hant", "ja"])
def test_marks_are_full_width_among_wide_characters(tag: str) -> None:
    half = [
        said for _, said in pairs(tag) if re.search("[\u3041-\u30ff\u4e00-\u9fff][,.:;!?(]", said)
    ]

    assert half == []


@pytest.mark.parametrize(
    ("tag", "script"),
    [("ar", "[\u0621-\u064a]"), ("ru", "[\u0430-\u044f]"), ("ja", "[\u3041-\u30ff\u4e00-\u9fff]")]
    + [(tag, "[\u4e00-\u9fff]") for tag in ("zh", "zh-Hant")],
)
def test_every_translation_is_in_the_script_of_the_language(tag: str, script: str) -> None:
    strange = [said for _, said in pairs(tag) if not re.search(script, said.lower())]

    assert strange == (["№\u00a0%(number)s"] if tag == "ru" else [])


def test_simplified_and_traditional_characters_are_kept_apart() -> None:
    simplified = "".join(said for _, said in pairs("zh"))
    traditional = "".join(said for _, said in pairs("zh-Hant"))

    assert not set("閱訂郵時間設關從將網") & set(simplified)
    assert not set("阅订邮时间设关从将网") & set(traditional)


@pytest.mark.parametrize(
    ("tag", "number", "expected"),
    [
        ("ar", 0, "تضم أحدث 0 عدد."),
        ("ar", 1, "تضم أحدث عدد."),
        ("ar", 2, "تضم أحدث عددين."),
        ("ar", 3, "تضم أحدث 3 أعداد."),
        ("ar", 11, "تضم أحدث 11 عددًا."),
        ("ar", 100, "تضم أحدث 100 عدد."),
        ("ru", 21, "В ленте последний 21 выпуск."),  # noqa: RUF001
        ("ru", 22, "В ленте последние 22 выпуска."),  # noqa: RUF001
        ("ru", 1012, "В ленте последние 1 012 выпусков."),  # noqa: RUF001
        ("fr", 0, "Il contient le dernier numéro."),
        ("de", 1000, "Er enthält die neuesten 1.000 Ausgaben."),
        ("ja", 1, "最新の1号が含まれています。"),
    ],
)
def test_counted_things_take_the_form_of_their_number(
    tag: str, number: int, expected: str, templates: Templates
) -> None:
    source = (
        '{{ ngettext("It holds the latest issue.", "It holds the latest %(num)s issues.", n) }}'
    )

    said = templates.line(source, language=tag, n=number)

    assert said == expected


def test_confirmation_is_in_the_language_that_it_is_asked_for(templates: Templates) -> None:
    newsletter = replace(samples.NEWSLETTER, title="100% %(title)s")

    mail = confirmation(
        templates,
        publication=samples.PUBLICATION,
        newsletter=newsletter,
        language="de-AT",
        now=datetime(2026, 11, 23, tzinfo=UTC),
    )

    assert mail.subject == "Bitte bestätigen: 100% %(title)s"
    assert '<html lang="de-AT" dir="ltr"' in mail.html
    assert "Abonnement bestätigen</a>" in mail.html
    assert "brauchen Sie nichts zu tun" in mail.text


def test_no_sentence_of_a_digest_is_left_in_english(tag: str, templates: Templates) -> None:
    context = samples.digest(tag, articles=(samples.article(1, "1", summary="", language=tag),))

    html = templates.html("email/digest.html", **context)
    text = templates.text("email/digest.txt", **context)

    english = (
        "Read on|You get|It was sent|Unsubscribe|Preferences|View in|more article|By |No\\.|Monday"
    )
    assert re.findall(english, html + text) == []
    assert f'<html lang="{tag}"' in html


@pytest.mark.parametrize(
    "name",
    [
        "email/confirm.html",
        "email/confirm.txt",
        "email/move.txt",
        "email/moved.txt",
        "web/preferences.html",
    ],
)
def test_hostile_title_is_printed_as_it_is_in_every_language(
    tag: str, name: str, templates: Templates
) -> None:
    title = "100% %(title)s %s <b>{{ 1 }}"
    context = {
        "publication": samples.PUBLICATION,
        "newsletter": replace(samples.NEWSLETTER, title=title),
        "language": tag,
        "discovered": [],
        "subject": title,
        "preheader": "",
        "confirm_url": "https://news.example.org/confirm/token",
        "address": "a@example.org",
        "wishes": Wishes(cadence="daily"),
        "languages": [],
        "zones": [],
        "pause": "",
        "tomorrow": "2026-11-24",
        "is_saved": True,
        "unsubscribe_url": "/u/token",
        "here": "/preferences/token",
        "url": "https://news.example.org/move/token",
        "is_known": False,
    }

    said = templates.html(name, **context)

    wanted = title if name.endswith(".txt") else str(escape(title))
    assert wanted in " ".join(said.split())
    assert ("<b>" in said) == name.endswith(".txt")
