"""Changes of address: what a person asked for, what became of it, and the change itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Address, Event, EventKind, MoveState, SubscriptionState
from publisher.store import events
from publisher.store.places import ERASED
from publisher.store.tables import moves, subscribers, subscriptions

_DAY = timedelta(days=1)
_MONTH = timedelta(days=30)
_MOST_ASKED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of address that a person has asked for, from one mailbox to another."""

    id: int
    subscriber: int
    newsletter: str
    former: str
    mailbox: str
    address_key: str
    state: MoveState
    created: datetime
    settled: datetime | None


async def ask(
    connection: AsyncConnection,
    *,
    subscriber: int,
    newsletter: str,
    former: str,
    mailbox: str,
    address_key: str,
    now: datetime,
) -> int | None:
    """Note what a person asks for; None if the new mailbox is not to be written to.

    Anybody can be named as a new mailbox (A11): it is asked once a day, and thrice in a month, and
    a person may mistype it thrice a day. Who had a change stopped at the old mailbox asks in vain.
    """
    of_it, of_them = moves.c.address_key == address_key, moves.c.subscriber_id == subscriber
    if (
        await _count(connection, of_it, moves.c.created > now - _DAY)
        or await _count(connection, of_it, moves.c.created > now - _MONTH) >= _MOST_ASKED
        or await _count(connection, of_them, moves.c.created > now - _DAY) >= _MOST_ASKED
        or await _count(
            connection,
            of_them,
            moves.c.state == MoveState.STOPPED,
            moves.c.settled > now - _MONTH,
        )
    ):
        return None
    made = await connection.execute(
        insert(moves)
        .values(
            subscriber_id=subscriber,
            newsletter=newsletter,
            former=former,
            mailbox=mailbox,
            address_key=address_key,
            state=MoveState.ASKED,
            created=now,
        )
        .returning(moves.c.id)
    )
    return int(made.scalar_one())


async def _count(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(moves).where(*conditions)
    return int(await connection.scalar(query) or 0)


async def get(connection: AsyncConnection, id: int) -> Move | None:
    """Find a change of address."""
    row = (await connection.execute(select(moves).where(moves.c.id == id))).one_or_none()
    return None if row is None else _move(row)


async def settle(connection: AsyncConnection, move: Move, state: MoveState, now: datetime) -> bool:
    """Note what becomes of it; False if that was so before, or somebody was faster."""
    result = await connection.execute(
        update(moves)
        .where(moves.c.id == move.id, moves.c.state == move.state, moves.c.state != state)
        .values(state=state, settled=now)
    )
    return result.rowcount == 1


async def stop_later(connection: AsyncConnection, move: Move, now: datetime) -> None:
    """Stop whatever the same person asked for after it."""
    await connection.execute(
        update(moves)
        .where(moves.c.subscriber_id == move.subscriber, moves.c.id > move.id)
        .values(state=MoveState.STOPPED, settled=now)
    )


async def has_readers(connection: AsyncConnection, address_key: str) -> bool:
    """Say whether somebody reads anything at an address."""
    query = (
        select(subscriptions.c.id)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(
            subscribers.c.address_key == address_key,
            subscriptions.c.state == SubscriptionState.ACTIVE,
        )
        .limit(1)
    )
    return await connection.scalar(query) is not None


async def carry_out(
    connection: AsyncConnection, subscriber: int, address: Address, address_key: str, now: datetime
) -> bool:
    """Give a person another address; False if somebody reads something there already.

    They stay the same person to the ledger, so nothing is lost and nothing comes twice. Two who
    both read cannot be made one: each has had what the other has not. Who only once read there
    hands the address over, with what they left: no import may bring that back.
    """
    rows = await connection.execute(
        select(subscribers.c.id, subscribers.c.mailbox)
        .where((subscribers.c.id == subscriber) | (subscribers.c.address_key == address_key))
        .order_by(subscribers.c.id)
        .with_for_update()
    )
    mailboxes = {row.id: row.mailbox for row in rows}
    former = mailboxes.pop(subscriber)
    for other in mailboxes:
        if await has_readers(connection, address_key):
            return False
        await _hand_over(connection, other, subscriber)
    await connection.execute(
        update(subscribers)
        .where(subscribers.c.id == subscriber)
        .values(mailbox=address.mailbox, address_key=address_key)
    )
    events.note(
        connection,
        Event(
            kind=EventKind.SUBSCRIBER_MOVED,
            occurred=now,
            subscriber=subscriber,
            address=address.mailbox,
            data={"former": former},
        ),
    )
    return True


async def _hand_over(connection: AsyncConnection, former: int, subscriber: int) -> None:
    theirs = select(subscriptions.c.newsletter).where(subscriptions.c.subscriber_id == subscriber)
    of_former = subscriptions.c.subscriber_id == former
    await connection.execute(
        delete(subscriptions).where(of_former, subscriptions.c.newsletter.in_(theirs))
    )
    await connection.execute(
        update(subscriptions).where(of_former).values(subscriber_id=subscriber)
    )
    await connection.execute(
        update(subscribers)
        .where(subscribers.c.id == former)
        .values(mailbox=ERASED, address_key=f"{ERASED} {former}", name="")
    )


def _move(row: Row[Any]) -> Move:
    return Move(
        id=row.id,
        subscriber=row.subscriber_id,
        newsletter=row.newsletter,
        former=row.former,
        mailbox=row.mailbox,
        address_key=row.address_key,
        state=MoveState(row.state),
        created=row.created,
        settled=row.settled,
    )
