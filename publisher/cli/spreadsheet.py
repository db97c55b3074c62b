"""Lists of people as CSV (RFC 4180), as spreadsheets read and write them.

In: `,`, `;` or tab, any encoding, columns in any order and case. Out: cells that a spreadsheet
would take for a formula begin with a quote, which is taken off again on the way in (A22).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from publisher.content.encoding import decode
from publisher.errors import AddressError, PublisherError
from publisher.mail.address import clean_name, parse
from publisher.model import Address

_DELIMITERS = (",", ";", "\t")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BLOCK_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a file: whom it names, or why it names nobody. ``line`` counts from 1."""

    line: int
    address: Address | None = None
    fault: str = ""


def read(path: Path) -> Iterator[Row]:
    """Give the people of a file, line by line; lines without anything on them are left out.

    Raises PublisherError when the file as a whole cannot be read.
    """
    try:
        with _opened(path) as stream:
            yield from _rows(path, stream)
    except (OSError, ValueError) as error:
        raise PublisherError(f"{path}: {error}") from error


def count_lines(path: Path) -> int:
    """Count the lines of a file: about how many people there are in it. Raises OSError."""
    with path.open("rb") as stream:
        return sum(1 for _ in stream)


def write(stream: TextIO, rows: Iterable[Iterable[str]]) -> None:
    """Write rows, no cell of which will be taken for a formula."""
    csv.writer(stream, lineterminator="\n").writerows(
        [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in rows
    )


def _opened(path: Path) -> TextIO:
    """Open as UTF-8, to be read as a stream; text of another encoding is read as a whole."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            while stream.read(_BLOCK_CHARACTERS):
                pass
    except UnicodeDecodeError:
        return io.StringIO(decode(path.read_bytes()), newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _rows(path: Path, stream: TextIO) -> Iterator[Row]:
    first = stream.readline()
    delimiter = max(_DELIMITERS, key=first.count)
    names = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter), [])]
    if "email" not in names:
        raise PublisherError(
            f'{path}: line 1: there is no column "email"; the first line must name the columns,'
            f" such as email,name (it is: {first.strip()[:80]})"
        )
    reader = csv.reader(stream, delimiter=delimiter)
    while True:
        line = reader.line_num + 2
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line=line, fault=str(error))
            continue
        if any(cell.strip() for cell in cells):
            yield _row(line, dict(zip(names, cells, strict=False)))


def _row(line: int, cells: dict[str, str]) -> Row:
    text, name = (_unquoted(cells.get(column, "").strip()) for column in ("email", "name"))
    if not text:
        return Row(line=line, fault="there is no address")
    try:
        return Row(line=line, address=parse(text, name=clean_name(name) or None))
    except AddressError as error:
        return Row(line=line, fault=str(error))


def _unquoted(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
