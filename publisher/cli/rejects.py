"""The lines of a list that cannot be used, in a file of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from publisher.cli import show

if TYPE_CHECKING:
    from publisher.importing.reading import Rejected

RejectsFile = Annotated[
    Path | None,
    typer.Option(
        "--rejects",
        metavar="CSV",
        help="Where rejected lines go with their reasons; FILE.rejects.csv without it.",
    ),
]

_SHOWN = 5  # on the terminal


class Rejects:
    """The file of rejected lines: it is there once there is one."""

    def __init__(self, stack: ExitStack, file: Path, path: Path | None) -> None:
        self._stack = stack
        self._file = file
        self._path = path
        self._stream: TextIO | None = None
        self._count = 0

    def add(self, line: Rejected) -> None:
        """Write a line down, and print it if it is one of the first."""
        from publisher.importing import spreadsheet

        if self._stream is None:
            self._stream = self._open()
            spreadsheet.write(self._stream, [("file", "line", "address", "reason")])
        spreadsheet.write(self._stream, [(line.file, str(line.line), line.address, line.reason)])
        self._count += 1
        if self._count <= _SHOWN:
            show.fault(f"{line.file}:{line.line}: {line.reason}")

    def tell(self) -> None:
        """Say where all of them are."""
        if self._count:
            more = f"… and {self._count - _SHOWN:,} more; all" if self._count > _SHOWN else "They"
            show.notice(f"{more} are in {self._path}.")

    def _open(self) -> TextIO:
        if self._path is not None:
            return self._stack.enter_context(self._path.open("w", encoding="utf-8", newline=""))
        name = f"{self._file.name}.rejects.csv"
        for path in (self._file.with_name(name), Path(name)):
            try:
                stream = path.open("w", encoding="utf-8", newline="")
            except OSError as error:
                fault = error
            else:
                self._path = path
                return self._stack.enter_context(stream)
        raise fault


@contextmanager
def rejects_of(file: Path, path: Path | None) -> Iterator[Rejects]:
    """Open a file for what is rejected of another one, and say at the end where it is."""
    with ExitStack() as stack:
        rejects = Rejects(stack, file, path)
        yield rejects
        rejects.tell()
