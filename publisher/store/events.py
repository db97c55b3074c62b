"""The events that other programs are told of: written with the change, read in their order.

A transaction gathers what it has to tell, and `Store.write` writes it down as the last thing
before the commit, on PostgreSQL one transaction at a time. So ids are given in the order of the
commits: whoever has read up to one has missed nothing before it. Since the lock is the last one
that a transaction takes, nobody waits for each other in a circle.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from publisher.model import Event, EventKind
from publisher.store.prepared import told, told_time
from publisher.store.tables import UTCDateTime, events

# The option of a connection under which `Store.write` has a transaction gather its events.
NOTED = "publisher_noted"

# Any number that nothing else in the database locks.
_TURN = 1702258036

_COLUMNS: Mapping[str, TypeEngine[Any]] = {
    "kind": String(),
    "occurred": UTCDateTime(),
    "newsletter": String(),
    "issue_id": BigInteger(),
    "subscriber_id": BigInteger(),
    "address": String(),
    "data": JSON(),
}


class Told(NamedTuple):
    """An event with its place among all: what is told later has a higher id."""

    id: int
    event: Event


def note(connection: AsyncConnection | Connection, *happened: Event) -> None:
    """Tell of changes that this transaction makes, in this order; if it fails nobody hears."""
    sync = connection if isinstance(connection, Connection) else connection.sync_connection
    assert sync is not None  # noqa: S101 -- it is open
    sync.get_execution_options()[NOTED].extend(happened)


def note_all(connection: AsyncConnection, happened: Select[Any]) -> None:
    """Tell of changes by the thousand: rows of the columns of an event, from `kind` to `data`."""
    assert connection.sync_connection is not None  # noqa: S101 -- it is open
    connection.sync_connection.get_execution_options()[NOTED].append(happened)


def write_down(connection: Connection, noted: Collection[Event | Select[Any]]) -> None:
    """Write what a transaction has gathered; nothing but the commit may come after it."""
    if not noted:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_TURN)))
    _write([each for each in noted if isinstance(each, Event)], connection)
    for rows in noted:
        if not isinstance(rows, Event):
            connection.execute(insert(events).from_select(list(_COLUMNS), rows))


def _write(noted: Collection[Event], connection: Connection) -> None:
    if not noted:
        return
    dialect = connection.dialect
    rows = [
        {
            "kind": event.kind,
            "occurred": told_time(dialect, event.occurred),
            "newsletter": event.newsletter,
            "issue_id": event.issue,
            "subscriber_id": event.subscriber,
            "address": event.address,
            "data": event.data,
        }
        for event in noted
    ]
    # One parameter, however many there are: an import tells of thousands at once.
    connection.execute(
        insert(events).from_select(list(_COLUMNS), select(*told(dialect, _COLUMNS).c)),
        {"told": json.dumps(rows)},
    )


async def page(
    connection: AsyncConnection,
    *,
    after: int = 0,
    kinds: Collection[EventKind] = (),
    limit: int = 1000,
) -> list[Told]:
    """Give up to ``limit`` events behind the id ``after``, the oldest first; no kinds are all."""
    query = _behind(after, kinds).order_by(events.c.id).limit(limit)
    return [_told(row) for row in await connection.execute(query)]


async def latest(
    connection: AsyncConnection,
    *,
    after: int = 0,
    kinds: Collection[EventKind] = (),
    limit: int,
) -> list[Told]:
    """Give the newest events behind an id, the oldest of them first."""
    query = _behind(after, kinds).order_by(events.c.id.desc()).limit(limit)
    return [_told(row) for row in await connection.execute(query)][::-1]


async def newest(connection: AsyncConnection) -> int:
    """Give the id of the newest event, 0 where there is none."""
    return int(await connection.scalar(select(func.max(events.c.id))) or 0)


async def before(connection: AsyncConnection, moment: datetime) -> int:
    """Give the id behind which everything is that occurred at a moment or later."""
    query = select(events.c.id).where(events.c.occurred >= moment).order_by(events.c.id).limit(1)
    first = await connection.scalar(query)
    return await newest(connection) if first is None else first - 1


def of_person(subscriber: int | None, address_key: str) -> ColumnElement[bool]:
    """Say whether an event is of a person, or of the address of one who never was a subscriber."""
    nobody_else = and_(events.c.subscriber_id.is_(None), events.c.address == address_key)
    return (
        nobody_else
        if subscriber is None
        else or_(events.c.subscriber_id == subscriber, nobody_else)
    )


async def redact(connection: AsyncConnection, subscriber: int | None, address_key: str) -> int:
    """Forget what events say of a person who is erased; give how many did.

    That something happened, when and with which newsletter stays.
    """
    theirs = of_person(subscriber, address_key)
    result = await connection.execute(update(events).where(theirs).values(address=None, data={}))
    return result.rowcount


def _behind(after: int, kinds: Collection[EventKind]) -> Select[Any]:
    query = select(events).where(events.c.id > after)
    return query.where(events.c.kind.in_(kinds)) if kinds else query


def _told(row: Row[Any]) -> Told:
    return Told(
        row.id,
        Event(
            kind=EventKind(row.kind),
            occurred=row.occurred,
            newsletter=row.newsletter,
            issue=row.issue_id,
            subscriber=row.subscriber_id,
            address=row.address,
            data=row.data,
        ),
    )
