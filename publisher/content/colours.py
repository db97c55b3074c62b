"""Colours as CSS writes them, the contrast between two (WCAG 2.2 §1.4.3), and how to keep it."""

from __future__ import annotations

import colorsys
import re
from typing import NamedTuple

# The names of HTML 4, and the greys: what people write into mails by name.
_NAMES = {
    "black": "#000000",
    "silver": "#c0c0c0",
    "gray": "#808080",
    "grey": "#808080",
    "white": "#ffffff",
    "maroon": "#800000",
    "red": "#ff0000",
    "purple": "#800080",
    "fuchsia": "#ff00ff",
    "green": "#008000",
    "lime": "#00ff00",
    "olive": "#808000",
    "yellow": "#ffff00",
    "navy": "#000080",
    "blue": "#0000ff",
    "teal": "#008080",
    "aqua": "#00ffff",
    "orange": "#ffa500",
    "darkgray": "#a9a9a9",
    "darkgrey": "#a9a9a9",
    "lightgray": "#d3d3d3",
    "lightgrey": "#d3d3d3",
    "dimgray": "#696969",
    "whitesmoke": "#f5f5f5",
    "transparent": "#00000000",
}
_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]*)\)")
_ANY = re.compile(rf"{_HEX.pattern}(?![\w-])|{_FUNCTION.pattern}|(?<![\w-])[a-z]+(?![\w(-])")


class Colour(NamedTuple):
    """Red, green and blue from 0 to 255, opacity from 0 to 1."""

    red: float
    green: float
    blue: float
    opacity: float = 1.0

    def over(self, ground: Colour) -> Colour:
        """Give what is seen where this lies on an opaque ground."""
        mixed = (
            own * self.opacity + below * (1 - self.opacity)
            for own, below in zip(self[:3], ground[:3], strict=True)
        )
        return Colour(*mixed)

    @property
    def luminance(self) -> float:
        """The relative luminance of WCAG 2.2."""
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (each / 255 for each in self[:3])
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    @property
    def written(self) -> Colour:
        """The opaque colour that is seen when this one is written down: in whole numbers."""
        red, green, blue = (float(round(each)) for each in self[:3])
        return Colour(red, green, blue)

    def __str__(self) -> str:
        return "#" + "".join(f"{round(each):02x}" for each in self[:3])


WHITE, BLACK = Colour(255, 255, 255), Colour(0, 0, 0)


def contrast(one: Colour, other: Colour) -> float:
    """Give the contrast ratio of two opaque colours, from 1 to 21."""
    low, high = sorted((one.luminance, other.luminance))
    return (high + 0.05) / (low + 0.05)


def faded(colour: Colour, ground: Colour, share: float, least: float = 1.0) -> Colour:
    """Move a colour by a share of the way to its ground, as far as that leaves a contrast."""
    steps = (share * left / 16 for left in range(16, 0, -1))
    moved = (ground._replace(opacity=step).over(colour).written for step in steps)
    return next((each for each in moved if contrast(each, ground) >= least), colour)


def readable(colour: Colour, ground: Colour, least: float) -> Colour:
    """Give the colour of the same hue and nearest lightness that has a contrast on a ground."""
    pole = max(BLACK, WHITE, key=lambda each: contrast(each, ground))
    hue, lightness, saturation = colorsys.rgb_to_hls(*(each / 255 for each in colour[:3]))
    goal = 1.0 if pole is WHITE else 0.0
    for step in range(33):
        red, green, blue = colorsys.hls_to_rgb(
            hue, lightness + (goal - lightness) * step / 32, saturation
        )
        found = Colour(255 * red, 255 * green, 255 * blue).written
        if contrast(found, ground) >= least:
            return found
    return pole


def read(text: str) -> Colour | None:
    """Read a CSS colour; None for one that we do not know."""
    text = text.strip().lower()
    text = _NAMES.get(text, text)
    if _HEX.fullmatch(text):
        return _from_digits(text.removeprefix("#"))
    function = _FUNCTION.fullmatch(text)
    if function is None:
        return None
    try:
        first, second, third, *rest = map(_number, re.split(r"[\s,/]+", function[2].strip()))
    except ValueError:  # not numbers, or not three of them
        return None
    opacity = rest[0].share if rest else 1.0
    if function[1] == "rgb":
        red, green, blue = (
            255 * each.share if each.is_percent else each.value for each in (first, second, third)
        )
        return Colour(red, green, blue, opacity)
    red, green, blue = colorsys.hls_to_rgb(first.value / 360, third.value / 100, second.value / 100)
    return Colour(255 * red, 255 * green, 255 * blue, opacity)


def _from_digits(digits: str) -> Colour:
    if len(digits) < 6:
        digits = "".join(each * 2 for each in digits)
    red, green, blue, *rest = (int(digits[at : at + 2], 16) for at in range(0, len(digits), 2))
    return Colour(red, green, blue, rest[0] / 255 if rest else 1.0)


def within(text: str) -> Colour | None:
    """Find the colour in a value that may hold more, such as that of ``background``."""
    for found in _ANY.finditer(text.lower()):
        colour = read(found[0])
        if colour is not None:
            return colour
    return None


class _Number(NamedTuple):
    value: float
    is_percent: bool

    @property
    def share(self) -> float:
        return self.value / 100 if self.is_percent else self.value


def _number(text: str) -> _Number:
    return _Number(float(text.rstrip("%").removesuffix("deg")), text.endswith("%"))
