"""What mails look like, as the config says it: colours that can be read, whatever is given."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.config import Config
from publisher.config.looks import PaletteTable, ThemeTable, theme
from publisher.content import colours
from publisher.content.colours import Colour
from publisher.model import Excerpt, ExcerptKind, Newsletter, Palette, Theme

Read = Callable[..., Config]
Faulty = Callable[..., list[str]]

NEWSLETTER = """
[[newsletters]]
slug = "digest"
title = "The Digest"
from = "news@example.org"
cadences = { daily = { cron = "@daily" }, instant = { template = "instant" } }
"""
RELAY = """
[smtp.main]
host = "mail.example.org"
"""


def written(read: Read, minimal: str, keys: str) -> Newsletter:
    return read(f"{minimal}{NEWSLETTER}{keys}{RELAY}").newsletters[0]


def colour(text: str) -> Colour:
    found = colours.read(text)
    assert found
    return found


def ratios(palette: Palette) -> dict[str, float]:
    paper = colour(palette.paper)
    on_paper = {
        name: colours.contrast(colour(getattr(palette, name)), paper)
        for name in ("ink", "text", "muted", "link")
    }
    button = colours.contrast(colour(palette.on_accent), colour(palette.accent))
    return on_paper | {"button": button}


def test_without_a_theme_it_is_ours(read: Read, minimal: str) -> None:
    assert written(read, minimal, "").theme == Theme()


def test_theme_is_what_is_written(read: Read, minimal: str) -> None:
    made = written(
        read,
        minimal,
        "[newsletters.theme]\n"
        'accent = "#0B5FFF"\nfont = "sans"\nwidth = 640\nlogo = "https://e.org/l.png"\n'
        'dark = { paper = "#102030" }\n',
    ).theme

    assert (made.light.accent, made.light.link, made.width) == ("#0b5fff", "#0b5fff", 640)
    assert made.font.endswith("sans-serif")
    assert (made.logo, made.logo_width) == ("https://e.org/l.png", 200)
    assert made.dark.paper == "#102030"


def test_font_of_a_name_goes_into_css_as_it_is(read: Read, minimal: str) -> None:
    keys = """[newsletters.theme]\nfont = "Charter, 'Bitstream Charter', serif"\n"""

    assert written(read, minimal, keys).theme.font == 'Charter, "Bitstream Charter", serif'


hexes = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


@given(accent=hexes, paper=hexes, dark=hexes)
@example(accent="#000000", paper="#000000", dark="#0b73b3")  # 4.498 when written in whole numbers
def test_every_text_can_be_read_whatever_the_accent_and_paper(
    accent: str, paper: str, dark: str
) -> None:
    """WCAG 2.2 §1.4.3: at least 4.5 to 1; a config with unreadable ink is not loaded."""
    inks = [
        max("#000000", "#ffffff", key=lambda ink: colours.contrast(colour(ink), colour(each)))
        for each in (paper, dark)
    ]

    made = theme(
        ThemeTable(
            accent=accent,
            paper=paper,
            ink=inks[0],
            dark=PaletteTable(paper=dark, ink=inks[1]),
        )
    )

    poor = {
        name: ratio
        for palette in (made.light, made.dark)
        for name, ratio in ratios(palette).items()
        if ratio < 4.5
    }
    assert poor == {}


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        (
            'ink = "#999999"',
            "newsletters.digest.theme.ink: #999999 on the paper, #ffffff, has a contrast of 2.8:"
            " hard to read, allowed: colours with a contrast of 4.5 or more",
        ),
        (
            'dark = { paper = "#cccccc" }',
            "newsletters.digest.theme.dark.ink: #f2f0eb on the paper, #cccccc, has a contrast of"
            " 1.4: hard to read, allowed: colours with a contrast of 4.5 or more",
        ),
        (
            'accent = "red"',
            'newsletters.digest.theme.accent: "red" is not a colour,'
            " allowed: # and six hexadecimal digits, such as #9c1f1f",
        ),
        (
            'font = "x; } body { display: none"',
            'newsletters.digest.theme.font: "x; } body { display: none" is not a list of fonts,'
            ' allowed: "serif", "sans", or names as CSS has them,'
            ' such as "Charter, Georgia, serif"',
        ),
        (
            """font = "Bird's Nest, serif\"""",
            'newsletters.digest.theme.font: "Bird\'s Nest, serif" is not a list of fonts,'
            ' allowed: "serif", "sans", or names as CSS has them,'
            ' such as "Charter, Georgia, serif"',
        ),
        (
            "width = 900",
            "newsletters.digest.theme.width: 900 is not allowed,"
            " allowed: a whole number from 480 to 700",
        ),
    ],
)
def test_what_cannot_be_read_or_shown_is_a_fault(
    faults_of: Faulty, minimal: str, keys: str, fault: str
) -> None:
    faults = faults_of(f"{minimal}{NEWSLETTER}[newsletters.theme]\n{keys}\n{RELAY}")

    assert faults == [fault]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("summary", Excerpt(kind=ExcerptKind.SUMMARY)),
        ("first-paragraph", Excerpt(kind=ExcerptKind.FIRST_PARAGRAPH)),
        ("full", Excerpt(kind=ExcerptKind.FULL)),
        ("60 words", Excerpt(kind=ExcerptKind.WORDS, words=60)),
    ],
)
def test_excerpt_is_read(read: Read, minimal: str, text: str, expected: Excerpt) -> None:
    assert written(read, minimal, f'excerpt = "{text}"\n').excerpt == expected


@pytest.mark.parametrize("text", ["words", "0 words", "1000 words", "sixty words", "paragraph"])
def test_excerpt_that_is_none_is_a_fault(faults_of: Faulty, minimal: str, text: str) -> None:
    faults = faults_of(f'{minimal}{NEWSLETTER}excerpt = "{text}"\n{RELAY}')

    assert faults == [
        f'newsletters.digest.excerpt: "{text}" is not understood, allowed: "summary",'
        ' "first-paragraph", "full", or so many words, such as "60 words"'
    ]


def test_cadence_may_have_a_template_of_its_own(read: Read, minimal: str) -> None:
    made = written(read, minimal, 'template = "plain"\ngroup_by = "none"\nreading_time = true\n')

    assert [made.template_of(name) for name in ("instant", "daily", "gone")] == [
        "instant",
        "plain",
        "plain",
    ]
    assert (made.by_section, made.reading_time) == (False, True)
