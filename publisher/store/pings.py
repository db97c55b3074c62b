"""What a hub that is not ours has been told, and what it is to be told.

Nothing is given up: while the hub fails, it is asked less and less often.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Format
from publisher.store.engine import insert_unless
from publisher.store.feeds import DocumentKey
from publisher.store.tables import pings


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """A claimed row: tell the hub that a document has changed."""

    feed: str
    format: Format
    version: str
    failures: int


async def supersede(
    connection: AsyncConnection, hub: str, newest: Mapping[DocumentKey, str], now: datetime
) -> int:
    """Have the hub told of every document whose present version it has not been; give how many.

    What another hub, which we had before, was told counts for nothing.
    """
    await connection.execute(delete(pings).where(pings.c.hub != hub))
    rows = await connection.execute(select(pings.c.feed, pings.c.format, pings.c.version))
    known = {(row.feed, Format(row.format)): row.version for row in rows}
    fresh = [key for key, etag in newest.items() if known.get(key) != etag]
    for feed, format in fresh:
        news = {"hub": hub, "version": newest[feed, format], "due": now}
        await connection.execute(
            insert_unless(connection, pings)
            .values(feed=feed, format=format, **news)
            .on_conflict_do_update(index_elements=["feed", "format"], set_=news)
        )
    return len(fresh)


async def claim(
    connection: AsyncConnection, hub: str, *, limit: int, now: datetime, lease_ends: datetime
) -> list[Ping]:
    """Lease up to ``limit`` rows that are due."""
    is_due = and_(pings.c.hub == hub, pings.c.due <= now)
    keys = await connection.execute(
        select(pings.c.feed, pings.c.format)
        .where(is_due)
        .order_by(pings.c.due, pings.c.feed, pings.c.format)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    chosen = [(row.feed, row.format) for row in keys]
    if not chosen:
        return []
    rows = await connection.execute(
        update(pings)
        .where(tuple_(pings.c.feed, pings.c.format).in_(chosen), is_due)
        .values(due=lease_ends)
        .returning(pings)
    )
    return [
        Ping(feed=row.feed, format=Format(row.format), version=row.version, failures=row.failures)
        for row in rows
    ]


async def settle(connection: AsyncConnection, told: Collection[Ping]) -> None:
    """Note that the hub knows. Whatever has changed once more meanwhile it is told again."""
    await connection.execute(
        update(pings)
        .where(
            pings.c.feed == bindparam("of_feed"),
            pings.c.format == bindparam("in_format"),
            pings.c.version == bindparam("told"),
        )
        .values(due=None, failures=0, error=""),
        [{"of_feed": ping.feed, "in_format": ping.format, "told": ping.version} for ping in told],
    )


async def put_off(connection: AsyncConnection, hub: str, due: datetime, error: str) -> None:
    """Let the hub rest: all that waits for it waits until ``due``."""
    await connection.execute(
        update(pings)
        .where(pings.c.hub == hub, pings.c.due.is_not(None))
        .values(due=due, failures=pings.c.failures + 1, error=error)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many documents the hub has not heard of, and why; ``next_try`` is None if none."""

    waiting: int
    error: str
    next_try: datetime | None


async def standing(connection: AsyncConnection, hub: str) -> Standing:
    """Tell how telling the hub fares."""
    row = (
        await connection.execute(
            select(func.count(), func.max(pings.c.error), func.min(pings.c.due)).where(
                pings.c.hub == hub, pings.c.due.is_not(None)
            )
        )
    ).one()
    return Standing(waiting=row[0], error=row[1] or "", next_try=row[2])
