"""What was told of our mails: each report once, whom it is about, and how much came in at all.

What nobody can prove to be about a mail of ours is counted and not kept.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import BounceKind, Consequence, Event, EventKind, Verdict
from publisher.store import events
from publisher.store.addressees import About
from publisher.store.engine import insert_unless
from publisher.store.tables import (
    bounce_counts,
    bounces,
    deliveries,
)

_TOLD = {
    BounceKind.HARD: EventKind.BOUNCE_HARD,
    BounceKind.SOFT: EventKind.BOUNCE_SOFT,
    BounceKind.COMPLAINT: EventKind.COMPLAINT,
}
_UNWELCOME = (BounceKind.HARD, BounceKind.SOFT, BounceKind.POLICY, BounceKind.COMPLAINT)
_COUNTED_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A report as it is kept. ``diagnostic`` is a stranger's text."""

    id: int
    kind: BounceKind
    via: str
    delivery: int | None
    issue: int | None
    newsletter: str | None
    address: str
    status: str
    diagnostic: str
    consequence: Consequence
    received: datetime


async def record(
    connection: AsyncConnection, verdict: Verdict, about: About, via: str, now: datetime
) -> int | None:
    """Keep a report; give its id, None if it, or a copy, is kept already."""
    result = await connection.execute(
        insert_unless(connection, bounces)
        .values(
            digest=verdict.digest,
            kind=verdict.kind,
            via=via,
            delivery_id=about.delivery,
            subscriber_id=about.subscriber,
            address_key=about.address_key,
            status=verdict.status,
            diagnostic=verdict.diagnostic,
            consequence=Consequence.NONE,
            received=now,
        )
        .on_conflict_do_nothing(index_elements=["digest"])
        .returning(bounces.c.id)
    )
    id: int | None = result.scalar_one_or_none()
    if id is not None and verdict.kind in _TOLD:
        events.note(
            connection,
            Event(
                kind=_TOLD[verdict.kind],
                occurred=now,
                newsletter=about.newsletter,
                issue=about.issue,
                subscriber=about.subscriber,
                address=about.address_key,
                data={"bounce": id, "status": verdict.status, "diagnostic": verdict.diagnostic},
            ),
        )
    return id


async def conclude(connection: AsyncConnection, id: int, consequence: Consequence) -> None:
    """Note what followed from a report."""
    await connection.execute(
        update(bounces).where(bounces.c.id == id).values(consequence=consequence)
    )


async def kept_of(connection: AsyncConnection, about: About, since: datetime) -> int:
    """Count the reports of a person that are kept since then."""
    query = select(func.count()).where(
        bounces.c.subscriber_id == about.subscriber, bounces.c.received >= since
    )
    return await connection.scalar(query) or 0


async def soft_since(
    connection: AsyncConnection, address_key: str, since: datetime
) -> list[datetime]:
    """Give when an address bounced softly since then, and since it was last suppressed for it."""
    rows = await connection.execute(
        select(bounces.c.received, bounces.c.consequence)
        .where(
            bounces.c.address_key == address_key,
            bounces.c.kind == BounceKind.SOFT,
            bounces.c.received >= since,
        )
        .order_by(bounces.c.received, bounces.c.id)
    )
    found: list[datetime] = []
    for row in rows:
        found.append(row.received)
        if row.consequence == Consequence.SUPPRESSED:
            found.clear()
    return found


async def page(
    connection: AsyncConnection,
    *,
    kinds: Collection[BounceKind] | None = None,
    address_key: str | None = None,
    issue: int | None = None,
    before: int | None = None,
    limit: int = 1000,
) -> list[Bounce]:
    """Give up to ``limit`` reports, the newest first, of those before the id ``before``."""
    conditions: list[ColumnElement[bool]] = []
    if kinds is not None:
        conditions.append(bounces.c.kind.in_(kinds))
    if address_key is not None:
        conditions.append(bounces.c.address_key == address_key)
    if issue is not None:
        conditions.append(deliveries.c.issue_id == issue)
    if before is not None:
        conditions.append(bounces.c.id < before)
    rows = await connection.execute(
        _reports().where(*conditions).order_by(bounces.c.id.desc()).limit(limit)
    )
    return [_bounce(row) for row in rows]


async def of_issue(connection: AsyncConnection, issue: int) -> dict[str, int]:
    """Count the mails of an issue that failed later, or were complained of, by kind."""
    rows = await connection.execute(
        select(bounces.c.kind, func.count(bounces.c.delivery_id.distinct()))
        .join(deliveries, deliveries.c.id == bounces.c.delivery_id)
        .where(deliveries.c.issue_id == issue, bounces.c.kind.in_(_UNWELCOME))
        .group_by(bounces.c.kind)
        .order_by(bounces.c.kind)
    )
    return {kind: mails for kind, mails in rows}  # noqa: C416 -- a row is not typed as a pair


def came_back(delivery: ColumnElement[int]) -> ColumnElement[bool]:
    """Ask whether a mail failed later, or was complained of."""
    return exists().where(bounces.c.delivery_id == delivery, bounces.c.kind.in_(_UNWELCOME))


async def get(connection: AsyncConnection, id: int) -> Bounce | None:
    """Find a report by its id."""
    row = (await connection.execute(_reports().where(bounces.c.id == id))).one_or_none()
    return None if row is None else _bounce(row)


async def count(connection: AsyncConnection, what: str, now: datetime, *, mails: int = 1) -> None:
    """Count mails or events, whatever became of them."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    made = await connection.execute(
        insert_unless(connection, bounce_counts)
        .values(hour=hour, what=what, mails=0)
        .on_conflict_do_nothing()
        .returning(bounce_counts.c.hour)
    )
    if made.first() is not None:
        await connection.execute(
            delete(bounce_counts).where(bounce_counts.c.hour < now - _COUNTED_FOR)
        )
    await connection.execute(
        update(bounce_counts)
        .where(bounce_counts.c.hour == hour, bounce_counts.c.what == what)
        .values(mails=bounce_counts.c.mails + mails)
    )


async def counts(connection: AsyncConnection, since: datetime) -> dict[str, int]:
    """Give how many mails and events came in, to the hour, by what became of them."""
    rows = await connection.execute(
        select(bounce_counts.c.what, func.sum(bounce_counts.c.mails))
        .where(bounce_counts.c.hour > since - timedelta(hours=1))
        .group_by(bounce_counts.c.what)
        .order_by(bounce_counts.c.what)
    )
    return {what: int(mails) for what, mails in rows}


def _reports() -> Select[Any]:
    return (
        select(bounces, deliveries.c.issue_id, deliveries.c.newsletter)
        .select_from(bounces)
        .outerjoin(deliveries, deliveries.c.id == bounces.c.delivery_id)
    )


def _bounce(row: Row[Any]) -> Bounce:
    return Bounce(
        id=row.id,
        kind=BounceKind(row.kind),
        via=row.via,
        delivery=row.delivery_id,
        issue=row.issue_id,
        newsletter=row.newsletter,
        address=row.address_key,
        status=row.status,
        diagnostic=row.diagnostic,
        consequence=Consequence(row.consequence),
        received=row.received,
    )
