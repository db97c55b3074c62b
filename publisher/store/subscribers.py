"""People and their subscriptions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import (
    Address,
    Event,
    EventKind,
    Lane,
    OwnTime,
    Subscription,
    SubscriptionState,
    Wishes,
)
from publisher.store import events, waves
from publisher.store.bulk import among
from publisher.store.engine import insert_unless
from publisher.store.tables import (
    cadences,
    deliveries,
    rendition_articles,
    subscribers,
    subscriptions,
)

# How a person left by a link of theirs who read until then; and who had only been asked.
OWN_LEAVING = (PAGE, ONE_CLICK) = ("page", "one-click")
DECLINED = "declined"

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


async def add(
    connection: AsyncConnection,
    *,
    people: Sequence[int],
    newsletter: str,
    wishes: Wishes,
    state: SubscriptionState,
    consent: Mapping[str, str],
    now: datetime,
) -> None:
    """Insert a subscription for each of these people, who have none to this newsletter."""
    if not people:
        return
    active = state is SubscriptionState.ACTIVE
    covered = await start(connection, newsletter, wishes.cadence, now) if active else None
    await connection.execute(
        insert(subscriptions),
        [
            {
                "subscriber_id": person,
                "newsletter": newsletter,
                "state": state,
                "consent": dict(consent),
                "created": now,
                "confirmed": now if active else None,
                "covered": covered,
                **_columns(wishes),
            }
            for person in people
        ],
    )
    mailboxes = await connection.execute(
        select(subscribers.c.id, subscribers.c.mailbox)
        .where(among(connection, subscribers.c.id, people))
        .order_by(subscribers.c.id)
    )
    kind = EventKind.SUBSCRIPTION_CONFIRMED if active else EventKind.SUBSCRIPTION_ASKED
    events.note(
        connection,
        *(
            Event(
                kind=kind,
                occurred=now,
                newsletter=newsletter,
                subscriber=row.id,
                address=row.mailbox,
                data=_told(wishes),
            )
            for row in mailboxes
        ),
    )


async def ask_again(
    connection: AsyncConnection, id: int, wishes: Wishes, consent: Mapping[str, str], now: datetime
) -> bool:
    """Turn an ended subscription into a pending one, and let a pending one choose anew."""
    result = await connection.execute(
        update(subscriptions)
        .where(
            subscriptions.c.id == id,
            subscriptions.c.state.in_((SubscriptionState.ENDED, SubscriptionState.PENDING)),
        )
        .values(
            state=SubscriptionState.PENDING,
            consent=dict(consent),
            created=now,
            ended=None,
            ended_by="",
            **_columns(wishes),
        )
    )
    return result.rowcount == 1 and await _tell(connection, EventKind.SUBSCRIPTION_ASKED, id, now)


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


async def activate(
    connection: AsyncConnection, id: int, consent: Mapping[str, str], now: datetime
) -> bool:
    """Turn a pending subscription active; False if it is not pending.

    Its first issue is the next one in full: what the last one of its cadence already covered
    is behind it.
    """
    found = await subscription(connection, id)
    if found is None or found.state is not SubscriptionState.PENDING:
        return False
    result = await connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == id, subscriptions.c.state == SubscriptionState.PENDING)
        .values(
            state=SubscriptionState.ACTIVE,
            confirmed=now,
            consent={**found.consent, **consent},
            covered=await start(connection, found.newsletter, found.cadence, now),
        )
    )
    return result.rowcount == 1 and await _tell(
        connection, EventKind.SUBSCRIPTION_CONFIRMED, id, now
    )


async def end(connection: AsyncConnection, id: int, now: datetime, *, by: str = "") -> bool:
    """End a subscription; False if it had ended before. Rows not yet sent become skipped.

    ``by`` says how, as in `Subscription`.
    """
    result = await connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == id, subscriptions.c.state != SubscriptionState.ENDED)
        .values(state=SubscriptionState.ENDED, ended=now, ended_by=by)
    )
    return result.rowcount == 1 and await _tell(connection, EventKind.SUBSCRIPTION_ENDED, id, now)


async def bring_back(
    connection: AsyncConnection, subscriber: int, ended: datetime, now: datetime
) -> list[int]:
    """Undo a person's own leaving: make active what they ended at this instant; give the ids.

    All else is as it was, so nothing is lost and nothing comes twice. What they had only been
    asked for is not made active by this.
    """
    back = await connection.execute(
        update(subscriptions)
        .where(
            subscriptions.c.subscriber_id == subscriber,
            subscriptions.c.state == SubscriptionState.ENDED,
            subscriptions.c.ended == ended,
            subscriptions.c.ended_by.in_(OWN_LEAVING),
        )
        .values(state=SubscriptionState.ACTIVE, ended=None, ended_by="")
        .returning(subscriptions.c.id)
    )
    ids = list(back.scalars())
    for id in ids:
        await _tell(connection, EventKind.SUBSCRIPTION_RESUMED, id, now)
    return ids


async def choose(connection: AsyncConnection, id: int, wishes: Wishes, now: datetime) -> bool:
    """Let an active subscription have it otherwise; False if it is not active."""
    result = await connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == id, subscriptions.c.state == SubscriptionState.ACTIVE)
        .values(**_columns(wishes))
    )
    return result.rowcount == 1 and await _tell(connection, EventKind.SUBSCRIPTION_CHANGED, id, now)


async def _tell(connection: AsyncConnection, kind: EventKind, id: int, now: datetime) -> bool:
    """Tell other programs how a subscription is now. True, for what was done was done."""
    found = await subscription(connection, id)
    assert found is not None  # noqa: S101 -- it was changed just now
    events.note(
        connection,
        Event(
            kind=kind,
            occurred=now,
            newsletter=found.newsletter,
            subscriber=found.subscriber,
            address=found.address.mailbox,
            data=_told(found.wishes),
        ),
    )
    return True


def _told(wishes: Wishes) -> dict[str, Any]:
    """Write wishes down for other programs; what the reader has not chosen is left out."""
    chosen = {
        "cadence": wishes.cadence,
        "topics": sorted(wishes.topics),
        "language": wishes.language,
        "own_time": str(wishes.own_time),
        "paused_until": wishes.paused_until and wishes.paused_until.isoformat(),
    }
    return {name: value for name, value in chosen.items() if value}


def _columns(wishes: Wishes) -> dict[str, Any]:
    return {
        "cadence": wishes.cadence,
        # In one order, since readers who chose the same are judged once.
        "topics": " ".join(sorted(wishes.topics)),
        "language": wishes.language,
        "own_time": str(wishes.own_time),
        "paused_until": wishes.paused_until,
    }


async def start(
    connection: AsyncConnection, newsletter: str, cadence: str, now: datetime
) -> datetime | None:
    """Give up to where articles are behind somebody who joins a cadence now.

    A schedule's first issue for them is a whole one: all since the last cut. Instant mails
    (the schedule is empty) begin with what comes from now on, or they would begin with a flood.
    """
    is_instant = await connection.scalar(
        select(cadences.c.schedule == "").where(
            cadences.c.newsletter == newsletter,
            cadences.c.cadence == cadence,
            cadences.c.own_time == "",
        )
    )
    return now if is_instant else await waves.last_cut(connection, newsletter, cadence)


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
