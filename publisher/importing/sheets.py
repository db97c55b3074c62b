"""Lists as CSV (RFC 4180), row by row, however broken: what is wrong spoils its own lines only.

In: `,`, `;` or tab, any encoding, files of any size and zips of them. Nothing but the row that is
being read is kept.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TextIO
from zipfile import BadZipFile, ZipFile, is_zipfile

from publisher.content.encoding import guess, marked
from publisher.errors import PublisherError

_DELIMITERS = (",", ";", "\t")
_MOST_CHARACTERS = 100_000  # of a line: less than what Python's csv takes in one field
_MOST_LINES = 100  # of a row
_SAMPLE_BYTES = 1 << 18
_BLOCK_CHARACTERS = 1 << 20
_UNPAIRED = "the quotation marks do not pair up"
_UNREADABLE = (OSError, BadZipFile, zlib.error)


class Broken(Exception):
    """What stands on a line is no row of a table; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table of a file. ``lines`` is how many it has, about as many as there are people in it."""

    name: str
    open: Callable[[], IO[bytes]]
    encoding: str
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What stands from ``line`` on, counted from 1: cells, or the fault that they have.

    ``text`` is the beginning of a line that is at fault.
    """

    line: int
    cells: list[str]
    fault: str = ""
    text: str = ""


@contextmanager
def opened(path: Path) -> Iterator[list[Sheet]]:
    """Look through a file, or the CSV files in a zip. Raises PublisherError."""
    with ExitStack() as stack:
        try:
            if is_zipfile(path):
                archive = stack.enter_context(ZipFile(path))
                names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
                sheets = [_sheet(name, partial(archive.open, name)) for name in names]
            else:
                sheets = [_sheet(path.name, lambda: path.open("rb"))]
        except (*_UNREADABLE, ValueError, RuntimeError) as error:  # RuntimeError: a password
            raise PublisherError(f"{path}: {error}") from error
        if not sheets:
            raise PublisherError(f"{path}: there is no CSV file in this archive")
        yield sheets


def held(name: str, content: bytes) -> Sheet:
    """Look through a file that is held in memory, under this name."""
    return _sheet(name, lambda: io.BytesIO(content))


def _sheet(name: str, opening: Callable[[], IO[bytes]]) -> Sheet:
    """Count the lines, and find out the encoding.

    Of a file in UTF-8 a line may be spoilt; where most lines that could tell are not UTF-8, the
    file is in another encoding.
    """
    lines = good = bad = 0
    sample = b""
    with opening() as stream:
        encoding = marked(stream.read(4))
    with opening() as stream:
        while line := stream.readline(_MOST_CHARACTERS):
            lines += line.endswith(b"\n")
            if encoding or line.isascii():
                continue
            try:
                line.decode()
                good += 1
            except UnicodeDecodeError:
                bad += 1
                if len(sample) < _SAMPLE_BYTES:
                    sample += line
    if encoding is None:
        encoding = guess(sample) if bad > good else "utf-8"
    return Sheet(name=name, open=opening, encoding=encoding, lines=lines)


def names(sheet: Sheet) -> list[str]:
    """Give the names of the columns, in small letters and with "_" for blanks.

    Raises PublisherError.
    """
    first = next(rows(sheet), None)
    if first is None:
        raise PublisherError(f"{sheet.name}: the file is empty")
    if first.fault:
        raise PublisherError(f"{sheet.name}: line {first.line}: {first.fault}")
    return [column(name) for name in first.cells]


def column(name: str) -> str:
    """Give the name of a column as it is compared."""
    return "_".join(name.casefold().split())


def rows(sheet: Sheet, *, escape: str | None = None, single: int | None = None) -> Iterator[Row]:
    r"""Give the rows of a sheet, the names of its columns first; empty ones are left out.

    ``escape`` is what stands before a quotation mark within quotes, where that is not doubled.
    A row of several lines is only believed if it has as many cells as there are columns and the
    ``single`` of them is on one line: otherwise somebody forgot a quotation mark, and what is
    behind the first line is read again by itself.
    """
    # A line that is not UTF-8 is found by its surrogates (`_Lines`).
    errors = "surrogateescape" if sheet.encoding == "utf-8" else "replace"
    try:
        with io.TextIOWrapper(
            sheet.open(), encoding=sheet.encoding, errors=errors, newline=""
        ) as stream:
            yield from _rows(_Lines(stream), escape, single)
    except _UNREADABLE as error:
        raise PublisherError(f"{sheet.name}: {error}") from error


def _rows(lines: _Lines, escape: str | None, single: int | None) -> Iterator[Row]:
    delimiter = lines.delimiter()
    reader = csv.reader(lines, delimiter=delimiter, escapechar=escape, strict=True)
    width = 0
    while True:
        lines.begin()
        try:
            cells = next(reader)
            if len(lines.taken) > 1 and width:
                _judge(cells, width, single)
        except StopIteration:
            return
        except (csv.Error, Broken) as error:
            yield Row(line=lines.at, cells=[], fault=_said(error), text=lines.taken[0].strip())
            lines.go_back()
            continue
        width = width or len(cells)
        if any(map(str.strip, cells)):
            yield Row(line=lines.at, cells=cells)


def _judge(cells: list[str], width: int, single: int | None) -> None:
    address = cells[single] if single is not None and single < len(cells) else ""
    if len(cells) != width or "\n" in address or "\r" in address:
        raise Broken(_UNPAIRED)


def _said(error: Exception) -> str:
    # Of Python's csv: it says of each quotation mark what it expected in its place.
    return _UNPAIRED if isinstance(error, csv.Error) else str(error)


class _Lines:
    """The lines of a stream, of which those of the row that is being read can be read again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.at = 0  # the first line of the row

    def delimiter(self) -> str:
        """Tell what separates cells, by the first line."""
        first = self._read().removeprefix("\ufeff")
        self._again.appendleft(first)
        return max(_DELIMITERS, key=first.count)

    def begin(self) -> None:
        """Begin a row."""
        self.at += len(self.taken) or 1
        self.taken = []

    def go_back(self) -> None:
        """Read what is behind the first line of the row once more."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._read()
        if not line:
            raise StopIteration
        self.taken.append(line)
        if len(self.taken) > _MOST_LINES:
            raise Broken(_UNPAIRED)
        if len(line) >= _MOST_CHARACTERS:
            raise Broken(f"the line is longer than {_MOST_CHARACTERS:,} characters")
        if not line.isascii():
            try:
                line.encode()
            except UnicodeEncodeError as error:
                raise Broken("the line is not in UTF-8, as the others are") from error
        return line

    def _read(self) -> str:
        if self._again:
            return self._again.popleft()
        line = self._stream.readline(_MOST_CHARACTERS)
        if len(line) >= _MOST_CHARACTERS and not line.endswith(("\n", "\r")):
            while (rest := self._stream.readline(_BLOCK_CHARACTERS)) and not rest.endswith(
                ("\n", "\r")
            ):
                pass
        return line
