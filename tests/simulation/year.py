"""A publication over months: sources, editors, readers and a clock, none of them reliable.

After each step `tests.simulation.proof` compares what there is with what there should be.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path

from publisher import deliver, issues
from publisher.app import App, opened
from publisher.config import load
from publisher.config.models import PreflightTable
from publisher.deliver.domains import Domains
from publisher.model import IssueState
from publisher.ports import Transport
from publisher.store import arriving, sources
from publisher.store import issues as occurrences
from tests.rig.clock import SettableClock
from tests.simulation.folder import Folder
from tests.simulation.oracle import Oracle
from tests.simulation.papers import Paper, edit, papers
from tests.simulation.proof import Proof
from tests.simulation.readers import PAUSE, Readers
from tests.simulation.relay import TEMPLATE

_SOURCES = ("wire", "folder")
_SITE = """
[publication]
title = "The Lighthouse"
base_url = "https://news.example.org"
postal_address = "1 Mole Street"

[[sources]]
name = "wire"
kind = "feed"
url = "{feed}"
allow_private = true

[[sources]]
name = "folder"
kind = "folder"
path = "articles"

[smtp.main]
host = "127.0.0.1"
port = {port}
security = "none"
connections = 3

[store]
url = "{store}"

[templates]
path = "templates"

[preflight]
"""
# A year's mails are bare, and to examine each takes longer than all the rest.
_UNEXAMINED = "\n".join(f'{name} = "off"' for name in PreflightTable.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the publication has its things."""

    path: Path
    store: str
    feed: str
    port: int = 25


