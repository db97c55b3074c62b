"""What a worker heeds that nobody can wake: mail that falls due, and commands of other processes.

Each is told by the order of events, however long they take.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, func, select

from publisher import worker
from publisher.app import opened
from publisher.app.relays import Relays
from publisher.config import load
from publisher.deliver import Sent
from publisher.store.engine import connect
from publisher.store.tables import deliveries
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk
from tests.rig.program import Service, Site, until
from tests.rig.script import Act, Moment, line
from tests.rig.smtp import SmtpRig

CONFIG = """\
[publication]
title = "The Lighthouse"
base_url = "https://news.example.org"

[store]
url = "${{DATABASE}}"

[[newsletters]]
slug = "digest"
title = "The Digest"
from = "news@example.org"
hours = "07:00-22:00"
cadences = {{ daily = {{ cron = "0 7 * * *" }} }}

[smtp.main]
host = "127.0.0.1"
port = {port}
security = "none"
"""
DAY, NIGHT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC), datetime(2026, 11, 23, 23, 0, tzinfo=UTC)


# --- mail that falls due ------------------------------------------------------------------------


class Worker:
    """A worker of a site, and how often it has gone through what is due."""

    def __init__(self, rig: SmtpRig) -> None:
        self.rig = rig
        self.runs = 0

    async def until_run(self, times: int) -> None:
        async def is_so() -> bool:
            return self.runs >= times

        await until(is_so)

    async def until_taken(self, mails: int) -> None:
        async def is_so() -> bool:
            return len(self.rig.accepted) >= mails

        await until(is_so)


@asynccontextmanager
async def working(
    url: str, folder: Path, clock: SettableClock, patch: pytest.MonkeyPatch
) -> AsyncIterator[Worker]:
    """Run a worker that has found nothing to do yet, and rests an hour unless mail falls due."""
    patch.setattr(worker, "_IDLE_SECONDS", 3600.0)
    path = folder / "publisher.toml"
    stop, real = asyncio.Event(), Relays.deliver
    async with SmtpRig() as rig:
        running = Worker(rig)

        async def counted(relays: Relays, relay: str, stop: asyncio.Event) -> Sent:
            sent = await real(relays, relay, stop)
            running.runs += 1
            return sent

        patch.setattr(Relays, "deliver", counted)
        path.write_text(CONFIG.format(port=rig.port), encoding="utf-8")
        async with opened(load(path, {"DATABASE": url}), clock=clock) as app:
            task = asyncio.create_task(worker.work(app, stop, asyncio.Event()))
            await running.until_run(1)
            yield running
            stop.set()
            await task


async def test_issue_that_another_process_opens_ends_the_rest_of_a_worker(
    desk: Desk, database_url: str, tmp_path: Path, clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    clock.move_to(DAY)
    await desk.bring("one")
    await desk.join("ann")

    async with working(database_url, tmp_path, clock, monkeypatch) as running:
        await desk.issue_now()
        await running.until_taken(1)
        await desk.join("newcomer", confirmed=False)
        await running.until_taken(2)

    assert "newcomer@example.org" == running.rig.accepted[1].recipient


async def test_what_is_kept_back_is_not_looked_at_again_and_again(
    desk: Desk, database_url: str, tmp_path: Path, clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Due, and not to be sent at night: each look at it goes through everything."""
    monkeypatch.setattr(worker, "_GLANCE_SECONDS", 0.01)
    monkeypatch.setattr(worker, "_KEPT_BACK_SECONDS", 3600.0)
    clock.move_to(NIGHT)
    await desk.bring("one")
    await desk.join("ann")

    async with working(database_url, tmp_path, clock, monkeypatch) as running:
        await desk.issue_now()
        await running.until_run(2)
        await asyncio.sleep(0.3)  # many glances

    assert 2 == running.runs
    assert [] == running.rig.accepted


# --- what the command line says while an issue goes out -----------------------------------------

READERS = 2000  # more than a worker has in hand at once
CONNECTIONS = 5  # of the site's relay


