"""What other systems' lists look like. One module a system, found by its name: see `Format`."""

from __future__ import annotations

import pkgutil
from collections.abc import Collection
from importlib import import_module
from typing import Protocol, cast

from publisher.errors import PublisherError
from publisher.importing.line import Line
from publisher.model import Entry

# What everything is that has a column "email".
PLAIN = "csv"


class Format(Protocol):
    """What a module of this package says about the lists of a system.

    ``MARKS`` are names of columns, all of one of which only its lists have. ``ADDRESS`` are the
    columns that may hold the address. ``ESCAPE`` stands before a quotation mark within quotes,
    None if that is doubled, as RFC 4180 has it. ``entry`` raises Unusable.
    """

    TITLE: str
    MARKS: tuple[frozenset[str], ...]
    ADDRESS: tuple[str, ...]
    ESCAPE: str | None

    def entry(self, line: Line) -> Entry:
        """Say what a row tells."""
        ...


def names() -> list[str]:
    """List the formats."""
    return sorted(each.name for each in pkgutil.iter_modules(__path__))


def called(name: str) -> Format:
    """Give a format by its name."""
    return cast("Format", import_module(f"{__name__}.{name}"))


def fitting(columns: Collection[str]) -> Format:
    """Give the format that a list with these columns has. Raises PublisherError if it has none."""
    known = [called(name) for name in names()]
    fit = [
        (len(marks), each.TITLE, each)
        for each in known
        for marks in each.MARKS
        if marks <= set(columns)
    ]
    if fit:
        return max(fit)[2]
    plain = called(PLAIN)
    if set(plain.ADDRESS) & set(columns):
        return plain
    raise PublisherError('there is no column "email"')
