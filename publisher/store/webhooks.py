"""How far webhooks have been told, as rows: one each, whose position goes along the events.

A claim is a lease, fenced by the attempt as in `publisher.store.ledger`: of two who tell one
webhook only the later one's result counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import EventKind
from publisher.store import events
from publisher.store.engine import insert_unless
from publisher.store.events import Told
from publisher.store.tables import events as all_events
from publisher.store.tables import webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A claimed row: tell this webhook what is behind its position."""

    name: str
    attempt: int
    position: int
    failing: datetime | None
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a webhook fares. ``waiting`` counts the events that it is yet to be told of.

    ``failing`` and ``stopped`` are since when, None if it is neither; ``error`` is why.
    """

    name: str
    position: int
    waiting: int
    told: datetime | None
    due: datetime
    failing: datetime | None
    stopped: datetime | None
    error: str

    @property
    def state(self) -> Literal["active", "failing", "stopped"]:
        """Say in a word how it fares."""
        return "stopped" if self.stopped else "failing" if self.failing else "active"

    @property
    def since(self) -> datetime | None:
        """Since when it is stopped or fails."""
        return self.stopped or self.failing

    @property
    def next_try(self) -> datetime | None:
        """When one that fails is tried again."""
        return self.due if self.state == "failing" else None


async def keep(connection: AsyncConnection, names: Collection[str], now: datetime) -> None:
    """Have a row for each of these webhooks, and for no others.

    One that is new is told of what happens from now on.
    """
    await connection.execute(delete(webhooks).where(webhooks.c.name.not_in(names)))
    if names:
        newest = await events.newest(connection)
        await connection.execute(
            insert_unless(connection, webhooks).on_conflict_do_nothing(),
            [{"name": name, "position": newest, "due": now} for name in names],
        )


async def is_due(connection: AsyncConnection, name: str, now: datetime) -> bool:
    """Say whether a webhook has anything to be told now."""
    return bool(
        await connection.scalar(
            select(
                exists().where(
                    webhooks.c.name == name,
                    webhooks.c.stopped.is_(None),
                    webhooks.c.due <= now,
                    all_events.c.id > webhooks.c.position,
                )
            )
        )
    )


async def claim(
    connection: AsyncConnection, name: str, *, now: datetime, lease_ends: datetime
) -> Turn | None:
    """Lease the row of a webhook; None if somebody else has it, or it is not to be told now."""
    row = (
        await connection.execute(
            update(webhooks)
            .where(webhooks.c.name == name, webhooks.c.stopped.is_(None), webhooks.c.due <= now)
            .values(attempts=webhooks.c.attempts + 1, due=lease_ends)
            .returning(webhooks)
        )
    ).one_or_none()
    if row is None:
        return None
    return Turn(
        name=row.name,
        attempt=row.attempts,
        position=row.position,
        failing=row.failing,
        failures=row.failures,
    )


async def news(
    connection: AsyncConnection, position: int, kinds: Collection[EventKind], limit: int
) -> tuple[list[Told], int]:
    """Give what comes next behind a position, and how far there is nothing if that is nothing."""
    # First, or it might pass over what is committed between the two.
    newest = await events.newest(connection)
    found = await events.page(connection, after=position, kinds=kinds, limit=limit)
    return found, max(newest, position)


async def reach(
    connection: AsyncConnection, turn: Turn, position: int, *, now: datetime, due: datetime
) -> bool:
    """Note that a webhook was told everything up to a position; False if fenced off."""
    result = await connection.execute(
        update(webhooks)
        .where(_still(turn))
        .values(position=position, due=due, told=now, failing=None, failures=0, error="")
    )
    return result.rowcount == 1


async def pass_over(
    connection: AsyncConnection, turn: Turn, position: int, *, due: datetime
) -> None:
    """Note that nothing up to a position is for a webhook: whether it works was not seen."""
    await connection.execute(
        update(webhooks).where(_still(turn)).values(position=position, due=due)
    )


async def put_off(
    connection: AsyncConnection,
    turn: Turn,
    position: int,
    *,
    due: datetime,
    failing: datetime,
    failures: int,
    stopped: datetime | None,
    error: str,
) -> bool:
    """Note that a webhook was told up to a position and does not take what comes next.

    False if fenced off.
    """
    result = await connection.execute(
        update(webhooks)
        .where(_still(turn))
        .values(
            position=position,
            due=due,
            failing=failing,
            failures=failures,
            stopped=stopped,
            error=error,
        )
    )
    return result.rowcount == 1


async def replay(connection: AsyncConnection, name: str, position: int, now: datetime) -> bool:
    """Tell a webhook everything behind a position, again or at last; False if there is no row.

    Whoever is telling it at this moment is fenced off.
    """
    result = await connection.execute(
        update(webhooks)
        .where(webhooks.c.name == name)
        .values(
            position=position,
            attempts=webhooks.c.attempts + 1,
            due=now,
            failing=None,
            failures=0,
            error="",
            stopped=None,
        )
    )
    return result.rowcount == 1


async def standing(
    connection: AsyncConnection, kinds: Mapping[str, Collection[EventKind]]
) -> list[Standing]:
    """Tell how these webhooks fare, which are given with the kinds that they want."""
    rows = await connection.execute(select(webhooks).where(webhooks.c.name.in_(kinds)))
    known = {row.name: row for row in rows}
    found = []
    for name, wanted in kinds.items():
        if (row := known.get(name)) is None:
            continue
        behind = all_events.c.id > row.position
        if wanted:
            behind = and_(behind, all_events.c.kind.in_(wanted))
        waiting = await connection.scalar(select(func.count()).where(behind))
        found.append(
            Standing(
                name=name,
                position=row.position,
                waiting=waiting or 0,
                told=row.told,
                due=row.due,
                failing=row.failing,
                stopped=row.stopped,
                error=row.error,
            )
        )
    return found


def _still(turn: Turn) -> ColumnElement[bool]:
    return and_(webhooks.c.name == turn.name, webhooks.c.attempts == turn.attempt)
