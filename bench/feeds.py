"""What does it cost to build feeds after one article changed?

    python -m bench.feeds [ENTRIES]

Complete feeds of 50 entries of 5 KB, of 10,000 entries (or as many as told), and of a tenth of
these, each as RSS, Atom and JSON. One article is changed and the feeds are built: by a press
that keeps the fragments of its last build ("changed"), and by one that has just started
("cold"). A build is more than writing: the first table shows its parts. The second one compares
the writing alone, of RSS and Atom, with what feedgen and feedsmith need for a whole document.
All take turns in one run; the tables show medians. Trust the ratios, not the figures.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.prose import paragraphs
from bench.writing import (
    BEGAN,
    FEED,
    PUBLICATION,
    Joined,
    has_feedsmith,
    with_feedgen,
    with_feedsmith,
)
from publisher.formats.frame import Frame
from publisher.ingest import Terms, ingest
from publisher.model import Article, AutomaticFeeds, Format, Selection, SourceArticle
from publisher.ports import Telling, Visit
from publisher.publish import Press, documents
from publisher.publish.fragments import Fragments
from publisher.publish.shelves import ArticleShelf
from publisher.store import articles, feeds, keys
from publisher.store.engine import Store, connect
from publisher.store.migrate import migrate

SMALL = 50
LARGE = 10_000
WORDS = 800  # 5 KB


# --- a site with articles -----------------------------------------------------------------


class Newsroom:
    """Tells the articles that it has been given, and says nothing of others."""

    name = "newsroom"

    def __init__(self) -> None:
        self.tells: list[SourceArticle] = []

    async def articles(self, visit: Visit) -> Telling:
        visit.is_increment = True
        for each in self.tells:
            yield each


def told(number: int, edition: int) -> SourceArticle:
    """Give an edition of an article; the lowest number is the newest."""
    markup = "".join(f"<p>{text}</p>" for text in paragraphs(number, WORDS))
    return SourceArticle(
        guid=f"story-{number}",
        origin=f"story-{number}",
        stamp=str(edition),
        title=f"Story {number}, edition {edition}",
        html=markup,
        url=f"https://news.example.org/stories/{number}",
        published=BEGAN - timedelta(minutes=number),
    )


class Site:
    """A site with a complete feed of so many articles."""

    def __init__(self, store: Store, count: int) -> None:
        self.store = store
        self.count = count
        self._edition = 0
        self._newsroom = Newsroom()

    def now(self) -> datetime:
        return BEGAN + timedelta(minutes=self._edition)

    def press(self) -> Press:
        return Press(
            self.store,
            publication=PUBLICATION,
            feeds=(FEED,),
            automatic=AutomaticFeeds(kinds=(), formats=(), limit=SMALL, full=True),
            newsletters=(),
            clock=self.now,
        )

    async def change(self, numbers: Iterable[int]) -> None:
        """Take in a new edition of these articles."""
        self._edition += 1
        self._newsroom.tells = [told(number, self._edition) for number in numbers]
        taken = await ingest(
            self.store,
            self._newsroom,
            publication=PUBLICATION,
            terms=Terms(every=timedelta(minutes=1), has_breaker=False),
            clock=self.now,
        )
        if taken.error is not None:
            raise SystemExit(taken.error)

    async def articles(self) -> list[Article]:
        """Give all articles, newest first."""
        async with self.store.read() as connection:
            return await articles.newest(connection, Selection(), self.now(), limit=self.count)


@asynccontextmanager
async def site_of(count: int) -> AsyncIterator[Site]:
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/bench.db"
        await asyncio.to_thread(migrate, url)
        store = connect(url)
        async with store.write() as connection:
            await keys.ensure(connection, BEGAN)
        site = Site(store, count)
        await site.change(range(count))
        yield site
        await store.close()


# --- our build, and its parts -------------------------------------------------------------

PARTS = ("marks", "fragments", "join", "pack", "store")


class Parts:
    """How long each part of a build took, in seconds. It stands in for the parts, once for all."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._time_async(ArticleShelf, "content", "marks")
        self._time_async(Fragments, "of", "fragments")
        self._time_async(feeds, "put", "store")
        self._time(Frame, "around", "join")
        self._time(documents, "packed", "pack")

    def _time(self, owner: object, name: str, part: str) -> None:
        real: Callable[..., Any] = getattr(owner, name)

        @wraps(real)
        def timed(*args: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return real(*args, **named)
            finally:
                self.seconds[part] += time.perf_counter() - began

        setattr(owner, name, timed)

    def _time_async(self, owner: object, name: str, part: str) -> None:
        real: Callable[..., Awaitable[Any]] = getattr(owner, name)

        @wraps(real)
        async def timed(*args: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return await real(*args, **named)
            finally:
                self.seconds[part] += time.perf_counter() - began

        setattr(owner, name, timed)

    async def of_build(self, press: Press) -> dict[str, float]:
        """Build; give the seconds of each part, of what is left, and of the whole."""
        self.seconds.clear()
        began = time.perf_counter()
        made = await press.publish()
        whole = time.perf_counter() - began
        if len(made) != len(Format):
            raise SystemExit(f"{len(made)} documents instead of {len(Format)}")
        found = {part: self.seconds[part] for part in PARTS}
        return {**found, "else": whole - sum(found.values()), "whole": whole}


# --- what is measured ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The medians for a feed: of our builds by part, and of writing alone by way; in seconds."""

    count: int
    octets: int
    cold: dict[str, float]
    changed: dict[str, float]
    writing: dict[str, float]


async def measure(count: int, parts: Parts) -> Measured:
    rounds = max(2, min(15, 3000 // count))
    async with site_of(count) as site:
        press = site.press()
        await press.publish()
        cold, changed = [], []
        for _ in range(rounds):
            await site.change([count // 2])
            cold.append(await parts.of_build(site.press()))
            await site.change([count // 2])
            changed.append(await parts.of_build(press))
        async with site.store.read() as connection:
            built = [await feeds.get(connection, FEED.slug, format) for format in Format]
        found = await site.articles()
    joined = Joined(found)
    ways: dict[str, Callable[[], float]] = {
        "feedgen, whole": lambda: with_feedgen(found),
        "fragments, one changed": joined.seconds,
    }
    if has_feedsmith():
        ways["feedsmith, whole"] = lambda: with_feedsmith(found, rounds)
    written = [{name: way() for name, way in ways.items()} for _ in range(rounds)]
    return Measured(
        count=count,
        octets=sum(len(document.body) for document in built if document is not None),
        cold=medians(cold),
        changed=medians(changed),
        writing=medians(written),
    )


def medians(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.1f}"


def show_builds(found: Sequence[Measured]) -> Table:
    table = Table(title="Building a complete feed as RSS, Atom and JSON, in milliseconds")
    columns = ("entries", "MB", "build", *PARTS, "else", "whole", "µs/entry", "÷ join+pack")
    for column in columns:
        table.add_column(column, justify="left" if column == "build" else "right")
    for each in found:
        for name, build in {"cold": each.cold, "changed": each.changed}.items():
            serialising = build["join"] + build["pack"]
            table.add_row(
                f"{each.count:,}",
                f"{each.octets / 1e6:.1f}",
                name,
                *(milliseconds(build[part]) for part in (*PARTS, "else", "whole")),
                f"{build['whole'] / each.count * 1e6:,.0f}",
                f"{build['whole'] / serialising:.2f}",
            )
    return table


def show_writing(found: Sequence[Measured]) -> Table:
    table = Table(title="Writing RSS and Atom after one change")
    for column in ("entries", "way", "ms", "times faster"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for each in found:
        slowest = each.writing["feedgen, whole"]
        for way, seconds in each.writing.items():
            ratio = f"{slowest / seconds:,.1f}x"
            table.add_row(f"{each.count:,}", way, milliseconds(seconds), ratio)
    return table


def main(entries: int) -> None:
    parts = Parts()
    found = [asyncio.run(measure(count, parts)) for count in (SMALL, entries // 10, entries)]
    console = Console(width=120)
    console.print(show_builds(found))
    console.print(show_writing(found))
    if not has_feedsmith():
        console.print("feedsmith left out: it needs Node and `make readers`")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else LARGE)
