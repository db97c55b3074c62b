"""MJML as the HTML of a mail: a template of that kind is written in larger pieces than tables.

`mrml` is used here only. It writes whatever in an attribute is not ASCII as Rust would, so that it
is given references instead, which come back as the characters that they stand for.
"""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"&#(\d{3,7});")
_PLACE = re.compile(r" at position (\d+):(\d+)")
_LEFT_OVER = re.compile(r"<(mj(?:ml|-[\w-]+))")


class MjmlFault(ValueError):
    """What is wrong with a text that should be MJML; ``beside`` is the line where it is, if any."""

    def __init__(self, reason: str, beside: str = "") -> None:
        super().__init__(f"{reason}: {beside}" if beside else reason)
        self.beside = beside

    def line_in(self, source: str) -> int | None:
        """Find the line of a template that wrote it; None where that is not certain."""
        lines = [line.strip() for line in source.splitlines()]
        found = [number for number, line in enumerate(lines, 1) if line == self.beside]
        return found[0] if len(found) == 1 else None


def mjml_to_html(mjml: str) -> str:
    """Give the HTML of a whole MJML document. Raises MjmlFault."""
    import mrml  # most sites have no such template

    # By itself it would fetch fonts from Google for each reader.
    options = mrml.RenderOptions(fonts={})
    ascii_only = mjml.encode("ascii", "xmlcharrefreplace").decode()
    try:
        html = mrml.to_html(ascii_only, render_options=options).content
    except OSError as error:  # as mrml tells all its errors
        place = _PLACE.search(str(error))
        reason = _PLACE.sub("", str(error)).removesuffix(" in root template")
        raise MjmlFault(reason, _line(ascii_only, int(place[1])) if place else "") from error
    if unknown := _LEFT_OVER.search(html):
        at = ascii_only.find(f"<{unknown[1]}")
        raise MjmlFault(f"nothing in MJML is called {unknown[1]}", _line(ascii_only, at))
    return _characters(html)


def _line(text: str, at: int) -> str:
    return _characters(text[:at].rpartition("\n")[2] + text[at:].partition("\n")[0]).strip()


def _characters(text: str) -> str:
    return _REFERENCE.sub(
        lambda found: chr(int(found[1])) if 127 < int(found[1]) < 0x110000 else found[0], text
    )
