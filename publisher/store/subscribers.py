"""People and their subscriptions: who is there, and what they may be asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Address, Lane, OwnTime, Subscription, SubscriptionState, Wishes
from publisher.store.engine import insert_unless
from publisher.store.tables import deliveries, rendition_articles, subscribers, subscriptions

_MOST_ASKED = 3
_ASKED_AGAIN = timedelta(days=1)


async def people(
    connection: AsyncConnection,
    addresses: Mapping[str, Address],
    now: datetime,
    *,
    names_known: bool = True,
) -> dict[str, int]:
    """Find or add people by their address keys, and lock them till the transaction ends.

    Gives their ids by key. A name given now replaces none, never another: people are not
    renamed by an import. Without ``names_known`` only who is added has it: names are printed in
    mails, and whoever types an address may be anybody (A12).
    """
    if not addresses:
        return {}
    # Two sign-ups of one new person at once: the second finds the row of the first.
    await connection.execute(
        insert_unless(connection, subscribers).on_conflict_do_nothing(
            index_elements=["address_key"]
        ),
        [
            {"mailbox": one.mailbox, "address_key": key, "name": one.name, "created": now}
            for key, one in addresses.items()
        ],
    )
    rows = await connection.execute(
        select(subscribers.c.id, subscribers.c.address_key, subscribers.c.name)
        .where(subscribers.c.address_key.in_(addresses))
        .order_by(subscribers.c.id)
        .with_for_update()
    )
    found = {}
    for row in rows.all():
        found[row.address_key] = row.id
        name = addresses[row.address_key].name
        if name and not row.name and names_known:
            await connection.execute(
                update(subscribers).where(subscribers.c.id == row.id).values(name=name)
            )
    return found


async def by_key(connection: AsyncConnection, address_key: str) -> int | None:
    """Find a person by the key of their address."""
    found: int | None = await connection.scalar(
        select(subscribers.c.id).where(subscribers.c.address_key == address_key)
    )
    return found


async def bonds(
    connection: AsyncConnection, people: Collection[int], newsletter: str
) -> dict[int, Subscription]:
    """Map those of these people who have a bond to a newsletter, in any state, to it."""
    rows = await connection.execute(
        _query().where(
            subscriptions.c.subscriber_id.in_(people), subscriptions.c.newsletter == newsletter
        )
    )
    return {row.subscriber_id: _subscription(row) for row in rows}


async def subscription(connection: AsyncConnection, id: int) -> Subscription | None:
    """Find a subscription by its id, in any state."""
    return await _one(connection, subscriptions.c.id == id)


async def in_rendition(
    connection: AsyncConnection, subscriber: int, rendition: int
) -> list[Subscription]:
    """List a person's bonds to the newsletters whose articles are in a rendition, by id."""
    told_by = select(rendition_articles.c.newsletter).where(
        rendition_articles.c.rendition_id == rendition
    )
    rows = await connection.execute(
        _query()
        .where(subscriptions.c.subscriber_id == subscriber, subscriptions.c.newsletter.in_(told_by))
        .order_by(subscriptions.c.id)
    )
    return [_subscription(row) for row in rows]


async def may_be_asked(
    connection: AsyncConnection, subscriber: int, newsletter: str, now: datetime
) -> bool:
    """Say whether a confirmation may be mailed: one a day, and few until the person confirms.

    Anybody can type a stranger's address into a form, as often as they like (A11).
    """
    confirmed = (
        select(func.coalesce(subscriptions.c.confirmed, subscribers.c.created))
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(
            subscriptions.c.subscriber_id == subscriber, subscriptions.c.newsletter == newsletter
        )
        .scalar_subquery()
    )
    asked = (
        await connection.execute(
            select(func.count().label("times"), func.max(deliveries.c.created).label("last")).where(
                deliveries.c.subscriber_id == subscriber,
                deliveries.c.newsletter == newsletter,
                deliveries.c.lane == Lane.CONFIRMATION,
                deliveries.c.created >= confirmed,
            )
        )
    ).one()
    if asked.times == 0:
        return True
    return bool(asked.times < _MOST_ASKED and now - asked.last >= _ASKED_AGAIN)


async def may_be_reminded(
    connection: AsyncConnection, subscriber: int, newsletter: str, now: datetime
) -> bool:
    """Say whether somebody may be told by mail that they are subscribed: once a day."""
    last = await connection.scalar(
        select(func.max(deliveries.c.created)).where(
            deliveries.c.subscriber_id == subscriber,
            deliveries.c.newsletter == newsletter,
            deliveries.c.lane == Lane.REMINDER,
        )
    )
    return last is None or now - last >= _ASKED_AGAIN


async def page(
    connection: AsyncConnection,
    *,
    newsletter: str | None = None,
    state: SubscriptionState | None = None,
    address_key: str | None = None,
    after: int = 0,
    limit: int = 1000,
) -> list[Subscription]:
    """Give up to ``limit`` subscriptions behind the id ``after``, by id.

    Read a long list page by page, each in its own transaction: none is held for long.
    """
    query = _query().where(subscriptions.c.id > after).order_by(subscriptions.c.id).limit(limit)
    if newsletter is not None:
        query = query.where(subscriptions.c.newsletter == newsletter)
    if state is not None:
        query = query.where(subscriptions.c.state == state)
    if address_key is not None:
        query = query.where(subscribers.c.address_key == address_key)
    return [_subscription(row) for row in await connection.execute(query)]


async def counts(connection: AsyncConnection) -> dict[tuple[str, str, SubscriptionState], int]:
    """Count subscriptions by newsletter, cadence and state."""
    rows = await connection.execute(
        select(
            subscriptions.c.newsletter,
            subscriptions.c.cadence,
            subscriptions.c.state,
            func.count().label("people"),
        ).group_by(subscriptions.c.newsletter, subscriptions.c.cadence, subscriptions.c.state)
    )
    return {(row.newsletter, row.cadence, SubscriptionState(row.state)): row.people for row in rows}


# --- rows and values --------------------------------------------------------------------


def _query() -> Any:
    return select(subscriptions, subscribers.c.mailbox, subscribers.c.name).join(
        subscribers, subscribers.c.id == subscriptions.c.subscriber_id
    )


async def _one(
    connection: AsyncConnection, *conditions: ColumnElement[bool]
) -> Subscription | None:
    row = (await connection.execute(_query().where(*conditions))).one_or_none()
    return None if row is None else _subscription(row)


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(
        id=row.id,
        subscriber=row.subscriber_id,
        address=Address(mailbox=row.mailbox, name=row.name),
        newsletter=row.newsletter,
        wishes=Wishes(
            cadence=row.cadence,
            topics=tuple(row.topics.split()),
            language=row.language,
            own_time=OwnTime.parse(row.own_time),
            paused_until=row.paused_until,
        ),
        state=SubscriptionState(row.state),
        created=row.created,
        confirmed=row.confirmed,
        ended=row.ended,
        ended_by=row.ended_by,
        consent=row.consent,
    )
