"""Whom a report may be about: the person who had a mail, and which mail of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import MoveState
from publisher.store.places import ERASED
from publisher.store.tables import deliveries, moves, subscribers, subscriptions


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


async def of_delivery(connection: AsyncConnection, delivery: int) -> About | None:
    """Say whom a delivery went to; None if there is none of this id, or they were erased since."""
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
        .where(deliveries.c.id == delivery, subscribers.c.mailbox != ERASED)
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
        select(subscribers.c.id)
        .where(subscribers.c.id == about.subscriber)
        # A row that refers to the person is no reason to wait: both may have made one.
        .with_for_update(key_share=True)
    )
