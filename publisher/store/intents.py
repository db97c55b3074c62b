"""What our hub was asked for and is not verified yet (WebSub §5.3).

Each is asked about once. One that failed is kept until its callback may be asked again, so that
nobody can have a stranger's server asked over and over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Format, HubMode
from publisher.store import hosts
from publisher.store.engine import insert_unless
from publisher.store.tables import intents


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is wanted of a callback's subscription.

    ``secret`` is empty where none was given. ``version`` is the ETag that the feed had then,
    empty if it had no document.
    """

    mode: HubMode
    url: str
    host: str
    feed: str
    format: Format
    secret: str = ""
    lease_seconds: int = 0
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A claimed intent: ask its callback."""

    id: int
    attempt: int
    intent: Intent

    @property
    def host(self) -> str:
        """Whom to ask."""
        return self.intent.host


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many intents wait, or have failed lately: in all, of a host, and of a peer."""

    all: int
    of_host: int
    of_peer: int


async def load(connection: AsyncConnection, *, host: str, peer: str, now: datetime) -> Load:
    """Count the intents; those that failed long enough ago are forgotten."""
    await connection.execute(
        delete(intents).where(intents.c.has_failed.is_(True), intents.c.due <= now)
    )
    row = (
        await connection.execute(
            select(
                func.count(),
                func.count(case((intents.c.host == host, 1))),
                func.count(case((intents.c.peer == peer, 1))),
            )
        )
    ).one()
    return Load(all=row[0], of_host=row[1], of_peer=row[2])


async def put(
    connection: AsyncConnection, wanted: Collection[Intent], *, peer: str, now: datetime
) -> None:
    """Have callbacks asked. What one of them was to be asked of the same feed is forgotten.

    When it may be asked again stays as it is, and an answer that is under way counts no more.
    """
    for intent in wanted:
        anew = {
            "mode": intent.mode,
            "secret": intent.secret,
            "lease_seconds": intent.lease_seconds,
            "version": intent.version,
            "peer": peer,
            "has_failed": False,
        }
        await connection.execute(
            insert_unless(connection, intents)
            .values(
                url=intent.url,
                host=intent.host,
                feed=intent.feed,
                format=intent.format,
                due=now,
                **anew,
            )
            .on_conflict_do_update(
                index_elements=["url", "feed", "format"],
                set_={**anew, "attempts": intents.c.attempts + 1},
            )
        )


async def claim(
    connection: AsyncConnection,
    *,
    busy: Mapping[str, int],
    limit: int,
    now: datetime,
    lease_ends: datetime,
) -> list[Question]:
    """Lease up to ``limit`` intents that are due; ``busy`` is as in `hosts.choose`."""
    is_due = and_(intents.c.has_failed.is_(False), intents.c.due <= now)
    ids = await hosts.choose(connection, intents, is_due, busy=busy, limit=limit)
    rows = await connection.execute(
        update(intents)
        .where(intents.c.id.in_(ids), is_due)
        .values(attempts=intents.c.attempts + 1, due=lease_ends)
        .returning(intents)
    )
    return [
        Question(
            id=row.id,
            attempt=row.attempts,
            intent=Intent(
                mode=HubMode(row.mode),
                url=row.url,
                host=row.host,
                feed=row.feed,
                format=Format(row.format),
                secret=row.secret,
                lease_seconds=row.lease_seconds,
                version=row.version,
            ),
        )
        for row in rows
    ]


async def take(connection: AsyncConnection, question: Question) -> bool:
    """Take an intent away, to act on it; False if it was fenced off: then it must not be."""
    result = await connection.execute(delete(intents).where(_still(question)))
    return result.rowcount > 0


async def fail(connection: AsyncConnection, question: Question, until: datetime) -> None:
    """Note that the callback does not want it, and must not be asked again before ``until``."""
    await connection.execute(
        update(intents).where(_still(question)).values(has_failed=True, due=until)
    )


def _still(question: Question) -> ColumnElement[bool]:
    return and_(intents.c.id == question.id, intents.c.attempts == question.attempt)


async def waiting(connection: AsyncConnection) -> int:
    """Count the intents that are still to be verified."""
    found = await connection.scalar(
        select(func.count()).select_from(intents).where(intents.c.has_failed.is_(False))
    )
    return found or 0
