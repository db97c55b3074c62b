"""How soon does the first mail leave, does a confirmation arrive, and is a stopped issue silent?

    python -m bench.latency [READERS]

Three waits, in seconds, on both databases. From the instant of a slot to the first mail at the
sink, of an issue of 20 articles for 10,000 readers: with the whole service in one process, and with
clock and worker apart, so that nobody can wake the worker. From a newcomer's wish to the
confirmation at the sink, ten times while a worker sends to 100,000 (READERS) as fast as it can.
From the return of `publisher issues pause`, and of `cancel`, amid that, to the last mail
at the sink (0.000 if that came before). The services are processes of their own, and the sink is
this one.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import uvloop
from rich.console import Console
from rich.table import Table
from sqlalchemy import update

from bench import compose, delivery
from bench.compose import database
from bench.sink import Sink
from publisher.app import App, opened
from publisher.config import load
from publisher.mail import address as addresses
from publisher.model import Wishes
from publisher.store.engine import connect_sync
from publisher.store.tables import subscriptions
from publisher.subscribe import subscribe

PROGRAM = Path(sys.executable).with_name("publisher")
READERS = 100_000
OF_SLOT = 10_000
NEWCOMERS = 10
# Enough for the services to be up before the slot.
_LEAD = timedelta(seconds=12)
_QUIET_SECONDS = 3.0
_LIMIT_SECONDS = 120


class Watch(Sink):
    """The sink, and when it took what, by the clock on the wall."""

    count = 0
    first = 0.0
    last = 0.0
    newcomers: ClassVar[dict[bytes, asyncio.Future[float]]] = {}

    def took(self, recipient: bytes) -> None:
        now = time.time()
        Watch.count += 1
        Watch.first = Watch.first or now
        Watch.last = now
        if b"newcomer" in recipient:
            Watch.newcomers[recipient].set_result(now)


@asynccontextmanager
async def watched() -> AsyncIterator[int]:
    """Run the sink; give its port."""
    Watch.count, Watch.first, Watch.last = 0, 0.0, 0.0
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Watch, "127.0.0.1", 0, backlog=1024)
    yield server.sockets[0].getsockname()[1]
    server.close()


@asynccontextmanager
async def service(config: Path, part: str) -> AsyncIterator[None]:
    """Run a part of the service, which is at work in the block."""
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "--config", str(config), part),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None  # noqa: S101
    async for line in process.stderr:
        if b"at work" in line:
            break
    else:
        raise RuntimeError(f"`publisher {part}` did not start")
    rest = asyncio.create_task(process.stderr.read())
    try:
        yield
    finally:
        process.terminate()
        await process.wait()
        await rest


async def command(config: Path, *words: str) -> float:
    """Run a command to its end; give when that was."""
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "--config", str(config), *words), stdout=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0  # noqa: S101
    return time.time()


async def until_taken(count: int) -> None:
    """Wait until the sink has taken so many. Raises TimeoutError when none come."""
    async with asyncio.timeout(_LIMIT_SECONDS):
        while Watch.count < count:  # noqa: ASYNC110 -- an event for each would slow the sink
            await asyncio.sleep(0.01)


# --- what is measured ---------------------------------------------------------------------------


async def from_slot(kind: str, *parts: str) -> float:
    """Give the seconds from a slot to the first mail."""
    slot = (datetime.now(UTC) + _LEAD + timedelta(minutes=1)).replace(second=0, microsecond=0)
    with database(kind) as (folder, url):
        async with watched() as port:
            config = await asyncio.to_thread(site_in, folder, url, port, slot)
            async with AsyncExitStack() as running:
                for part in parts:
                    await running.enter_async_context(service(config, part))
                assert datetime.now(UTC) < slot, "the services are not up in time"  # noqa: S101
                await until_taken(OF_SLOT)
            return Watch.first - slot.timestamp()


def site_in(folder: Path, url: str, port: int, slot: datetime) -> Path:
    """Write a site whose newsletter falls due at a slot, with the same for everybody."""
    config = compose.site_in(folder, url, OF_SLOT)
    text = compose.CONFIG.format(url=url, languages='["en"]', topics="")
    for before, after in {
        'cron = "0 7 * * *"': f'cron = "{slot.minute} {slot.hour} * * *"',
        'from = "news@example.org"': 'from = "news@example.org"\ngrace = "0s"',
        'host = "127.0.0.1"': f"{delivery.relay_at(port)}\n\n[web]\nlisten = '127.0.0.1:0'",
    }.items():
        text = text.replace(before, after)
    config.write_text(text, encoding="utf-8")
    engine = connect_sync(url)
    with engine.begin() as connection:
        connection.execute(update(subscriptions).values(topics=""))
    engine.dispose()
    return config


async def under_way(kind: str, readers: int) -> tuple[list[float], float, float]:
    """Give how long newcomers waited, and how long it was not silent after pause and cancel."""
    with database(kind) as (folder, url):
        async with watched() as port:
            config = await asyncio.to_thread(delivery.site_in, folder, url, readers, port)
            async with service(config, "worker"), opened(load(config, {})) as app:
                await until_taken(readers // 100)
                waits = [await newcomer(app, number) for number in range(NEWCOMERS)]
                paused = await silence(config, "pause")
                await command(config, "issues", "resume", "1")
                await until_taken(Watch.count + readers // 100)
                cancelled = await silence(config, "cancel")
            assert Watch.count < readers, "it was over too soon"  # noqa: S101
            return waits, paused, cancelled


async def newcomer(app: App, number: int) -> float:
    """Subscribe somebody who is to confirm; give the seconds till the mail is at the sink."""
    mailbox = f"newcomer{number}@example.net"
    told: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    Watch.newcomers[f"RCPT TO:<{mailbox}>".encode()] = told
    began = time.time()
    await subscribe(
        app.store,
        app.config.newsletters[0],
        addresses.parse(mailbox),
        wishes=Wishes(cadence="daily"),
        confirmed=False,
        consent={"by": "bench"},
        publication=app.config.publication,
        templates=app.templates,
        clock=app.clock,
    )
    return await told - began


async def silence(config: Path, word: str) -> float:
    """Pause or cancel the issue; give the seconds from the command's end to the last mail."""
    ended = await command(config, "issues", word, "1")
    await asyncio.sleep(_QUIET_SECONDS)
    return max(0.0, Watch.last - ended)


def main(readers: int) -> None:
    table = Table(title="Seconds to wait")
    for name in ("wait", "SQLite", "PostgreSQL"):
        table.add_column(name, justify="left" if name == "wait" else "right")
    waits: dict[str, list[float]] = {}
    for kind in ("SQLite", "PostgreSQL"):
        confirmed, paused, cancelled = uvloop.run(under_way(kind, readers))
        for name, seconds in {
            "slot to first mail, in one process": uvloop.run(from_slot(kind, "run")),
            "slot to first mail, clock and worker apart": uvloop.run(
                from_slot(kind, "clock", "worker")
            ),
            "confirmation during a send, median of 10": statistics.median(confirmed),
            "confirmation during a send, worst of 10": max(confirmed),
            "pause to last mail": paused,
            "cancel to last mail": cancelled,
        }.items():
            waits.setdefault(name, []).append(seconds)
    for name, both in waits.items():
        table.add_row(name, *(f"{seconds:.3f}" for seconds in both))
    Console().print(table)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else READERS)
