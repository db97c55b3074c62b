"""Slots: where a recipient's own values go in a rendition.

A template is rendered once for everybody and gets a marker for each value that differs;
compose cuts the rendition at the markers. A marker is a slot's name between two private-use
characters, which pass through HTML parsers, serialisers and line wrapping unchanged, and
which ingest removes from articles, so that no article can hold a slot.
"""

from __future__ import annotations

import enum
import re

START = "\ue0f0"
END = "\ue0f1"

_MARKER = re.compile(f"{START}([^{START}{END}]*){END}")


class Slot(enum.StrEnum):
    """What a template may say of its recipient without being rendered for each."""

    NAME = "name"
    ADDRESS = "address"
    UNSUBSCRIBE_URL = "unsubscribe_url"
    PREFERENCES_URL = "preferences_url"
    CONFIRM_URL = "confirm_url"


def marker(slot: Slot) -> str:
    """Give the text that stands for the slot's value in a rendition."""
    return f"{START}{slot.value}{END}"


def split(text: str) -> list[str | Slot]:
    """Cut a rendition at its markers, in order; no empty text among the pieces.

    A Slot is a str too: ask for Slot first. Raises ValueError for a marker with an unknown
    name and for half a marker.
    """
    pieces: list[str | Slot] = []
    for position, piece in enumerate(_MARKER.split(text)):
        if position % 2:
            pieces.append(_named(piece))
        elif START in piece or END in piece:
            raise ValueError("the rendition holds half a slot marker")
        elif piece:
            pieces.append(piece)
    return pieces


def bare(text: str) -> str:
    """Give a text without its slots, as for everybody."""
    return "".join(piece for piece in split(text) if not isinstance(piece, Slot))


def _named(name: str) -> Slot:
    try:
        return Slot(name)
    except ValueError as error:
        known = ", ".join(Slot)
        raise ValueError(f"unknown slot {name!r}; there are: {known}") from error
