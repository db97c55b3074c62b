"""What was told of our mails: each report once, whom it is about, and how much came in at all.

What nobody can prove to be about a mail of ours is counted and not kept.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import BounceKind, Consequence, Event, EventKind, MoveState, Verdict
from publisher.store import events
from publisher.store.engine import insert_unless
from publisher.store.tables import (
    bounce_counts,
    bounces,
    deliveries,
    moves,
    subscribers,
    subscriptions,
)

_TOLD = {
    BounceKind.HARD: EventKind.BOUNCE_HARD,
    BounceKind.SOFT: EventKind.BOUNCE_SOFT,
    BounceKind.COMPLAINT: EventKind.COMPLAINT,
}
_UNWELCOME = (BounceKind.HARD, BounceKind.SOFT, BounceKind.POLICY, BounceKind.COMPLAINT)
_COUNTED_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Whom a report is about, and which mail, as far as that is proven.

    ``address_key`` is that of the address that had the mail, ``subscription`` that to its
    newsletter; one that has ended counts.
    """

    subscriber: int
    address_key: str
    delivery: int | None = None
    subscription: int | None = None
    newsletter: str | None = None
    issue: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to a person. ``issue`` is None for a confirmation."""

    delivery: int
    newsletter: str
    issue: int | None


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


async def of_delivery(connection: AsyncConnection, delivery: int) -> About | None:
    """Say whom a delivery went to; None if there is none of this id."""
    query = (
        select(
            deliveries.c.subscriber_id,
            deliveries.c.newsletter,
            deliveries.c.issue_id,
            deliveries.c.created,
            subscribers.c.address_key,
            subscriptions.c.id.label("subscription"),
        )
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .outerjoin(
            subscriptions,
            and_(
                subscriptions.c.subscriber_id == deliveries.c.subscriber_id,
                subscriptions.c.newsletter == deliveries.c.newsletter,
            ),
        )
        .where(deliveries.c.id == delivery)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    former = await _former(connection, row.subscriber_id, row.created)
    return About(
        subscriber=row.subscriber_id,
        address_key=former or row.address_key,
        delivery=delivery,
        # What a mailbox says that they have left is no word of theirs.
        subscription=None if former else row.subscription,
        newsletter=row.newsletter,
        issue=row.issue_id,
    )


async def _former(connection: AsyncConnection, subscriber: int, mailed: datetime) -> str | None:
    """Give the key of the address that somebody had at this time, if they have moved since."""
    former = await connection.scalar(
        select(moves.c.former)
        .where(
            moves.c.subscriber_id == subscriber,
            moves.c.state == MoveState.DONE,
            moves.c.settled > mailed,
        )
        .order_by(moves.c.settled)
        .limit(1)
    )
    return None if former is None else str(former).casefold()


async def of_subscription(
    connection: AsyncConnection, subscription: int, rendition: int | None
) -> About | None:
    """Say whose subscription it is, and which mail of theirs had this rendition."""
    query = (
        select(subscriptions.c.subscriber_id, subscriptions.c.newsletter, subscribers.c.address_key)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(subscriptions.c.id == subscription)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    mails = (
        select(deliveries.c.id, deliveries.c.issue_id)
        .where(
            deliveries.c.subscriber_id == row.subscriber_id,
            deliveries.c.rendition_id == rendition,
        )
        .order_by(deliveries.c.id.desc())
        .limit(1)
    )
    mail = (await connection.execute(mails)).one_or_none()
    return About(
        subscriber=row.subscriber_id,
        address_key=row.address_key,
        delivery=None if mail is None else mail.id,
        subscription=subscription,
        newsletter=row.newsletter,
        issue=None if mail is None else mail.issue_id,
    )


async def of_address(connection: AsyncConnection, address_key: str) -> About | None:
    """Say whose address it is now; None if nobody's."""
    id = await connection.scalar(
        select(subscribers.c.id).where(subscribers.c.address_key == address_key)
    )
    return None if id is None else About(subscriber=id, address_key=address_key)


async def mails_to(connection: AsyncConnection, subscriber: int, *, limit: int) -> list[Mail]:
    """Give a person's mails, the newest first."""
    rows = await connection.execute(
        select(deliveries.c.id, deliveries.c.newsletter, deliveries.c.issue_id)
        .where(deliveries.c.subscriber_id == subscriber)
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    return [Mail(delivery=id, newsletter=newsletter, issue=issue) for id, newsletter, issue in rows]


async def lock(connection: AsyncConnection, about: About) -> None:
    """Let nobody else judge this person's reports until the transaction ends."""
    await connection.execute(
        select(subscribers.c.id).where(subscribers.c.id == about.subscriber).with_for_update()
    )


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
