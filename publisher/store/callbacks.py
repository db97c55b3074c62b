"""Subscriptions at our own hub, and the ledger of what each is to be told.

    told -> pending -> sending -> told | failed
    pending, failed -> pending (a newer version)        sending -> pending (put off, or newer)

A claim is a lease, fenced by the attempt as in `publisher.store.ledger`: of two who hold the
same row only the later one's result counts. A version that is superseded while it is being sent
leaves the row claimed, so that the newer one can never arrive before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, delete, func, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Format, TellingState
from publisher.store import hosts
from publisher.store.engine import insert_unless
from publisher.store.feeds import DocumentKey
from publisher.store.intents import Intent
from publisher.store.tables import callbacks

_WAITING = (TellingState.PENDING, TellingState.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A claimed row: tell this callback this version. ``secret`` is empty where there is none."""

    id: int
    attempt: int
    url: str
    host: str
    feed: str
    format: Format
    secret: str
    version: str
    since: datetime
    failures: int


# --- subscriptions ----------------------------------------------------------------------


async def put(
    connection: AsyncConnection, intent: Intent, *, lease_ends: datetime, now: datetime
) -> None:
    """Subscribe, as the callback has agreed to; or renew, with another secret and lease.

    What it was told already stays so; a new one is told what comes after it asked.
    """
    agreed = {"secret": intent.secret, "lease_ends": lease_ends}
    await connection.execute(
        insert_unless(connection, callbacks)
        .values(
            url=intent.url,
            host=intent.host,
            feed=intent.feed,
            format=intent.format,
            version=intent.version,
            since=now,
            state=TellingState.TOLD,
            due=now,
            **agreed,
        )
        .on_conflict_do_update(index_elements=["url", "feed", "format"], set_=agreed)
    )


async def drop(connection: AsyncConnection, intent: Intent) -> None:
    """End a subscription, as the callback has agreed to."""
    await connection.execute(delete(callbacks).where(_meant(intent)))


async def end(connection: AsyncConnection, telling: Telling) -> bool:
    """End a subscription of which the callback says that it is no more; False if fenced off."""
    result = await connection.execute(delete(callbacks).where(_still(telling)))
    return result.rowcount > 0


async def expire(connection: AsyncConnection, now: datetime) -> int:
    """Remove the subscriptions whose lease has ended (WebSub §5.3.1); give how many."""
    result = await connection.execute(delete(callbacks).where(callbacks.c.lease_ends <= now))
    return result.rowcount


async def load(connection: AsyncConnection, beside: Intent) -> tuple[int, int]:
    """Count all subscriptions, and those of its host, without the one that is meant itself."""
    row = (
        await connection.execute(
            select(func.count(), func.count(case((callbacks.c.host == beside.host, 1)))).where(
                not_(_meant(beside))
            )
        )
    ).one()
    return row[0], row[1]


async def topics(connection: AsyncConnection) -> set[DocumentKey]:
    """Give the documents that anybody is subscribed to."""
    rows = await connection.execute(select(callbacks.c.feed, callbacks.c.format).distinct())
    return {(row.feed, Format(row.format)) for row in rows}


async def take_away(connection: AsyncConnection, topic: DocumentKey) -> list[tuple[str, str]]:
    """End all subscriptions to a document; give (url, host) of each."""
    rows = await connection.execute(
        delete(callbacks).where(_of(topic)).returning(callbacks.c.url, callbacks.c.host)
    )
    return [(row.url, row.host) for row in rows]


# --- the ledger -------------------------------------------------------------------------


async def supersede(
    connection: AsyncConnection, newest: Mapping[DocumentKey, str], now: datetime
) -> int:
    """Have every callback told the newest version that has not been; give how many.

    It compares, and believes nobody that something is new: whatever was missed comes now.
    """
    known = await connection.execute(
        select(callbacks.c.feed, callbacks.c.format, callbacks.c.version).distinct()
    )
    superseded = 0
    for feed, format, version in known.all():
        etag = newest.get((feed, Format(format)))
        if etag is None or etag == version:
            continue
        is_sending = callbacks.c.state == TellingState.SENDING
        result = await connection.execute(
            update(callbacks)
            .where(_of((feed, Format(format))), callbacks.c.version == version)
            .values(
                version=etag,
                since=now,
                failures=0,
                state=case((is_sending, TellingState.SENDING), else_=TellingState.PENDING),
                due=case((is_sending, callbacks.c.due), else_=now),
            )
        )
        superseded += result.rowcount
    return superseded