class Gate:
    """A relay that answers no content while it is shut."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.held = 0

    def __call__(self, moment: Moment) -> Act | None:
        if moment.verb != "CONTENT":
            return None
        self.held += not self.open.is_set()
        return Act(reply=line(250, "2.0.0 taken"), after=self.open)

    async def shut(self) -> None:
        """Shut it, and wait until every connection stands before it."""
        self.held = 0
        self.open.clear()

        async def is_full() -> bool:
            return self.held == CONNECTIONS

        await until(is_full)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.write("kept", "Kept promises")
    return made


@asynccontextmanager
async def sending(site: Site, gate: Gate) -> AsyncIterator[tuple[SmtpRig, Service]]:
    """Have a worker send an issue to many, up to a gate that is shut."""
    people = site.folder / "people.csv"
    people.write_text("email\n" + "".join(f"p{each}@example.org\n" for each in range(READERS)))
    async with SmtpRig(gate) as rig:
        site.send_to(rig.port)
        await site.aside("migrate")
        await site.aside("ingest")
        await site.succeed(
            *("subscribers", "import", str(people), "--newsletter", "digest"),
            *("--cadence", "daily", "--confirmed"),
        )
        await site.aside("issues", "build", "digest")
        gate.open.set()
        async with site.running("worker") as service:
            await rig.until(lambda rig: len(rig.accepted) > READERS // 10)
            await gate.shut()
            yield rig, service


async def count(site: Site, *which: ColumnElement[bool]) -> int:
    """Count rows of the ledger."""
    store = connect(f"sqlite:///{site.folder / 'var' / 'publisher.db'}")
    async with store.read() as connection:
        counted = await connection.scalar(select(func.count(deliveries.c.id)).where(*which))
    await store.close()
    assert counted is not None
    return counted


async def is_claimed(site: Site) -> bool:
    """Say whether a worker has the confirmation in hand."""
    return await count(site, deliveries.c.issue_id.is_(None), deliveries.c.attempts > 0) > 0


async def test_confirmation_overtakes_what_a_worker_has_in_hand(site: Site) -> None:
    """It is claimed while the issue goes out, and waits for no more than what is under way."""
    gate = Gate()
    async with sending(site, gate) as (rig, _):
        await site.aside("subscribers", "add", "newcomer@example.org", "--newsletter", "digest")
        before = len(rig.accepted)
        await until(lambda: is_claimed(site))
        gate.open.set()
        await rig.until(lambda rig: rig.accepted[-1].recipient == "newcomer@example.org")
        overtaken_by = len(rig.accepted) - 1 - before

    assert overtaken_by <= 2 * CONNECTIONS


async def test_pause_and_cancel_stop_an_issue_at_once(site: Site) -> None:
    """Only what was under way when the command came back still arrives."""
    gate = Gate()
    async with sending(site, gate) as (rig, service):

        async def arrived_after(word: str, runs: int) -> int:
            """Say the word, and open the gate; give how many mails arrived until the run's end."""

            async def is_over() -> bool:
                return service.said().count("mail sent") == runs

            await site.aside("issues", word, "1")
            before = len(rig.accepted)
            gate.open.set()
            await until(is_over)
            return len(rig.accepted) - before

        after_pause = await arrived_after("pause", 1)
        paused = await balance_of(site)
        await site.aside("issues", "resume", "1")
        await rig.until(lambda rig: len(rig.accepted) > paused["accepted"] + READERS // 10)
        await gate.shut()
        after_cancel = await arrived_after("cancel", 2)
        cancelled = await balance_of(site)

    assert 0 < after_pause <= CONNECTIONS
    assert 0 < after_cancel <= CONNECTIONS
    assert READERS == paused["accepted"] + paused["pending"]
    assert READERS == cancelled["accepted"] + cancelled["skipped"]
    assert len(rig.accepted) == cancelled["accepted"]
    assert paused["holds"]
    assert cancelled["holds"]


async def balance_of(site: Site) -> dict[str, int]:
    shown = json.loads(await site.aside("issues", "show", "1", "--json"))
    return dict(shown["balance"])
