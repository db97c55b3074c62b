"""Printing: sentences, tables, JSON, times and progress.

On a terminal there are colours and bars; elsewhere the same words in plain lines that are
never cut or wrapped. Whatever is printed may come from a stranger, so control characters are
made visible: a file name must not steer the admin's terminal.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from textwrap import indent
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UNWRAPPED = 100_000  # columns, for output that no terminal shows
_PLAIN_SECONDS = 10.0  # between two plain lines of progress
_MOST_LINES = 20  # of a list that says what was done


def out() -> Console:
    """Give standard output, as it is at this moment."""
    return Console(highlight=False, markup=False, emoji=False)


def err() -> Console:
    """Give standard error, as it is at this moment."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def say(text: str) -> None:
    """Print a line of what was asked for, or of what was done."""
    out().print(_visible(text), soft_wrap=True)


def say_some(lines: Sequence[str]) -> None:
    """Print the first of many lines, and how many more there would be."""
    for line in lines[:_MOST_LINES]:
        say(line)
    if len(lines) > _MOST_LINES:
        say(f"… and {len(lines) - _MOST_LINES:,} more")


def notice(text: str) -> None:
    """Print a line that is not the result: what to do next, what is being done."""
    err().print(_visible(text), soft_wrap=True)


def fault(text: str) -> None:
    """Print a fault that says by itself where it is."""
    err().print(Text(_visible(text), style="red"), soft_wrap=True)


def error(text: str) -> None:
    """Print why a command failed."""
    err().print(Text.assemble(("error: ", "bold red"), _visible(text)), soft_wrap=True)


def number(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def dump(value: object) -> None:
    """Print a value as JSON: times in ISO 8601, dataclasses as objects."""
    out().print(_json(value), soft_wrap=True)


def line(value: object) -> None:
    """Print a value as JSON in one line, for JSON Lines."""
    out().print(_json(value, indent=None), soft_wrap=True)


def lines(values: Iterable[object]) -> None:
    """Print many values as JSON Lines at once, without a look at any terminal."""
    text = "".join(f"{_json(value, indent=None)}\n" for value in values)
    sys.stdout.write(_visible(text))
    sys.stdout.flush()


def card(fields: Mapping[str, object]) -> None:
    """Print one thing, a field a line; fields without a value are left out."""
    shown = {name: text for name, value in fields.items() if (text := _cell(value))}
    width = max(map(len, shown), default=0)
    for name, text in shown.items():
        say(f"{name:<{width}}  {text}")


class Listing:
    """Rows under these columns, or as one JSON array, printed page by page as they come.

    A row may hold more than the columns; JSON has all of it. ``empty`` is said on standard
    error where a person would otherwise look at nothing.
    """

    def __init__(self, *columns: str, as_json: bool, empty: str) -> None:
        self._columns = columns
        self._as_json = as_json
        self._empty = empty
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            return
        if self._as_json:
            say("\n]" if self._count else "[]")
        elif not self._count:
            notice(self._empty)

    def page(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Print some rows."""
        rows = list(rows)
        if self._as_json:
            for row in rows:
                opening = ",\n" if self._count else "[\n"
                out().print(opening + indent(_json(row), "  "), soft_wrap=True, end="")
                self._count += 1
        elif rows:
            self._print(rows)
            self._count += len(rows)

    def _print(self, rows: list[Mapping[str, object]]) -> None:
        console = out()
        table = Table(box=None, pad_edge=False, header_style="bold", show_header=self._count == 0)
        for column in self._columns:
            is_number = all(isinstance(row[column], int | None) for row in rows)
            table.add_column(
                column,
                justify="right" if is_number else "left",
                overflow="fold",
                no_wrap=not console.is_terminal,
            )
        for row in rows:
            table.add_row(*(Text(_visible(_cell(row[column]))) for column in self._columns))
        if console.is_terminal:
            console.print(table)
        else:
            lines = console.render_lines(table, console.options.update(width=_UNWRAPPED))
            for line in lines:
                say("".join(segment.text for segment in line).rstrip())


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far long work is: call what is given with how much is done.

    A bar on a terminal; elsewhere a plain line now and then, on standard error.
    """
    console = err()
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)
        return
    told = time.monotonic()

    def tell(done: int) -> None:
        nonlocal told
        if time.monotonic() - told >= _PLAIN_SECONDS:
            told = time.monotonic()
            notice(f"{what}: {done:,} of {total:,}")

    yield tell


def _visible(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M %Z")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _json(value: object, indent: int | None = 2) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON")