async def claim(
    connection: AsyncConnection,
    *,
    busy: Mapping[str, int],
    limit: int,
    now: datetime,
    lease_ends: datetime,
) -> list[Telling]:
    """Lease up to ``limit`` rows that are due, and those whose lease has run out.

    ``busy`` is as in `hosts.choose`.
    """
    is_due = and_(
        callbacks.c.state.in_(_WAITING), callbacks.c.due <= now, callbacks.c.lease_ends > now
    )
    ids = await hosts.choose(connection, callbacks, is_due, busy=busy, limit=limit)
    rows = await connection.execute(
        update(callbacks)
        .where(callbacks.c.id.in_(ids), is_due)
        .values(
            state=TellingState.SENDING, attempts=callbacks.c.attempts + 1, due=lease_ends, tried=now
        )
        .returning(callbacks)
    )
    return [
        Telling(
            id=row.id,
            attempt=row.attempts,
            url=row.url,
            host=row.host,
            feed=row.feed,
            format=Format(row.format),
            secret=row.secret,
            version=row.version,
            since=row.since,
            failures=row.failures,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a try: told, failed, or pending until ``due``. ``version`` was sent.

    ``error`` is empty if it was told.
    """

    state: TellingState
    version: str
    due: datetime
    error: str = ""


async def settle(
    connection: AsyncConnection, telling: Telling, outcome: Outcome, now: datetime
) -> None:
    """Record an outcome, unless the row was fenced off.

    Where a newer version has come meanwhile, it is that one's turn at once.
    """
    result = await connection.execute(
        update(callbacks)
        .where(_still(telling), callbacks.c.version.in_((telling.version, outcome.version)))
        .values(
            state=outcome.state,
            version=outcome.version,
            due=outcome.due,
            error=outcome.error,
            failures=callbacks.c.failures + (1 if outcome.error else 0),
        )
    )
    if result.rowcount == 0:
        await connection.execute(
            update(callbacks)
            .where(_still(telling))
            .values(state=TellingState.PENDING, due=now, error=outcome.error)
        )


def _still(telling: Telling) -> ColumnElement[bool]:
    return and_(callbacks.c.id == telling.id, callbacks.c.attempts == telling.attempt)


def _meant(intent: Intent) -> ColumnElement[bool]:
    return and_(callbacks.c.url == intent.url, _of((intent.feed, intent.format)))


def _of(topic: DocumentKey) -> ColumnElement[bool]:
    return and_(callbacks.c.feed == topic[0], callbacks.c.format == topic[1])


# --- reading ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How our hub fares, in subscriptions. The last failure is that of one that still fails."""

    subscriptions: int
    waiting: int
    failing: int
    last_failure: datetime | None
    last_error: str


async def standing(connection: AsyncConnection, now: datetime) -> Standing:
    """Count the subscriptions that are in force, and tell what went wrong last."""
    in_force = callbacks.c.lease_ends > now
    counts = (
        await connection.execute(
            select(
                func.count().label("all"),
                func.count(case((callbacks.c.state.in_(_WAITING), 1))).label("waiting"),
                func.count(case((callbacks.c.error != "", 1))).label("failing"),
            ).where(in_force)
        )
    ).one()
    last = (
        await connection.execute(
            select(callbacks.c.tried, callbacks.c.host, callbacks.c.error)
            .where(in_force, callbacks.c.error != "")
            .order_by(callbacks.c.tried.desc())
            .limit(1)
        )
    ).one_or_none()
    return Standing(
        subscriptions=counts.all,
        waiting=counts.waiting,
        failing=counts.failing,
        last_failure=last and last.tried,
        last_error=f"{last.host}: {last.error}" if last else "",
    )
