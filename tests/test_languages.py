"""Catalogs of translations: where they are looked for, and what a faulty one does (nothing)."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from publisher.render import Templates
from publisher.render.languages import Languages

GERMAN = """
msgid ""
msgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Good day, %(name)s."
msgstr "Guten Tag, %(name)s."

msgid "%(num)s letter for %(name)s"
msgid_plural "%(num)s letters for %(name)s"
msgstr[0] "ein Brief für %(name)s"
msgstr[1] "%(num)s Briefe für %(name)s"
"""
GREETING = '{{ gettext("Good day, %(name)s.", name="Ann") }}'
LETTERS = (
    '{{ ngettext("%(num)s letter for %(name)s", "%(num)s letters for %(name)s", n, name="x") }}'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "locale").mkdir()
    (tmp_path / "email").mkdir()
    return tmp_path


def one(message: str, translation: str) -> str:
    return f'msgid "{message}"\nmsgstr "{translation}"\n'


@pytest.fixture
def catalog(folder: Path) -> Callable[..., Templates]:
    """Make the templates of a site with a catalog in its folder."""

    def write(text: str, tag: str = "de") -> Templates:
        (folder / f"locale/{tag}.po").write_text(text, encoding="utf-8")
        return Templates(folder)

    return write


# --- which catalog ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("pt", "pt"),
        ("pt-BR", "pt-BR"),
        ("PT-br", "pt-BR"),
        ("pt-PT", "pt"),
        ("zh", "zh"),
        ("zh-Hans-SG", "zh"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("pt-x-private", "pt"),
        ("tlh", "tlh"),
        ("tlh-Latn", "tlh"),
        ("nn", "en"),
        ("en-GB", "en"),
        ("", "en"),
        ("../locale/pt", "en"),
    ],
)
def test_catalog_is_that_of_the_tag_or_of_a_wider_one(
    folder: Path, language: str, expected: str
) -> None:
    for tag in ("pt", "pt-BR", "zh", "zh-Hant", "tlh", "en"):
        (folder / f"locale/{tag}.po").write_text(one("English", tag))

    said = Templates(folder).line('{{ gettext("English") }}', language=language)

    assert said == expected


def test_message_that_the_exact_catalog_lacks_is_taken_from_the_wider_one(folder: Path) -> None:
    (folder / "locale/pt-BR.po").write_text(one("One", "BR 1") + one("Two", ""))
    (folder / "locale/pt.po").write_text(one("One", "PT 1") + one("Two", "PT 2"))

    said = Templates(folder).line(
        '{{ gettext("One") }}, {{ gettext("Two") }}, {{ gettext("Three") }}', language="pt-BR"
    )

    assert said == "BR 1, PT 2, Three"


def test_template_without_a_language_is_in_english(catalog: Callable[..., Templates]) -> None:
    said = catalog(GERMAN).line(GREETING)

    assert said == "Good day, Ann."


def test_macro_imported_without_context_speaks_the_language_of_the_page(
    folder: Path, catalog: Callable[..., Templates]
) -> None:
    (folder / "email/part.html").write_text("{% macro greet() %}" + GREETING + "{% endmacro %}")
    (folder / "email/note.html").write_text(
        '{% from "email/part.html" import greet %}{{ greet() }}'
    )
    templates = catalog(GERMAN)

    said = [templates.html("email/note.html", language=tag) for tag in ("de", "en", "de-AT")]

    assert said == ["Guten Tag, Ann.", "Good day, Ann.", "Guten Tag, Ann."]


def test_changed_template_is_read_again_in_every_language(
    folder: Path, catalog: Callable[..., Templates]
) -> None:
    template = folder / "email/note.txt"
    template.write_text("old")
    templates = catalog(GERMAN)
    for tag in ("en", "de"):
        templates.text("email/note.txt", language=tag)
    template.write_text(GREETING + GREETING)

    said = [templates.text("email/note.txt", language=tag) for tag in ("en", "de")]

    assert said == ["Good day, Ann.Good day, Ann.\n", "Guten Tag, Ann.Guten Tag, Ann.\n"]


def test_program_gets_the_sentences_that_templates_get(catalog: Callable[..., Templates]) -> None:
    said = catalog(GERMAN).translated("de-CH").gettext("Good day, %(name)s.")

    assert said == "Guten Tag, %(name)s."


def test_context_parts_messages_of_the_same_words(catalog: Callable[..., Templates]) -> None:
    text = one("May", "Mai") + '\nmsgctxt "verb"\n' + one("May", "Darf")

    said = catalog(text).line(
        '{{ gettext("May") }} {{ pgettext("verb", "May") }} {{ pgettext("name", "May") }}',
        language="de",
    )

    assert said == "Mai Darf May"


def test_trans_block_counts(catalog: Callable[..., Templates]) -> None:
    source = (
        "{% trans num=n, name='x' %}{{ num }} letter for {{ name }}"
        "{% pluralize %}{{ num }} letters for {{ name }}{% endtrans %}"
    )

    said = [catalog(GERMAN).line(source, language="de", n=n) for n in (1, 2000)]

    assert said == ["ein Brief für x", "2.000 Briefe für x"]


# --- numbers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 Briefe"), (1, "ein Brief"), (12345, "12.345 Briefe")]
)
def test_plural_form_and_number_are_of_the_language(
    catalog: Callable[..., Templates], number: int, expected: str
) -> None:
    said = catalog(GERMAN).line(LETTERS, language="de", n=number)

    assert said == f"{expected} für x"


@pytest.mark.parametrize(("number", "expected"), [(1, "1 letter"), (12345, "12,345 letters")])
def test_plural_form_without_a_catalog_is_english(number: int, expected: str) -> None:
    said = Templates(None).line(LETTERS, language="en", n=number)

    assert said == f"{expected} for x"


def test_number_between_counts_of_a_context_is_written_out(
    catalog: Callable[..., Templates],
) -> None:
    text = GERMAN.replace('msgid "%(num)s', 'msgctxt "post"\nmsgid "%(num)s')

    said = catalog(text).line(
        LETTERS.replace("ngettext(", 'npgettext("post", '), language="de", n=2000
    )

    assert said == "2.000 Briefe für x"


# --- hostile values and translations ----------------------------------------------------


def test_value_is_escaped_and_never_read_as_a_format(
    folder: Path, catalog: Callable[..., Templates]
) -> None:
    (folder / "email/note.html").write_text('{{ gettext("Good day, %(name)s.", name=who) }}')
    templates = catalog(GERMAN)

    said = templates.html("email/note.html", language="de", who="100% %(name)s <b> %d {{ 1 }}")

    assert said == "Guten Tag, 100% %(name)s &lt;b&gt; %d {{ 1 }}."


@pytest.mark.parametrize(
    ("message", "translation"),
    [
        ("By %(name)s", "Von %(namen)s"),
        ("By %(name)s", "Von"),
        ("By %(name)s", "Von %(name)"),
        ("By %(name)s", "Von %(name)d"),
        ("By %(name)s", "Von %(name)s, 100%"),
        ("By %(name)s", "Von %(name)s %s"),
        ("By %(name)s", "Von %(name)s %(x)999999999s"),
        ("Half", "50 %"),
        ("Half", "50 %(num)s"),
        ("Half", "<b>halb"),
        ("Half", "a < b"),
        ("Half", "halb & halb"),
        ("Half", "&lt;"),
        ("<b>Half</b>", "<a href='https://example.com'>Halb</a>"),
        ("<b>Half</b>", "<b>Halb<b>"),
    ],
)
def test_translation_of_other_placeholders_or_markup_is_told_and_not_used(
    catalog: Callable[..., Templates], message: str, translation: str
) -> None:
    templates = catalog(one("Other", "Anderes") + one(message, translation))
    source = '{{ gettext("' + message + '", name="Ann") }} {{ gettext("Other") }}'

    with capture_logs() as logs:
        said = templates.line(source, language="de")

    assert said == message.replace("%(name)s", "Ann") + " Anderes"
    (fault,) = templates.check()
    assert fault.startswith(f'locale/de.po:3: "{message}": ')
    assert [(log["event"], log["line"]) for log in logs] == [("translation not used", 3)]


@pytest.mark.parametrize(
    ("message", "translation"),
    [
        ("%(a)s by %(b)s", "%(b)s: %(a)s"),
        ("100%% %(a)s", "%(a)s zu 100%%"),
        ("<b>%(a)s</b> & more", "Mehr & <b>%(a)s</b>"),
    ],
)
def test_translation_may_order_its_parts_as_it_likes(
    catalog: Callable[..., Templates], message: str, translation: str
) -> None:
    templates = catalog(one(message, translation))

    said = templates.line('{{ gettext("' + message + '", a=1, b=2) }}', language="de")

    assert said == translation % {"a": 1, "b": 2}
    assert templates.check() == []


@pytest.mark.parametrize(
    "forms",
    [
        'msgstr[0] "ein Brief für %(name)s"',
        'msgstr[0] "ein Brief"\nmsgstr[1] "%(num)s Briefe"',
        'msgstr[0] "ein Brief für %(name)s"\nmsgstr[1] "%(num)s Briefe für %(nam)s"',
        'msgstr "Briefe für %(name)s"',
    ],
)
def test_translation_with_wrong_plural_forms_is_told_and_not_used(
    catalog: Callable[..., Templates], forms: str
) -> None:
    templates = catalog(GERMAN[: GERMAN.index("msgstr[0]")] + forms)

    said = [templates.line(LETTERS, language="de", n=n) for n in (1, 2)]

    assert said == ["1 letter for x", "2 letters for x"]
    assert templates.check()[0].startswith('locale/de.po:8: "%(num)s letter for %(name)s": ')


def test_translation_that_lacks_a_plural_form_is_told(catalog: Callable[..., Templates]) -> None:
    text = 'msgid "One"\nmsgid_plural "Many"\nmsgstr[0] "Eins"\n'

    faults = catalog(text).check()

    assert faults == ['locale/de.po:1: "One": it wants 2 plural forms']


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("msgid x", "locale/de.po:13: "),
        ('msgstr "no end', "locale/de.po:13: "),
        ('msgid "a"b"', "locale/de.po:13: "),
        ("<<<<<<< HEAD", "locale/de.po:13: "),
        ('msgstr[7] "x"', "locale/de.po"),
    ],
)
def test_catalog_that_cannot_be_read_is_told_and_not_used(
    catalog: Callable[..., Templates], fault: str, told: str
) -> None:
    templates = catalog(GERMAN + "\n" + fault + "\n")

    said = templates.line(GREETING, language="de")

    assert said == "Good day, Ann."
    assert templates.check()[0].startswith(told)


@pytest.mark.parametrize(
    "forms",
    [
        "nplurals=2; plural=n;",
        "nplurals=2; plural=n/0;",
        "nplurals=2; plural=__import__('os');",
        "nplurals=2; plural=" + "(" * 90 + "n" + ")" * 90 + ";",
        "nplurals=2; plural=n*",
        "nplurals=999999999; plural=0;",
        "nplurals=0; plural=0;",
        "nplurals=; plural=0;",
    ],
)
def test_catalog_whose_rule_for_plurals_fails_is_told_and_not_used(
    catalog: Callable[..., Templates], forms: str
) -> None:
    templates = catalog(GERMAN.replace("nplurals=2; plural=(n != 1);", forms))

    said = templates.line(LETTERS, language="de", n=2)

    assert said == "2 letters for x"
    assert len(templates.check()) == 1


def test_rule_for_plurals_that_fails_for_one_number_only_is_english_there(
    catalog: Callable[..., Templates],
) -> None:
    templates = catalog(GERMAN.replace("(n != 1)", "n == 1234 ? n / 0 : 1"))

    said = [templates.line(LETTERS, language="de", n=n) for n in (1234, 1235)]

    assert said == ["1,234 letters for x".replace(",", "."), "1.235 Briefe für x"]


def test_catalog_that_is_not_utf8_is_told_and_not_used(folder: Path) -> None:
    (folder / "locale/de.po").write_bytes(GERMAN.encode("latin-1"))
    templates = Templates(folder)

    said = templates.line(GREETING, language="de")

    assert said == "Good day, Ann."
    assert templates.check() == [f"locale/de.po: it is not UTF-8 at byte {GERMAN.index('ü')}"]


@pytest.mark.parametrize("name", ["german", "de_DE", "d"])
def test_catalog_that_no_language_finds_is_told(
    catalog: Callable[..., Templates], name: str
) -> None:
    (fault,) = catalog(GERMAN, name).check()

    assert fault.startswith(f'locale/{name}.po: "{name}" is not a language tag')


def test_faulty_translation_of_a_site_leaves_the_shipped_one(
    catalog: Callable[..., Templates],
) -> None:
    templates = catalog("msgid x")

    shipped = Templates(None).translated("de")

    assert templates.translated("de").gettext("Unsubscribe") == shipped.gettext("Unsubscribe")


def test_any_damage_to_a_catalog_leaves_words_to_say(folder: Path) -> None:
    """A thousand catalogs with a few characters changed, cut out or doubled."""
    dice = random.Random(5)
    signs = '"\\%()[]<>&#~,:;=\n msgid str 0179\x00\x85\u2028\ud7ff'
    for _ in range(1000):
        text = list(GERMAN)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(text))
            text[at : at + dice.choice((0, 1, 1, 9))] = dice.choices(signs, k=dice.randint(0, 3))
        (folder / "locale/de.po").write_text("".join(text), encoding="utf-8")
        languages = Languages([folder])

        languages.faults()
        with capture_logs():
            german = languages.translations("de")
        said = [
            german.ngettext("%(num)s letter for %(name)s", "%(num)s letters for %(name)s", number)
            % {"num": number, "name": "Ann"}
            for number in (1, 5)
        ]

        assert all("Ann" in each for each in said)
