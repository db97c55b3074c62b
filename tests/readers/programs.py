"""Programs that people read feeds with: each fetches by itself, and tells what it sees.

A program that complains of a feed fails the test: what it says stands in the error.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from calendar import timegm
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import feedparser  # type: ignore[import-untyped]
from reader import Entry, make_reader

from publisher.model import Format

_XML = (Format.RSS, Format.ATOM)
_NOTHING: Mapping[str, str] = {}

_HERE = Path(__file__).parent
_LIMIT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a program shows of an entry. ``body`` counts for nothing when two are compared."""

    id: str
    title: str
    link: str
    published: datetime
    enclosures: tuple[str, ...] = ()
    body: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A reader: ``read`` takes URLs and an empty folder, and gives the entries of each, in order.

    It blocks: call it in a thread. ``is_installed`` is for what no Python package brings.
    """

    name: str
    formats: tuple[Format, ...]
    read: Callable[[Sequence[str], Path], list[list[Seen]]]
    is_installed: Callable[[], bool] = lambda: True


# --- feedparser, inside many programs -----------------------------------------------------


def _with_feedparser(urls: Sequence[str], _scratch: Path) -> list[list[Seen]]:
    return [_parsed(feedparser.parse(url)) for url in urls]


def _parsed(document: Any) -> list[Seen]:
    assert not document.bozo, document.bozo_exception
    assert document.status == 200
    return [
        Seen(
            id=entry.id,
            title=entry.title,
            link=entry.link,
            published=datetime.fromtimestamp(timegm(entry.published_parsed), UTC),
            enclosures=tuple(each.href for each in entry.enclosures),
            body=entry.content[0].value if "content" in entry else entry.summary,
        )
        for entry in document.entries
    ]


# --- reader, which keeps what it has read -------------------------------------------------


def _with_reader(urls: Sequence[str], scratch: Path) -> list[list[Seen]]:
    with make_reader(str(scratch / "reader.db")) as library:
        for url in urls:
            library.add_feed(url)
        for update in library.update_feeds_iter():
            assert not isinstance(update.value, Exception), update
        return [[_kept(entry) for entry in library.get_entries(feed=url)] for url in urls]


def _kept(entry: Entry) -> Seen:
    content = entry.get_content(prefer_summary=False)
    assert entry.title, entry
    assert entry.link, entry
    assert entry.published, entry
    assert content, entry
    return Seen(
        id=entry.id,
        title=entry.title,
        link=entry.link,
        published=entry.published,
        enclosures=tuple(each.href for each in entry.enclosures),
        body=content.value,
    )


# --- newsboat, in a terminal --------------------------------------------------------------

# In the order of its own list of articles.
_ARTICLES = "SELECT * FROM rss_item WHERE deleted = 0 ORDER BY pubDate DESC, id DESC"


def _with_newsboat(urls: Sequence[str], scratch: Path) -> list[list[Seen]]:
    return [_reloaded(url, scratch / str(position)) for position, url in enumerate(urls)]


def _reloaded(url: str, home: Path) -> list[Seen]:
    """Read one feed. Each has a cache of its own, where an id stands for one feed alone."""
    home.mkdir()
    for name, text in {"urls": f"{url}\n", "config": "", "log": ""}.items():
        (home / name).write_text(text, encoding="utf-8")
    own = [f"-u{home}/urls", f"-C{home}/config", f"-c{home}/cache", f"-d{home}/log", "-l4"]
    said = _run(["newsboat", *own, "-x", "reload"], {"HOME": str(home), "LC_ALL": "C.UTF-8"})
    assert (said, (home / "log").read_text(encoding="utf-8")) == ("", "")
    with closing(sqlite3.connect(home / "cache")) as cache:
        cache.row_factory = sqlite3.Row
        return [
            Seen(
                id=row["guid"],
                title=row["title"],
                link=row["url"],
                published=datetime.fromtimestamp(row["pubDate"], UTC),
                enclosures=tuple(filter(None, [row["enclosure_url"]])),
                body=row["content"],
            )
            for row in cache.execute(_ARTICLES)
        ]


# --- rss-parser and feedsmith, inside programs on Node ------------------------------------


def _on_node(name: str) -> Callable[[Sequence[str], Path], list[list[Seen]]]:
    def read(urls: Sequence[str], _scratch: Path) -> list[list[Seen]]:
        told = json.loads(_run(["node", _HERE / "read.mjs", name, *urls]))
        return [[_told(entry) for entry in entries] for entries in told]

    return read


def _told(entry: Mapping[str, Any]) -> Seen:
    published: str = entry["published"]
    read = datetime.fromisoformat if published[0].isdigit() else parsedate_to_datetime
    return Seen(
        id=entry["id"],
        title=entry["title"],
        link=entry["link"],
        published=read(published).astimezone(UTC),
        enclosures=tuple(entry["enclosures"]),
        body=entry["body"],
    )


def _has_node_packages() -> bool:
    return shutil.which("node") is not None and (_HERE / "node_modules").is_dir()


# ------------------------------------------------------------------------------------------


def _run(words: Sequence[str | Path], environment: Mapping[str, str] = _NOTHING) -> str:
    """Run a program that has to end well, and to say nothing of errors; give what it said."""
    done = subprocess.run(
        words,
        capture_output=True,
        env={**os.environ, **environment},
        text=True,
        timeout=_LIMIT_SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


PROGRAMS = (
    Program(name="feedparser", formats=_XML, read=_with_feedparser),
    Program(name="reader", formats=tuple(Format), read=_with_reader),
    Program(
        name="newsboat",
        formats=_XML,
        read=_with_newsboat,
        is_installed=lambda: shutil.which("newsboat") is not None,
    ),
    Program(
        name="rss-parser",
        formats=_XML,
        read=_on_node("rss-parser"),
        is_installed=_has_node_packages,
    ),
    Program(
        name="feedsmith",
        formats=tuple(Format),
        read=_on_node("feedsmith"),
        is_installed=_has_node_packages,
    ),
)
