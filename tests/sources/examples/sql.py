"""A table with one article and one row whose date is none."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from tests.sources.examples import Example


@asynccontextmanager
async def example(place: Path) -> AsyncIterator[Example]:
    file = place / "news.db"
    _do(
        file,
        "CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, body TEXT, published TEXT);"
        "INSERT INTO articles VALUES"
        " (1, 'Frost', '<p>The lake froze.</p>', '2026-11-23 07:30'),"
        " (2, 'Thaw', '<p>The lake thawed.</p>', 'soon');",
    )
    yield Example(
        settings={
            "file": file,
            "query": "SELECT id, title, body, published FROM articles",
            "columns": {"guid": "id", "html": "body"},
        },
        article="1",
        rejected="2",
        edit=lambda: _do(file, "UPDATE articles SET title = 'Hard frost' WHERE id = 1"),
        break_all=lambda: file.rename(place / "elsewhere.db"),
    )


def _do(file: Path, statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(statements)
