"""How long do people wait for a page of ours while an issue goes out?

    python -m bench.signup [READERS]

The sign-up page and its POST, and the unsubscribe page and its POST, each a hundred times over a
real socket, by a client on the same machine: first while nothing is sent, then while a worker sends
to 100,000 (READERS) as fast as it can. Once with the whole service in one process, where pages and
mails share an interpreter, and once with web and worker apart. In milliseconds, median and 99th
percentile, on both databases. People come when they like: a moment of chance passes before each
request, so that none stands right behind a sign-up, whose person is looked at and mailed once it
is answered. The floor is a row that is put into an empty table and committed, by nobody else's
connection, in between: what this disk takes before anybody can say that something is done.
"""

from __future__ import annotations

import asyncio
import random
import socket
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import uvloop
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from bench import delivery
from bench.compose import database
from bench.latency import Watch, command, service, until_taken, watched
from publisher.app import opened
from publisher.config import load
from publisher.store.engine import connect_sync
from publisher.tokens import Purpose

READERS = 100_000
TIMES = 100
_PAUSE_SECONDS = 0.05
_FLOOR = "the floor: a row and its commit"
_LIMITS = """
[signup]
per_domain = "1000000/s"
total = "1000000/s"
"""

Waits = dict[str, list[float]]


async def measured(kind: str, parts: tuple[str, ...], readers: int) -> tuple[Waits, Waits]:
    """Give how long each request took, at rest and during a send."""
    with database(kind) as (folder, url):
        async with watched() as port:
            config = await asyncio.to_thread(delivery.site_in, folder, url, readers, port)
            web = _listening(config)
            await command(config, "issues", "pause", "1")
            leaving = await _links(config)
            async with AsyncExitStack() as running:
                for part in parts:
                    await running.enter_async_context(service(config, part))
                floor = running.enter_context(_floor(folder, url))
                async with httpx.AsyncClient(base_url=web, trust_env=False) as client:
                    await _ask(client, leaving[:5], "warm", floor)
                    at_rest = await _ask(client, leaving[5 : 5 + TIMES], "rest", floor)
                    await command(config, "issues", "resume", "1")
                    await until_taken(readers // 100)
                    during = await _ask(client, leaving[5 + TIMES :], "send", floor)
                assert Watch.count < readers, "the send was over too soon"  # noqa: S101
        return at_rest, during


def _listening(config: Path) -> str:
    """Have the site listen at a free port; give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = config.read_text(encoding="utf-8")
    config.write_text(f'{text}\n[web]\nlisten = "127.0.0.1:{port}"\n{_LIMITS}', encoding="utf-8")
    return f"http://127.0.0.1:{port}"


async def _links(config: Path) -> list[str]:
    """Give the unsubscribe links of some readers."""
    async with opened(load(config, {})) as app:
        return [
            f"/u/{app.tokens.sign(Purpose.UNSUBSCRIBE, number + 1)}"
            for number in range(5 + 2 * TIMES)
        ]


async def _ask(
    client: httpx.AsyncClient, leaving: list[str], name: str, floor: Connection
) -> Waits:
    page = "/newsletters/digest"
    waits: Waits = {}
    chance = random.Random(7)  # noqa: S311 -- the same moments each time

    async def time_of(what: str, asked: Callable[[], Awaitable[httpx.Response]]) -> None:
        await asyncio.sleep(chance.uniform(0, _PAUSE_SECONDS))
        began = time.perf_counter()
        response = await asked()
        waits.setdefault(what, []).append(1000 * (time.perf_counter() - began))
        assert response.status_code == 200, (what, response.status_code)  # noqa: S101

    for number, link in enumerate(leaving):
        form = {"email": f"{name}{number}@example.net"}
        await time_of("GET sign-up", partial(client.get, page))
        await time_of("POST sign-up", partial(client.post, page, data=form))
        await time_of("GET unsubscribe", partial(client.get, link))
        await time_of("POST unsubscribe", partial(client.post, link))
        waits.setdefault(_FLOOR, []).append(await asyncio.to_thread(_put, floor))
    return waits


@contextmanager
def _floor(folder: Path, url: str) -> Iterator[Connection]:
    """Open a table for the floor: in the same server, or in a file of its own on the same disk."""
    is_file = url.startswith("sqlite")
    engine = connect_sync(f"sqlite:///{folder / 'floor.db'}" if is_file else url, create=True)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE floor (number INTEGER)")
        connection.commit()
        yield connection
    engine.dispose()


def _put(floor: Connection) -> float:
    began = time.perf_counter()
    floor.exec_driver_sql("INSERT INTO floor VALUES (1)")
    floor.commit()
    return 1000 * (time.perf_counter() - began)


def main(readers: int) -> None:
    table = Table(title="Milliseconds to wait for a page: median / 99th percentile")
    for name in ("database", "processes", "request", "at rest", "during a send"):
        right = name in ("at rest", "during a send")
        table.add_column(name, justify="right" if right else "left")
    for kind in ("SQLite", "PostgreSQL"):
        for parts in (("run",), ("web", "worker")):
            at_rest, during = uvloop.run(measured(kind, parts, readers))
            for request in at_rest:
                table.add_row(
                    kind,
                    " + ".join(parts),
                    request,
                    *(_told(waits[request]) for waits in (at_rest, during)),
                )
    Console().print(table)


def _told(waits: list[float]) -> str:
    worst = statistics.quantiles(waits, n=100)[-1]
    return f"{statistics.median(waits):.1f} / {worst:.1f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else READERS)
