"""Files of people, whichever system they are from, as entries; and the lines that are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from publisher.errors import PublisherError
from publisher.importing import formats, sheets
from publisher.importing.formats import Format
from publisher.importing.line import Line, Offer, Unusable
from publisher.importing.sheets import Sheet
from publisher.model import Entry

_MOST_SHOWN = 200  # characters of an address that is rejected
_AT_ONCE = 100  # rows, which take as long as
_REST_SECONDS = 0.001

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A line that cannot be taken in. ``address`` is as it is given, as far as it is known."""

    file: str
    line: int
    address: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """A sheet of people: what system it is from, and what its columns mean to that format."""

    sheet: Sheet
    format: Format
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.sheet.name


def lists(
    found: Sequence[Sheet], chosen: str | None, mapped: Mapping[str, str]
) -> tuple[list[List], list[str]]:
    """Recognise the lists among sheets, by the names of their columns.

    ``chosen`` names a format for all of them. ``mapped`` says which column is what, for a CSV
    file; "" for none. Gives besides them why others are passed over, which may happen in an
    archive. Raises PublisherError where there is no list at all.
    """
    known: list[List] = []
    passed: list[str] = []
    for sheet in found:
        try:
            known.append(_list(sheet, chosen, mapped))
        except PublisherError as error:
            passed.append(str(error))
    if not known:
        raise PublisherError("; ".join(passed))
    return known, passed


def _list(sheet: Sheet, chosen: str | None, mapped: Mapping[str, str]) -> List:
    columns = sheets.names(sheet)
    if mapped:
        columns = _renamed(sheet, columns, mapped)
    try:
        if chosen is None and mapped:
            chosen = formats.PLAIN
        format = formats.called(chosen) if chosen else formats.fitting(columns)
    except PublisherError as error:
        raise _missing(sheet, columns, str(error)) from error
    if not set(format.ADDRESS) & set(columns):
        raise _missing(sheet, columns, f'there is no column "{format.ADDRESS[0]}"')
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice in (*format.ADDRESS, "state"):
        raise PublisherError(f'{sheet.name}: line 1: two columns are named "{twice}"')
    return List(sheet=sheet, format=format, columns=tuple(columns))


def _missing(sheet: Sheet, columns: Sequence[str], what: str) -> PublisherError:
    return PublisherError(
        f"{sheet.name}: line 1: {what}; the first line must name the columns, such as"
        f" email,name, or --map say what they are (it is: {', '.join(columns)[:80]})"
    )


def _renamed(sheet: Sheet, columns: Sequence[str], mapped: Mapping[str, str]) -> list[str]:
    """Call each mapped column by what it is; what was called that before is nothing then."""
    meant = {sheets.column(name): field for field, name in mapped.items() if name}
    for name in meant:
        if name not in columns:
            raise PublisherError(
                f'{sheet.name}: line 1: there is no column "{name}" as --map says'
                f" (there are: {', '.join(columns)[:200]})"
            )
    return [meant.get(name, "" if name in mapped else name) for name in columns]


def read(of: List, offer: Offer, newsletter: str) -> Iterator[Entry | Rejected | None]:
    """Give what each row of a list says: None for one that is about another newsletter."""
    columns, width = of.columns, len(of.columns)
    entry_of = of.format.entry
    addresses = of.format.ADDRESS
    single = next(columns.index(name) for name in addresses if name in columns)
    # A line that was cut off may have lost that its person has left.
    needs_all = not set(columns) <= {*addresses, "name", "first_name", "last_name", ""}
    has_newsletter = of.format is formats.called(formats.PLAIN) and "newsletter" in columns
    rows = sheets.rows(of.sheet, escape=of.format.ESCAPE, single=single)
    next(rows)  # the names
    for row in rows:
        cells = row.cells
        line = Line(of.sheet.name, dict(zip(columns, cells, strict=False)), offer)
        try:
            if row.fault:
                raise Unusable(row.fault)
            if len(cells) > width and any(cells[width:]):
                raise Unusable(f"there are {len(cells)} cells, and {width} columns")
            if needs_all and len(cells) < width:
                raise Unusable(f"there are only {len(cells)} of {width} cells")
            if has_newsletter and line.text("newsletter") not in ("", newsletter):
                yield None
                continue
            yield entry_of(line)
        except Unusable as error:
            given = line.text(*addresses) if cells else row.text
            yield Rejected(
                file=of.sheet.name, line=row.line, address=given[:_MOST_SHOWN], reason=str(error)
            )


async def ahead(read: Iterator[T], size: int) -> AsyncGenerator[list[T]]:
    """Give what there is in lists of a size; while one is dealt with, the next one is read."""
    is_awaited = asyncio.Event()
    coming = asyncio.create_task(_next(read, size, is_awaited))
    try:
        while True:
            is_awaited.set()
            if not (some := await coming):
                return
            is_awaited.clear()
            coming = asyncio.create_task(_next(read, size, is_awaited))
            yield some
    finally:
        coming.cancel()


async def _next(read: Iterator[T], size: int, is_awaited: asyncio.Event) -> list[T]:
    """Read a little and rest as long, so that statements go on meanwhile, until this is awaited.

    Without the rest the driver's thread would wait for Python's lock at each step.
    """
    found: list[T] = []
    while some := list(islice(read, min(_AT_ONCE, size - len(found)))):
        found += some
        await asyncio.sleep(0 if is_awaited.is_set() else _REST_SECONDS)
    return found
