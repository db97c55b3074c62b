"""A newsroom that reads one upstream for weeks, and the books that show what its readers got."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from publisher.ingest import Terms, ingest
from publisher.model import ArticleState, DeliveryState
from publisher.sources import feed
from publisher.store import arriving, sources
from publisher.store.tables import deliveries, origins, rendition_articles
from publisher.store.tables import subscribers as people
from tests.rig.desk import Desk
from tests.rig.web import WebRig
from tests.simulation.manner import WINDOW
from tests.simulation.originals import number_of
from tests.simulation.upstream import Upstream

SOURCE = "upstream"
CADENCES = ("instant", "daily", "weekly")
_TERMS = Terms(every=timedelta(minutes=15))
# All that is dated ahead is out by then, and each cadence had its slots.
_SETTLED = timedelta(days=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What went wrong, by the numbers of originals; ``strangers`` are articles of none.

    ``doubled`` and ``lost`` name the reader as well. ``mixed_up`` are those that are not
    exactly one live article, and ``outdated`` those that are told otherwise by now.
    """

    doubled: list[tuple[str, int]]
    lost: list[tuple[str, int]]
    mixed_up: list[int]
    outdated: list[int]
    strangers: list[str]


class Newsroom:
    """The desk with its upstream; ``counts`` says what happened."""

    def __init__(self, desk: Desk, web: WebRig, chance: random.Random) -> None:
        self.desk = desk
        self.counts: Counter[str] = Counter()
        self.upstream = Upstream(chance, desk.clock)
        self._chance = chance
        self._settings = feed.Settings(url=f"{web.url}/feed", allow_private=True)
        self._joined: dict[str, datetime] = {}
        web.pages["/feed"] = self.upstream.answer

    async def join(self, name: str, cadence: str) -> None:
        await self.desk.join(name, cadence)
        self._joined[name] = self.desk.clock()

    async def work(self, *, switching: str) -> None:
        """Let some time pass, poll once, and do what else falls due.

        Now and then a reader chooses another cadence, and somebody looks after alarms.
        """
        self.desk.clock.advance(minutes=self._pause_minutes())
        await self._poll()
        if self._chance.random() < 1 / 50:
            await self.desk.switch(switching, self._chance.choice(CADENCES))
        if self._chance.random() < 1 / 10:
            await self._release()
        if self._chance.random() < 1 / 3:
            await self._send()

    async def settle(self) -> None:
        """Come to rest: a feed that is as it should be, and all that was put off is sent."""
        self.upstream.calm_down()
        for _ in range(3):
            self.desk.clock.advance(hours=1)
            await self._poll()
        self.desk.clock.move_to(self.desk.clock() + _SETTLED)
        await self._release()
        for cadence in CADENCES:
            await self.desk.issue_now(cadence)
        await self._send()

    def _pause_minutes(self) -> float:
        """Give minutes, sometimes hours, and in a downtime days."""
        often = self._chance.uniform(5, 60)
        return self._chance.choices((often, often * 4, often * 100), weights=(80, 19, 1))[0]

    async def _poll(self) -> None:
        """Ask the feed; what comes whole must be read."""
        intake = await ingest(
            self.desk.store,
            feed.make(SOURCE, self._settings, self.desk.publication),
            publication=self.desk.publication,
            terms=_TERMS,
            clock=self.desk.clock,
        )
        assert intake.error is None or not self.upstream.is_whole, intake.error
        self.counts["polls"] += 1
        self.counts["failures"] += intake.error is not None
        self.counts["alarms"] += bool(intake.held)
        self.counts["held"] += intake.held

    async def _release(self) -> None:
        """Decide an alarm, if there is one: all of it is true."""
        async with self.desk.store.write() as connection:
            now = self.desk.clock()
            await arriving.release_held(connection, SOURCE, now, mailed=True)
            await sources.raise_alarm(connection, SOURCE, None)

    async def _send(self) -> None:
        await self.desk.ring()
        await self.desk.compose_due()
        while await self.desk.deliver_all():
            pass

    # --- the books

    async def audit(self) -> Books:
        """Compare what the upstream told with what is there, and with what each reader got."""
        stored = await self.desk.all_articles()
        numbers = {article.id: number_of(article.text) for article in stored}
        live = {a.id: a for a in stored if a.state is ArticleState.LIVE}
        times_live = Counter(numbers[id] for id in live)
        shown = {(numbers[a.id], a.title, a.text.partition("\n\n")[2]) for a in live.values()}
        got = Counter((name, numbers[article]) for name, article in await self._mailed())
        told = [original for original in self.upstream.originals if original.first_told]
        owed = [
            (name, original.newest.number)
            for name, joined in self._joined.items()
            for original in told
            if original.first_sent is not None and original.first_sent > joined
        ]
        newest = [original.newest for original in told[-WINDOW:]]
        self.counts["articles"] = len(stored)
        self.counts["re-identified"] = await self._re_identified()
        self.counts["owed"] = len(owed)
        self.counts["mailed"] = got.total()
        return Books(
            doubled=[(name, n) for (name, n), times in got.items() if n is not None and times > 1],
            lost=[each for each in owed if each not in got],
            mixed_up=[one.newest.number for one in told if times_live[one.newest.number] != 1],
            outdated=[
                one.number for one in newest if (one.number, one.title, one.text) not in shown
            ],
            strangers=[article.slug for article in stored if numbers[article.id] is None],
        )

    async def _mailed(self) -> list[tuple[str, int]]:
        """List the reader and the article of everything that was mailed."""
        async with self.desk.store.read() as connection:
            rows = await connection.execute(
                select(people.c.mailbox, rendition_articles.c.article_id)
                .select_from(deliveries)
                .join(people, people.c.id == deliveries.c.subscriber_id)
                .join(
                    rendition_articles,
                    rendition_articles.c.rendition_id == deliveries.c.rendition_id,
                )
                .where(deliveries.c.state != DeliveryState.SKIPPED)
            )
            return [(row.mailbox.partition("@")[0], row.article_id) for row in rows]

    async def _re_identified(self) -> int:
        """Count the guids that turned out to be another one of an article."""
        guids, articles = func.count(), func.count(origins.c.article_id.distinct())
        async with self.desk.store.read() as connection:
            return int(await connection.scalar(select(guids - articles).select_from(origins)) or 0)
