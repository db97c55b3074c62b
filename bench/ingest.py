"""How fast are articles loaded, and does memory grow with how many there are?

    python -m bench.ingest [FILES]

A folder of Markdown files (100,000 unless told otherwise, and a tenth of that beside it) is
loaded cold, then polled with nothing changed, then with one file changed; and a feed of 1,000
entries is loaded over HTTP from loopback and polled once more. Each pass is a process of its
own, as a pass of the service is, so that its peak memory can be told. SQLite; durable.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from rich.console import Console
from rich.table import Table

from bench.memory import measured, peak_mib
from publisher.app import utc_now
from publisher.ingest import Terms, ingest
from publisher.model import Publication
from publisher.ports import Source
from publisher.sources import feed, folder
from publisher.store import keys
from publisher.store.engine import connect
from publisher.store.migrate import migrate

FILES = 100_000
ENTRIES = 1_000
A_FOLDER = 1_000
# Long past, so that no file is taken for one that is being written.
QUIET = 1_780_000_000
PARAGRAPH = (
    "Talks at the northern yards ended late on Thursday without a date for the *next* round. "
    "Both sides said that [progress](/talks) had been made on rest days, less so on night pay. "
)

PUBLICATION = Publication(
    title="Bench",
    base_url="https://news.example.org",
    description="",
    language="en",
    timezone=ZoneInfo("UTC"),
    postal_address="",
)


# --- one pass, in a process of its own ----------------------------------------------------


async def one_pass(kind: str, where: str, database: str) -> dict[str, Any]:
    """Make a pass; count the files below ``where`` that were opened to be read."""
    opened = 0

    def watch(event: str, args: tuple[Any, ...]) -> None:
        nonlocal opened
        if event == "open" and str(args[0]).startswith(where):
            opened += 1

    source = make(kind, where)
    store = connect(database)
    sys.addaudithook(watch)
    began = time.perf_counter()
    intake = await ingest(
        store,
        source,
        publication=PUBLICATION,
        terms=Terms(every=timedelta(minutes=1), has_breaker=False),
        clock=utc_now,
    )
    seconds = time.perf_counter() - began
    await store.close()
    if intake.error is not None:
        raise SystemExit(intake.error)
    return {
        "seconds": seconds,
        "peak_mib": peak_mib(),
        "opened": opened,
        **intake.counts,
    }


def make(kind: str, where: str) -> Source:
    if kind == "folder":
        return folder.make("bench", folder.Settings(path=Path(where)), PUBLICATION)
    return feed.make("bench", feed.Settings(url=where, allow_private=True), PUBLICATION)


# --- what is measured ---------------------------------------------------------------------


def write_files(root: Path, count: int) -> None:
    for number in range(count):
        path = root / f"{number // A_FOLDER:03}" / f"{number % A_FOLDER:03}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, number, QUIET)


def write(path: Path, number: int, modified: int) -> None:
    body = "\n\n".join([PARAGRAPH * 3] * 4)
    path.write_text(f"# Night shift number {number}\n\nStory {number}. {body}\n", encoding="utf-8")
    os.utime(path, (modified, modified))


def database_in(folder: Path) -> str:
    url = f"sqlite:///{folder / 'bench.db'}"
    migrate(url)

    async def sign() -> None:
        store = connect(url)
        async with store.write() as connection:
            await keys.ensure(connection, utc_now())
        await store.close()

    asyncio.run(sign())
    return url


def of_files(count: int) -> list[tuple[str, dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "articles"
        write_files(root, count)
        database = database_in(Path(name))
        rows = [
            (
                f"{count:,} files, cold",
                measured("bench.ingest", "--pass", "folder", str(root), database),
            )
        ]
        rows += [
            (
                f"{count:,} files, warm",
                measured("bench.ingest", "--pass", "folder", str(root), database),
            )
        ]
        write(root / "000" / "000.md", -1, QUIET + 60)
        rows += [
            (
                f"{count:,} files, one changed",
                measured("bench.ingest", "--pass", "folder", str(root), database),
            )
        ]
        return rows


def document() -> bytes:
    items = "".join(
        f"<item><guid isPermaLink='false'>{n}</guid><title>Night shift number {n}</title>"
        f"<link>https://upstream.example.org/{n}</link>"
        f"<description>&lt;p&gt;Story {n}. {PARAGRAPH * 12}&lt;/p&gt;</description></item>"
        for n in range(ENTRIES)
    )
    head = "<title>Upstream</title><link>https://upstream.example.org/</link>"
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel>{head}'
        f"<description>-</description>{items}</channel></rss>"
    ).encode()


@asynccontextmanager
async def upstream() -> AsyncIterator[str]:
    """Serve the feed without validators, so that the second poll reads all of it again."""
    body = document()

    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=body, content_type="application/rss+xml")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/feed.xml"
    finally:
        await runner.cleanup()


async def of_feed() -> list[tuple[str, dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as name:
        database = await asyncio.to_thread(database_in, Path(name))
        async with upstream() as url:
            return [
                (
                    f"feed of {ENTRIES:,}, {how}",
                    await asyncio.to_thread(measured, "feed", url, database),
                )
                for how in ("cold", "warm")
            ]


def main(files: int) -> None:
    table = Table(title="Loading articles")
    for column in ("pass", "articles/s", "seconds", "new", "unchanged", "files read", "peak MiB"):
        table.add_column(column, justify="left" if column == "pass" else "right")
    rows = [*of_files(files // 10), *of_files(files), *asyncio.run(of_feed())]
    for name, found in rows:
        count = found["new"] + found["changed"] + found["unchanged"]
        table.add_row(
            name,
            f"{count / found['seconds']:,.0f}",
            f"{found['seconds']:.1f}",
            f"{found['new']:,}",
            f"{found['unchanged']:,}",
            f"{found['opened']:,}" if "files" in name else "-",
            f"{found['peak_mib']:.0f}",
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--pass"]:
        print(json.dumps(asyncio.run(one_pass(*sys.argv[2:5]))))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else FILES)
