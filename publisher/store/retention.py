"""What has been kept for long enough: which rows that are, and how to let go of them.

No row of the ledger ever goes: it is the proof that nothing came twice, and what balances count.
What relays answered goes; whoever left long ago is erased, and their rows are nobody's then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, String, Table, cast, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Retention, SubscriptionState
from publisher.store import bulk, personal
from publisher.store.places import Person
from publisher.store.tables import (
    bounces,
    deliveries,
    events,
    former_consents,
    moves,
    notices,
    quarantine,
    subscribers,
    subscriptions,
)

Act = Callable[[AsyncConnection, Sequence[int], datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Rows of a table that go together. ``over`` says which were kept for longer than ``kept``."""

    name: str
    table: Table
    kept: Callable[[Retention], timedelta]
    over: Callable[[datetime], ColumnElement[bool]]
    act: Act

    async def count(self, connection: AsyncConnection, until: datetime) -> int:
        """Count the rows that are to go."""
        query = select(func.count()).select_from(self.table).where(self.over(until))
        return int(await connection.scalar(query) or 0)

    async def next(
        self, connection: AsyncConnection, until: datetime, after: int, limit: int
    ) -> list[int]:
        """Give the ids of the next rows that are to go, behind the id ``after``."""
        id = self.table.c.id
        query = select(id).where(id > after, self.over(until)).order_by(id).limit(limit)
        return list((await connection.execute(query)).scalars())

    async def let_go(
        self, connection: AsyncConnection, ids: Sequence[int], until: datetime, now: datetime
    ) -> int:
        """Let go of those of these rows that are still to go; give how many they were."""
        id = self.table.c.id
        query = select(id).where(bulk.among(connection, id, ids), self.over(until)).order_by(id)
        still = list((await connection.execute(query)).scalars())
        if still:
            await self.act(connection, still, now)
        return len(still)


# --- people who left --------------------------------------------------------------------


def _have_left(until: datetime) -> ColumnElement[bool]:
    theirs = select(subscriptions.c.id).where(subscriptions.c.subscriber_id == subscribers.c.id)
    stays = (subscriptions.c.state != SubscriptionState.ENDED) | (subscriptions.c.ended >= until)
    return theirs.exists() & ~theirs.where(stays).exists()


async def _erase(connection: AsyncConnection, ids: Sequence[int], now: datetime) -> None:
    for person in await _people(connection, ids):
        await personal.erase(connection, person, wanted_by="retention", now=now)


async def _people(connection: AsyncConnection, ids: Sequence[int]) -> list[Person]:
    rows = await connection.execute(
        select(subscribers.c.id, subscribers.c.mailbox, subscribers.c.address_key)
        .where(bulk.among(connection, subscribers.c.id, ids))
        .order_by(subscribers.c.id)
    )
    return [Person(**row._mapping) for row in rows]


# --- sign-ups that nobody confirmed -----------------------------------------------------


def _unconfirmed(until: datetime) -> ColumnElement[bool]:
    return (subscriptions.c.state == SubscriptionState.PENDING) & (subscriptions.c.created < until)


async def _drop(connection: AsyncConnection, ids: Sequence[int], now: datetime) -> None:
    """Forget who asked and never answered; who had left before has left, as they were."""
    these = bulk.among(connection, subscriptions.c.id, ids)
    await connection.execute(
        update(subscriptions)
        .where(these, subscriptions.c.confirmed.is_not(None))
        .values(state=SubscriptionState.ENDED, ended=subscriptions.c.created)
    )
    gone = await connection.execute(
        delete(subscriptions)
        .where(these, subscriptions.c.confirmed.is_(None))
        .returning(subscriptions.c.subscriber_id)
    )
    people = set(gone.scalars())
    read = await connection.execute(
        select(subscriptions.c.subscriber_id).where(
            bulk.among(connection, subscriptions.c.subscriber_id, people)
        )
    )
    for person in await _people(connection, sorted(people - set(read.scalars()))):
        # They never were ours, so nobody is kept from asking them again.
        await personal.erase(connection, person, wanted_by="retention", is_kept_away=False, now=now)


# --- what else is kept of people --------------------------------------------------------


def _consents(until: datetime) -> ColumnElement[bool]:
    return (subscriptions.c.ended < until) & (cast(subscriptions.c.consent, String) != "{}")


async def _clear_consents(connection: AsyncConnection, ids: Sequence[int], _now: datetime) -> None:
    """Keep that they left, so that no import revives it, and not how they once agreed."""
    await connection.execute(
        update(subscriptions)
        .where(bulk.among(connection, subscriptions.c.id, ids))
        .values(consent={})
    )


async def _clear_replies(connection: AsyncConnection, ids: Sequence[int], _now: datetime) -> None:
    await connection.execute(
        update(deliveries).where(bulk.among(connection, deliveries.c.id, ids)).values(reply="")
    )


def _delete_from(table: Table) -> Act:
    async def act(connection: AsyncConnection, ids: Sequence[int], _now: datetime) -> None:
        await connection.execute(delete(table).where(bulk.among(connection, table.c.id, ids)))

    return act


def _older(column: Any, *others: ColumnElement[bool]) -> Callable[[datetime], ColumnElement[bool]]:
    def over(until: datetime) -> ColumnElement[bool]:
        found: ColumnElement[bool] = column < until
        for each in others:
            found &= each
        return found

    return over


STEPS = (
    Step(
        name="people who left",
        table=subscribers,
        kept=attrgetter("left"),
        over=_have_left,
        act=_erase,
    ),
    Step(
        name="consents of subscriptions that ended",
        table=subscriptions,
        kept=attrgetter("left"),
        over=_consents,
        act=_clear_consents,
    ),
    Step(
        name="consents of times before",
        table=former_consents,
        kept=attrgetter("left"),
        over=_older(former_consents.c.ended),
        act=_delete_from(former_consents),
    ),
    Step(
        name="sign-ups that nobody confirmed",
        table=subscriptions,
        kept=attrgetter("unconfirmed"),
        over=_unconfirmed,
        act=_drop,
    ),
    Step(
        name="replies of relays",
        table=deliveries,
        kept=attrgetter("replies"),
        over=_older(deliveries.c.settled, deliveries.c.reply != ""),
        act=_clear_replies,
    ),
    Step(
        name="notices",
        table=notices,
        kept=attrgetter("notices"),
        over=_older(notices.c.created, notices.c.due.is_(None)),
        act=_delete_from(notices),
    ),
    Step(
        name="changes of address",
        table=moves,
        kept=attrgetter("notices"),
        over=_older(moves.c.created),
        act=_delete_from(moves),
    ),
    Step(
        name="bounces and complaints",
        table=bounces,
        kept=attrgetter("bounces"),
        over=_older(bounces.c.received),
        act=_delete_from(bounces),
    ),
    Step(
        name="mails in quarantine",
        table=quarantine,
        kept=attrgetter("quarantine"),
        over=_older(quarantine.c.received),
        act=_delete_from(quarantine),
    ),
    Step(
        name="events",
        table=events,
        kept=attrgetter("events"),
        over=_older(events.c.occurred),
        act=_delete_from(events),
    ),
)
