"""Whether text can be read on its ground, computed from the styles that stand on elements.

Mails have their sheet inlined, so that what an element says by itself, and what it inherits,
is nearly all there is. The scheme is the light one; media queries are not looked at. Text on a
picture or a gradient is left to the eye.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from publisher.content import colours
from publisher.content.colours import Colour
from publisher.content.tree import Element
from publisher.preflight.finding import Flaw
from publisher.preflight.specimen import Context, Reading

_DECLARATION = re.compile(r"""([-\w]+)\s*:\s*((?:[^;"'(]|"[^"]*"|'[^']*'|\([^()]*\))*)""")
_LENGTH = re.compile(r"([\d.]+)(px|pt|em|rem|%)")
_PIXELS = {"px": 1.0, "pt": 4 / 3, "rem": 16.0}
_HEADINGS = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h4": 1.0, "h5": 0.83, "h6": 0.67}
_BOLD = frozenset(_HEADINGS) | {"b", "strong", "th"}
_BLACK, _WHITE, _LINK = Colour(0, 0, 0), Colour(255, 255, 255), Colour(0, 0, 238)
_UNSEEN = frozenset({"head", "style", "script", "title", "template"})

_LARGE, _LARGE_BOLD = 24.0, 18.66  # 18 and 14 points
_RATIO, _LARGE_RATIO = 4.5, 3.0


@dataclass(frozen=True, slots=True)
class _Look:
    """How text looks where we are; ``ground`` is None on a picture."""

    colour: Colour = _BLACK
    ground: Colour | None = _WHITE
    pixels: float = 16.0
    is_bold: bool = False
    is_seen: bool = True

    @property
    def least(self) -> float:
        is_large = self.pixels >= (_LARGE_BOLD if self.is_bold else _LARGE)
        return _LARGE_RATIO if is_large else _RATIO


def contrast(reading: Reading, _: Context) -> Iterator[Flaw]:
    """Text stands out from its ground by WCAG's level AA."""
    poor: dict[tuple[str, str], list[tuple[str, _Look, float]]] = {}
    for text, look in _texts(reading.page):
        if look.ground is None:
            continue
        colour = look.colour.over(look.ground)
        ratio = colours.contrast(colour, look.ground)
        if ratio < look.least:
            poor.setdefault((str(colour), str(look.ground)), []).append((text, look, ratio))
    for (front, ground), places in poor.items():
        text, look, ratio = places[0]
        more = f", and {len(places) - 1} more texts" if len(places) > 1 else ""
        yield Flaw(
            f"{front} on {ground} has a contrast of {ratio:.1f}, and {look.least:g} is needed:"
            f" “{text[:60]}”{more}",
            reading.place("HTML"),
        )


def _texts(page: Element) -> Iterator[tuple[str, _Look]]:
    """Give each text that is seen, with its look, in no particular order."""
    pending = [(page, _Look())]
    while pending:
        element, around = pending.pop()
        look = _looks(element, around)
        if not look.is_seen:
            continue
        if text := (element.text or "").strip():
            yield text, look
        for child in element:
            if isinstance(child.tag, str):
                pending.append((child, look))
            if tail := (child.tail or "").strip():
                yield tail, look


def _looks(element: Element, around: _Look) -> _Look:
    if element.tag in _UNSEEN:
        return replace(around, is_seen=False)
    styles = {
        name.lower(): value.replace("!important", "").strip().lower()
        for name, value in _DECLARATION.findall(element.get("style", ""))
    }
    pixels = _pixels(styles.get("font-size", ""), element, around.pixels)
    return _Look(
        colour=_colour(element, styles, around.colour),
        ground=_ground(element, styles, around.ground),
        pixels=pixels,
        is_bold=_is_bold(element, styles, around),
        is_seen=pixels > 1
        and styles.get("display") != "none"
        and styles.get("visibility") != "hidden"
        and styles.get("opacity") not in ("0", "0.0"),
    )


def _colour(element: Element, styles: dict[str, str], around: Colour) -> Colour:
    told = styles.get("color") or element.get("color", "")
    if not told and element.tag == "a" and element.get("href"):
        return _LINK  # as browsers have it
    return colours.read(told) or around


def _ground(element: Element, styles: dict[str, str], around: Colour | None) -> Colour | None:
    if element.get("background") or any(
        mark in styles.get(name, "")
        for name in ("background", "background-image")
        for mark in ("url(", "gradient(")
    ):
        return None
    told = styles.get("background-color") or styles.get("background") or element.get("bgcolor", "")
    colour = colours.within(told)
    if colour is None or colour.opacity == 0:
        return around
    return colour if colour.opacity == 1 else around and colour.over(around)


def _pixels(told: str, element: Element, around: float) -> float:
    found = _LENGTH.match(told)
    if found is None or not found[1].replace(".", "", 1).isdigit():
        return around * _HEADINGS.get(str(element.tag), 1.0) if not told else around
    size = float(found[1])
    if found[2] in _PIXELS:
        return size * _PIXELS[found[2]]
    return size * around / (100 if found[2] == "%" else 1)


def _is_bold(element: Element, styles: dict[str, str], around: _Look) -> bool:
    told = styles.get("font-weight", "")
    if told.isdigit():
        return int(told) >= 700
    if told in ("normal", "lighter"):
        return False
    return told in ("bold", "bolder") or element.tag in _BOLD or around.is_bold
