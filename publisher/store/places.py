"""Every place that holds something of a person.

A table that comes to hold an address, or what somebody did, needs a `Place` here. A test fills
them all, erases, and looks through the whole database for what is left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import DeliveryState
from publisher.store import events, quarantine
from publisher.store import tables as t

# What stands for the address of whoever was erased. No address is without an @.
ERASED = "erased"

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom something is held of. ``id`` is None for an address that never was a subscriber's."""

    id: int | None
    mailbox: str
    address_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somewhere that holds something of people.

    ``told`` gives what there is of one, as values of JSON and times; ``erase`` lets go of it and
    says how many rows that were.
    """

    name: str
    told: Callable[[AsyncConnection, Person], Awaitable[Rows]]
    erase: Callable[[AsyncConnection, Person, datetime], Awaitable[int]]


async def _rows(connection: AsyncConnection, query: Any) -> Rows:
    return [dict(row._mapping) for row in await connection.execute(query)]


async def _count(connection: AsyncConnection, change: Any) -> int:
    return int((await connection.execute(change)).rowcount)


async def _deliveries(connection: AsyncConnection, person: Person) -> Rows:
    rows = t.deliveries.c
    return await _rows(
        connection,
        select(
            rows.newsletter,
            t.issues.c.number,
            t.renditions.c.subject,
            rows.state,
            rows.created,
            rows.settled,
            rows.reply,
        )
        .join(t.renditions, t.renditions.c.id == rows.rendition_id)
        .outerjoin(t.issues, t.issues.c.id == rows.issue_id)
        .where(rows.subscriber_id == person.id)
        .order_by(rows.id),
    )


async def _clear_deliveries(connection: AsyncConnection, person: Person, now: datetime) -> int:
    """Skip what waits, and let go of what relays answered, which may name the address.

    The rows stay, of nobody: they are what balances count and the proof that nothing came twice.
    """
    theirs = t.deliveries.c.subscriber_id == person.id
    await connection.execute(
        update(t.deliveries)
        .where(theirs, t.deliveries.c.state == DeliveryState.PENDING)
        .values(state=DeliveryState.SKIPPED, settled=now)
    )
    return await _count(connection, update(t.deliveries).where(theirs).values(reply=""))


async def _subscriptions(connection: AsyncConnection, person: Person) -> Rows:
    return await _rows(
        connection,
        select(*(each for each in t.subscriptions.c if each.name not in ("id", "subscriber_id")))
        .where(t.subscriptions.c.subscriber_id == person.id)
        .order_by(t.subscriptions.c.id),
    )


async def _end_subscriptions(connection: AsyncConnection, person: Person, _now: datetime) -> int:
    return await _count(
        connection, delete(t.subscriptions).where(t.subscriptions.c.subscriber_id == person.id)
    )


async def _sign_ups(connection: AsyncConnection, person: Person) -> Rows:
    rows = t.sign_ups.c
    return await _rows(
        connection,
        select(rows.newsletter, rows.mailbox, rows.name, rows.wishes, rows.consent, rows.created)
        .where(func.lower(rows.mailbox) == person.address_key)
        .order_by(rows.id),
    )


async def _forget_sign_ups(connection: AsyncConnection, person: Person, _now: datetime) -> int:
    return await _count(
        connection,
        delete(t.sign_ups).where(func.lower(t.sign_ups.c.mailbox) == person.address_key),
    )


async def _former_consents(connection: AsyncConnection, person: Person) -> Rows:
    rows = t.former_consents.c
    return await _rows(
        connection,
        select(t.subscriptions.c.newsletter, rows.consent, rows.created, rows.confirmed, rows.ended)
        .join(t.subscriptions, t.subscriptions.c.id == rows.subscription_id)
        .where(t.subscriptions.c.subscriber_id == person.id)
        .order_by(rows.id),
    )


async def _forget_former_consents(
    connection: AsyncConnection, person: Person, _now: datetime
) -> int:
    theirs = select(t.subscriptions.c.id).where(t.subscriptions.c.subscriber_id == person.id)
    return await _count(
        connection,
        delete(t.former_consents).where(t.former_consents.c.subscription_id.in_(theirs)),
    )


async def _moves(connection: AsyncConnection, person: Person) -> Rows:
    moves = t.moves.c
    return await _rows(
        connection,
        select(moves.former, moves.mailbox, moves.state, moves.created, moves.settled)
        .where(moves.subscriber_id == person.id)
        .order_by(moves.id),
    )


async def _forget_moves(connection: AsyncConnection, person: Person, _now: datetime) -> int:
    """Let go of their own, and of those of others to their mailbox, or away from it."""
    moves = t.moves.c
    return await _count(
        connection,
        delete(t.moves).where(
            or_(
                moves.subscriber_id == person.id,
                moves.address_key == person.address_key,
                func.lower(moves.former) == person.address_key,
            )
        ),
    )


async def _notices(connection: AsyncConnection, person: Person) -> Rows:
    notices = t.notices.c
    return await _rows(
        connection,
        select(notices.subject, notices.text, notices.created, notices.sent)
        .where(func.lower(notices.recipient) == person.address_key)
        .order_by(notices.id),
    )


async def _forget_notices(connection: AsyncConnection, person: Person, _now: datetime) -> int:
    """Let go of what was written to them; where one to the admin names them, of the name."""
    notices = t.notices.c
    gone = await _count(
        connection,
        delete(t.notices).where(func.lower(notices.recipient) == person.address_key),
    )
    for column in (notices.subject, notices.text, notices.reply):
        gone += await _count(
            connection,
            update(t.notices)
            .where(column.contains(person.mailbox, autoescape=True))
            .values({column: func.replace(column, person.mailbox, ERASED)}),
        )
    return gone


async def _bounces(connection: AsyncConnection, person: Person) -> Rows:
    rows = t.bounces.c
    return await _rows(
        connection,
        select(rows.kind, rows.status, rows.diagnostic, rows.consequence, rows.received)
        .where(_came_back(person))
        .order_by(rows.id),
    )


async def _forget_bounces(connection: AsyncConnection, person: Person, _now: datetime) -> int:
    return await _count(connection, delete(t.bounces).where(_came_back(person)))


def _came_back(person: Person) -> ColumnElement[bool]:
    """Say whether a bounce is of a person, or of an address that they had once."""
    rows = t.bounces.c
    return or_(rows.subscriber_id == person.id, rows.address_key == person.address_key)


async def _quarantine(connection: AsyncConnection, person: Person) -> Rows:
    rows = t.quarantine.c
    ids = await quarantine.naming(connection, person.address_key)
    return await _rows(
        connection,
        select(rows.reason, rows.received).where(rows.id.in_(ids)).order_by(rows.id),
    )


async def _forget_quarantine(connection: AsyncConnection, person: Person, _now: datetime) -> int:
    ids = await quarantine.naming(connection, person.address_key)
    return await _count(connection, delete(t.quarantine).where(t.quarantine.c.id.in_(ids)))


async def _events(connection: AsyncConnection, person: Person) -> Rows:
    rows = t.events.c
    return await _rows(
        connection,
        select(rows.kind, rows.occurred, rows.newsletter, rows.address, rows.data)
        .where(events.of_person(person.id, person.address_key))
        .order_by(rows.id),
    )


async def _redact_events(connection: AsyncConnection, person: Person, _now: datetime) -> int:
    return await events.redact(connection, person.id, person.address_key)


async def _subscriber(connection: AsyncConnection, person: Person) -> Rows:
    people = t.subscribers.c
    return await _rows(
        connection,
        select(people.mailbox, people.name, people.created).where(people.id == person.id),
    )


async def _make_anonymous(connection: AsyncConnection, person: Person, _now: datetime) -> int:
    return await _count(
        connection,
        update(t.subscribers)
        .where(t.subscribers.c.id == person.id)
        .values(mailbox=ERASED, address_key=f"{ERASED} {person.id}", name=""),
    )


PLACES = (
    Place(name="deliveries", told=_deliveries, erase=_clear_deliveries),
    Place(name="sign_ups", told=_sign_ups, erase=_forget_sign_ups),
    Place(name="former_consents", told=_former_consents, erase=_forget_former_consents),
    Place(name="subscriptions", told=_subscriptions, erase=_end_subscriptions),
    Place(name="moves", told=_moves, erase=_forget_moves),
    Place(name="bounces", told=_bounces, erase=_forget_bounces),
    Place(name="quarantine", told=_quarantine, erase=_forget_quarantine),
    Place(name="events", told=_events, erase=_redact_events),
    Place(name="notices", told=_notices, erase=_forget_notices),
    Place(name="subscribers", told=_subscriber, erase=_make_anonymous),
)
