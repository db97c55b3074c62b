"""What the mails of a newsletter look like: the table of its theme, and the colours that follow.

An admin gives four colours and need know nothing of contrast: all others are made of these, so
that every text can be read on its ground in light and in dark (WCAG 2.2 §1.4.3).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from publisher.config.faults import Faults
from publisher.config.schema import KeyPath
from publisher.config.table import Table
from publisher.config.values import ColourText, FontStack, WebUrl, Whole
from publisher.content import colours
from publisher.content.colours import BLACK, WHITE, Colour
from publisher.model import Palette, Theme

_FONTS = {
    "serif": 'Georgia, "Times New Roman", "Songti SC", "Noto Serif CJK SC", serif',
    "sans": '-apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "PingFang SC",'
    ' "Noto Sans CJK SC", sans-serif',
}
_READABLE = 4.5
_WELL_READABLE = 6.0  # in the dark a colour that is only just light enough looks dull


class PaletteTable(Table):
    """Colours of the dark; each one that is not given follows from the light."""

    accent: ColourText | None = None
    """The colour of buttons and, as far as it can be read, of links and marks."""
    background: ColourText = "#0f0f0e"
    """What lies around the mail."""
    paper: ColourText = "#191918"
    """What the text stands on."""
    ink: ColourText = "#f2f0eb"
    """The colour of headings; that of texts and remarks is made of it."""


class ThemeTable(Table):
    """What a newsletter's mails look like, whatever their template."""

    accent: ColourText = "#9c1f1f"
    """The colour of buttons and, as far as it can be read, of links and marks."""
    background: ColourText = "#f1efea"
    """What lies around the mail."""
    paper: ColourText = "#ffffff"
    """What the text stands on."""
    ink: ColourText = "#1b1a18"
    """The colour of headings; that of texts and remarks is made of it. On the paper it needs a
    contrast of 4.5.
    """
    dark: PaletteTable = PaletteTable()
    """The colours where a reader's device is dark."""
    logo: WebUrl | None = None
    """The address of a picture that stands for the publication's title at the head of a mail."""
    logo_width: Annotated[Whole, Field(ge=16, le=480)] = 200
    """How many pixels wide it is shown; its height follows."""
    font: FontStack = "serif"
    """The font of headings and texts. Mail programs bring none along: name some that readers have.
    """
    width: Annotated[Whole, Field(ge=480, le=700)] = 600
    """How many pixels wide a mail is where there is room."""


def theme(table: ThemeTable) -> Theme:
    """Make the theme of its table."""
    dark, ground = table.dark, _colour(table.dark.paper)
    accent = dark.accent or str(colours.readable(_colour(table.accent), ground, _WELL_READABLE))
    return Theme(
        light=_palette(table.background, table.paper, table.ink, table.accent),
        dark=_palette(dark.background, dark.paper, dark.ink, accent),
        font=_FONTS.get(table.font, table.font),
        width=table.width,
        logo=table.logo,
        logo_width=table.logo_width,
    )


def _palette(background: str, paper: str, ink: str, accent: str) -> Palette:
    front, ground, mark = _colour(ink), _colour(paper), _colour(accent)
    return Palette(
        background=background,
        paper=paper,
        ink=ink,
        text=str(colours.faded(front, ground, 0.12, _READABLE)),
        muted=str(colours.faded(front, ground, 0.3, _READABLE)),
        line=str(colours.faded(front, ground, 0.84)),
        link=str(colours.readable(mark, ground, _READABLE)),
        accent=accent,
        on_accent=str(max(WHITE, BLACK, key=lambda each: _weighed(each, mark))),
    )


def _weighed(front: Colour, ground: Colour) -> float:
    """Weigh a button's text: white, wherever it can be read, is what people expect."""
    ratio = colours.contrast(front, ground)
    return 22.0 if front is WHITE and ratio >= _READABLE else ratio


def check(path: KeyPath, written: Any, faults: Faults) -> None:
    """Note where ink cannot be read on its paper."""
    if not isinstance(written, dict):
        return
    dark = written.get("dark")
    for key, table, model in (
        (path, written, ThemeTable),
        ((*path, "dark"), dark if isinstance(dark, dict) else {}, PaletteTable),
    ):
        ink, paper = (
            colours.read(str(table.get(name, model.model_fields[name].default)))
            for name in ("ink", "paper")
        )
        if ink is None or paper is None:
            continue
        ratio = colours.contrast(ink, paper)
        if ratio < _READABLE:
            faults.add(
                (*key, "ink"),
                f"{ink} on the paper, {paper}, has a contrast of {ratio:.1f}: hard to read",
                f"colours with a contrast of {_READABLE} or more",
            )


def _colour(text: str) -> Colour:
    found = colours.read(text)
    assert found is not None  # noqa: S101 -- the table holds nothing else
    return found
