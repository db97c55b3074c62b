"""What a database has, read row by row, so that it can be compared with what it should have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from publisher.store.engine import Store
from publisher.store.tables import (
    articles,
    deliveries,
    issues,
    rendition_articles,
    renditions,
    waves,
)
from tests.simulation.oracle import Fact, Mail, Wave
from tests.simulation.originals import tags_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the ledger."""

    id: int
    issue: int
    subscriber: int
    rendition: int
    state: str
    reply: str


class Rows:
    """Reads from ``store``, which is to be set first, what is new since it was asked last."""

    store: Store

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}  # by article
        self.contents: dict[int, Mail] = {}  # by rendition
        self.waves: dict[int, Wave] = {}
        self.unsettled: dict[int, Row] = {}
        self._facts: dict[int, tuple[object, ...]] = {}
        self._last_delivery = 0

    async def changed_facts(self) -> list[Fact]:
        """Read the articles that are new, or have changed."""
        changed = []
        async with self.store.read() as connection:
            rows = await connection.execute(
                select(
                    articles.c.id,
                    articles.c.source,
                    articles.c.state,
                    articles.c.eligible,
                    articles.c.hold,
                ).order_by(articles.c.id)
            )
            for row in rows:
                if row.hold is None and self._facts.get(row.id) != tuple(row):
                    self._facts[row.id] = tuple(row)
                    changed.append(row)
            unknown = [row.id for row in changed if row.id not in self.numbers]
            titles = select(articles.c.id, articles.c.title).where(articles.c.id.in_(unknown))
            for id, title in await connection.execute(titles):
                number = int(title.rpartition("(")[2].rstrip(")"))
                assert number not in self.numbers.values(), f"{number} is two articles"
                self.numbers[id] = number
        return [
            Fact(
                number=self.numbers[row.id],
                source=row.source,
                tags=frozenset(tags_of(self.numbers[row.id])),
                state=row.state,
                eligible=row.eligible,
            )
            for row in changed
        ]

    async def changed_waves(self) -> list[Wave]:
        """Read the waves that are new, or were yet to be made."""
        due = [wave.id for wave in self.waves.values() if wave.state == "due"]
        async with self.store.read() as connection:
            rows = await connection.execute(
                select(waves, issues.c.newsletter, issues.c.cadence, issues.c.slot)
                .join(issues, issues.c.id == waves.c.issue_id)
                .where(or_(waves.c.id > max(self.waves, default=0), waves.c.id.in_(due)))
                .order_by(waves.c.id)
            )
            found = [
                Wave(
                    id=row.id,
                    issue=row.issue_id,
                    paper=row.newsletter,
                    cadence=row.cadence,
                    slot=row.slot,
                    own_time=row.own_time,
                    due=row.due,
                    state=row.state,
                    cut=row.cut,
                )
                for row in rows
            ]
        changed = [wave for wave in found if self.waves.get(wave.id) != wave]
        self.waves |= {wave.id: wave for wave in changed}
        return changed

    async def new_rows(self) -> list[Row]:
        """Read the ledger's new rows, and what is in the mails that they name."""
        rows = await self._rows(deliveries.c.id > self._last_delivery)
        if rows:
            self._last_delivery = max(row.id for row in rows)
            await self._read_contents({row.rendition for row in rows} - self.contents.keys())
            self.unsettled |= {row.id: row for row in rows}
        return rows

    async def settled_rows(self) -> list[Row]:
        """Read those that have come to an end since."""
        settled = []
        asked = sorted(self.unsettled)
        for start in range(0, len(asked), 500):
            rows = await self._rows(
                deliveries.c.id.in_(asked[start : start + 500]),
                deliveries.c.state.not_in(("pending", "sending")),
            )
            settled += rows
        for row in settled:
            del self.unsettled[row.id]
        return settled

    async def issue_states(self) -> Counter[str]:
        """Count the issues, and their renditions, by what became of them."""
        async with self.store.read() as connection:
            counts = Counter((await connection.execute(select(issues.c.state))).scalars())
            made = await connection.scalar(select(func.count()).select_from(renditions))
        counts["renditions"] = made or 0
        return counts

    async def all_rows(self) -> dict[int, Row]:
        """Read all of the ledger."""
        return {row.id: row for row in await self._rows()}

    async def _rows(self, *conditions: ColumnElement[bool]) -> list[Row]:
        query = (
            select(deliveries)
            .where(deliveries.c.issue_id.is_not(None), *conditions)
            .order_by(deliveries.c.id)
        )
        async with self.store.read() as connection:
            return [
                Row(
                    id=row.id,
                    issue=row.issue_id,
                    subscriber=row.subscriber_id,
                    rendition=row.rendition_id,
                    state=row.state,
                    reply=row.reply,
                )
                for row in await connection.execute(query)
            ]

    async def _read_contents(self, renditions: Collection[int]) -> None:
        query = select(rendition_articles).where(rendition_articles.c.rendition_id.in_(renditions))
        found: dict[int, Mail] = defaultdict(lambda: defaultdict(set))
        async with self.store.read() as connection:
            for row in await connection.execute(query):
                found[row.rendition_id][row.newsletter].add(self.numbers[row.article_id])
        self.contents |= {id: dict(mail) for id, mail in found.items()}