class Year:
    """``connect`` makes what mails leave by; ``counts`` says what happened."""

    def __init__(
        self,
        place: Place,
        clock: SettableClock,
        chance: random.Random,
        *,
        people: int,
        connect: Callable[[], Transport] | None,
    ) -> None:
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self.papers: list[Paper] = papers()
        self.oracle = Oracle()
        self.folder = Folder(place.path / "articles", chance, clock)
        self.readers = Readers(people, self.oracle, chance, clock)
        self.proof = Proof(self.papers, self.oracle, self.readers.person_of, clock)
        self._place = place
        self._chance = chance
        self._connect = connect
        self._stop = asyncio.Event()
        for suffix in ("html", "txt"):
            template = place.path / "templates" / "email" / f"year.{suffix}"
            template.parent.mkdir(parents=True, exist_ok=True)
            template.write_text(TEMPLATE if suffix == "txt" else "{{ unsubscribe_url }}")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have the publication open; afterwards it is closed."""
        self._stack = AsyncExitStack()
        await self._reload()
        try:
            yield
        finally:
            await self._stack.aclose()

    async def _reload(self) -> None:
        """Take the config as it is written now, as the service does."""
        path = self._place.path / "publisher.toml"
        site = _SITE.format(feed=self._place.feed, store=self._place.store, port=self._place.port)
        path.write_text(site + _UNEXAMINED + "".join(paper.written() for paper in self.papers))
        config = load(path, {})
        next_one = AsyncExitStack()
        self.app: App = await next_one.enter_async_context(opened(config, clock=self.clock))
        await self._stack.aclose()
        self._stack = next_one
        self.proof.open(self.app.store)

    # --- a step

    async def step(self) -> None:
        """Let some time pass, and what is to be done in it be done, or not, or twice."""
        chance = self._chance
        self.clock.move_to(self._next_time())
        await self.readers.act(self.app, self.papers, self.readers.count / 12)
        self.clock.advance(seconds=1)  # who joins at an instant at which an article comes?
        self.folder.act()
        if chance.random() < 1 / 20 and (what := edit(self.papers, chance)):
            self.counts[what] += 1
            await self._reload()
        for source in _SOURCES:
            if chance.random() < 0.5:
                await self.take_in(source)
        if chance.random() < 0.3:
            await self.release()
        if chance.random() < 0.5:
            await self.approve()
        if chance.random() < 0.9:
            await self.ring(times=2 if chance.random() < 0.1 else 1)
        if chance.random() < 0.05:
            await self._stop_one()
        if chance.random() < 0.9:
            await self.send()

    def _next_time(self) -> datetime:
        """Choose when to look again: soon, right when something is due, or after an outage."""
        chance, now = self._chance, self.clock()
        if chance.random() < 0.008:
            self.counts["outages"] += 1
            return now + timedelta(hours=chance.uniform(8, 100))
        soonest = now + timedelta(hours=chance.uniform(3, 18))
        due = [
            instant
            for paper in self.papers
            for schedule in paper.cadences.values()
            if schedule is not None
            for _, instant in schedule.due(paper.zone, soonest, soonest + timedelta(hours=3))
        ]
        if due and chance.random() < 0.6:
            return min(due) + timedelta(minutes=chance.choice((0, 0, 1, 50)))
        return soonest

    async def take_in(self, source: str) -> None:
        intake = await self.app.sources.ingest(source)
        self.counts["passes"] += 1
        self.counts["failed passes"] += intake.error is not None
        self.counts["held articles"] += intake.held
        await self.proof.learn()

    async def release(self) -> None:
        """Have what an alarm holds let out: all of it is true."""
        async with self.app.store.write() as connection:
            for source in _SOURCES:
                await arriving.release_held(connection, source, self.clock(), mailed=True)
                await sources.raise_alarm(connection, source, None)
        await self.proof.learn()

    async def approve(self) -> None:
        async with self.app.store.write() as connection:
            for issue in await occurrences.listing(connection, states=[IssueState.HELD]):
                self.counts["approved"] += await occurrences.approve(connection, issue.id)

    # --- issues

    async def ring(self, times: int = 1) -> None:
        """Make what is due; ``times`` clocks ring at once."""
        self.counts["rings"] += 1
        expected = self.proof.expect()
        await asyncio.gather(*(self.app.issue() for _ in range(times)))
        await self.proof.compare(expected)

    # --- mails

    async def send(self) -> None:
        """Send what is due, as far as the relay lets us."""
        if self._connect is None:
            await self.app.relays.deliver("main", self._stop)
        else:
            newsletters = self.app.config.newsletters
            await deliver.decide_doubt(self.app.store, newsletters, clock=self.clock)
            await deliver.deliver(
                self.app.store,
                deliver.Relay(
                    name="main", connections=3, connect=self._connect, domains=Domains(3)
                ),
                self.app.letters,
                newsletters=[newsletter.slug for newsletter in newsletters],
                clock=self.clock,
                stop=self._stop,
            )
        await self.proof.settle()

    async def _stop_one(self) -> None:
        """Stop an issue that is under way, or waits."""
        async with self.app.store.read() as connection:
            found = await occurrences.listing(
                connection, states=[IssueState.HELD, IssueState.OPEN], limit=20
            )
        if found:
            issue = self._chance.choice(found)
            if await issues.stop(self.app.store, issue, clock=self.clock) is not None:
                self.counts["stopped"] += 1
            await self.proof.settle()

    # --- the end

    async def come_to_rest(self) -> None:
        """Let nothing new come, and all that waits be dealt with, as far as it ever will."""
        self.folder.calm_down()
        self.clock.advance(days=(PAUSE + timedelta(days=1)).days)
        for _ in range(3):
            self.clock.advance(hours=1)
            for source in _SOURCES:
                await self.take_in(source)
            await self.release()
        now = self.clock()
        due = sorted(
            {
                instant
                for paper in self.papers
                for schedule in paper.cadences.values()
                if schedule is not None
                for _, instant in islice(schedule.due(paper.zone, now, now + timedelta(days=32)), 1)
            }
        )
        day = [now + timedelta(hours=n) for n in range(1, 27, 6)]
        times = sorted({*day, *(at + timedelta(minutes=2) for at in due)})
        for at, after in pairwise([*times, times[-1] + timedelta(hours=3)]):
            self.clock.move_to(at)
            await self.ring()
            await self.approve()
            self.clock.move_to(min(after, at + timedelta(hours=2)))
            await self.ring()
            await self.send()
