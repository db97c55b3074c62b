"""How soon do the pages of sign-up and unsubscribing answer, while a send is running?

    python -m bench.signup [READERS]

Milliseconds from request to whole answer as a client on the same machine sees them, so a little
more than at the server: GET and POST of the sign-up form and of the page that unsubscribes, 100 of
each, one after the other over one connection. "Idle" is with the pages alone; "in a send" while a
worker, a process of its own, sends to 100,000 (READERS) as fast as it can, to a sink in this one.
Both databases are durable.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from pathlib import Path

import httpx
import uvloop
from rich.console import Console
from rich.table import Table

from bench import delivery
from bench.compose import database
from bench.latency import Watch, service, until_taken, watched
from bench.serve import free_port
from publisher.app import opened
from publisher.config import load
from publisher.tokens import Purpose, Tokens

READERS = 100_000
TIMES = 100
GOAL_MS = 20

Times = dict[str, list[float]]


def site_in(folder: Path, url: str, readers: int, sink_port: int, web_port: int) -> Path:
    """Write a site with an open issue, whose limits are not what is measured."""
    config = delivery.site_in(folder, url, readers, sink_port)
    more = (
        f"\n[web]\nlisten = '127.0.0.1:{web_port}'\n"
        "\n[signup]\nper_network = '100000/h'\nper_domain = '100000/h'\ntotal = '100000/h'\n"
    )
    config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
    return config


async def measure(kind: str, readers: int) -> tuple[Times, Times]:
    """Give the milliseconds of each request, idle and in a send."""
    with database(kind) as (folder, url):
        async with watched() as sink_port:
            port = free_port()
            config = await asyncio.to_thread(site_in, folder, url, readers, sink_port, port)
            async with (
                opened(load(config, {})) as app,
                service(config, "web"),
                httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30
                ) as client,
            ):
                idle = await asked(client, app.tokens, first=1)
                async with service(config, "worker"):
                    await until_taken(readers // 100)
                    busy = await asked(client, app.tokens, first=1 + TIMES)
                    assert Watch.count < readers - 2 * TIMES, "it was over too soon"  # noqa: S101
            return idle, busy


async def asked(client: httpx.AsyncClient, tokens: Tokens, *, first: int) -> Times:
    """Ask for one page after the other, so many times each, each time for somebody else."""
    times: Times = {}

    async def ask(name: str, method: str, path: str, **form: str) -> None:
        began = time.perf_counter()
        response = await client.request(method, path, data=form or None)
        times.setdefault(name, []).append(1000 * (time.perf_counter() - began))
        assert response.status_code == 200, response.text  # noqa: S101

    paths = [
        f"/u/{tokens.sign(Purpose.UNSUBSCRIBE, number)}" for number in range(first, first + TIMES)
    ]
    for path in paths:
        await ask("unsubscribe, GET", "GET", path)
    for path in paths:
        await ask("unsubscribe, POST", "POST", path, **{"List-Unsubscribe": "One-Click"})
    for _ in range(TIMES):
        await ask("sign-up, GET", "GET", "/newsletters/digest/form")
    # Last: what comes in by it is looked at after the answer, beside what is asked next.
    for number in range(first, first + TIMES):
        mailbox = f"visitor{number}@example.com"
        await ask("sign-up, POST", "POST", "/newsletters/digest", email=mailbox)
    return times


def main(readers: int) -> None:
    table = Table(title=f"Milliseconds to an answer: median / p99 (goal: median under {GOAL_MS})")
    table.add_column("request", no_wrap=True)
    columns: list[Times] = []
    for kind in ("SQLite", "PostgreSQL"):
        columns += uvloop.run(measure(kind, readers))
        for state in ("idle", "in a send"):
            table.add_column(f"{kind}, {state}", justify="right")
    for name in columns[0]:
        table.add_row(name, *(_told(times[name]) for times in columns))
    Console().print(table)


def _told(times: list[float]) -> str:
    return f"{statistics.median(times):.1f} / {statistics.quantiles(times, n=100)[-1]:.1f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else READERS)
