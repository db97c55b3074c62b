"""Thousands of people of a list at once: a statement for all of them, whatever they are to become.

All that an import does to subscriptions is `add` and `change`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    Integer,
    Select,
    String,
    Text,
    func,
    literal,
    null,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from publisher.model import Address, EventKind, SubscriptionState
from publisher.store import bulk, events
from publisher.store.engine import insert_unless
from publisher.store.tables import subscribers, subscriptions
from publisher.store.tables.base import ROW_ID, UTCDateTime

# SQLite's own cache, and how long its log becomes before it goes into the file.
_USUAL_KIB = 2000
_USUAL_PAGES = 1000
_KIB_OF_EACH = 6  # a page of the index of addresses, and a part of the other pages
_PAGES_OF_EACH = 4


class Bond(NamedTuple):
    """How somebody stands to the newsletter. ``id`` is None for who is about to be added."""

    id: int | None
    state: SubscriptionState
    since: datetime
    cadence: str
    consent: Mapping[str, str]


class Becoming(NamedTuple):
    """What a subscription is to be; ``consent`` is JSON. Its fields are `_COLUMNS`."""

    state: SubscriptionState
    cadence: str
    topics: str
    language: str
    own_time: str
    created: datetime
    confirmed: datetime | None
    ended: datetime | None
    paused_until: datetime | None
    covered: datetime | None
    consent: str
    # What other programs are told of it, as JSON.
    told: str


async def make_room(connection: AsyncConnection, people: int) -> None:
    """Have SQLite write what a transaction changes for so many people once, and late.

    Addresses that are in no order change as many pages as there are people. What the cache has no
    room for is written when it is changed and once more when it is changed again; and what a few
    transactions change one after the other need not go from the log into the file after each.
    """
    if connection.dialect.name == "sqlite":
        room = max(_USUAL_KIB, _KIB_OF_EACH * people)
        await connection.exec_driver_sql(f"PRAGMA cache_size = -{room}")
        pages = max(_USUAL_PAGES, _PAGES_OF_EACH * people)
        await connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {pages}")


async def add_people(
    connection: AsyncConnection, people: Mapping[str, Address], now: datetime
) -> bool:
    """Add people by their address keys; say whether some of them were here before.

    These get the name that is given now if they had none.
    """
    # In one order, so that of two lists at once neither waits for the other's next row.
    given = bulk.table(
        connection,
        {"address_key": String(), "mailbox": String(), "name": Text()},
        [(key, people[key].mailbox, people[key].name) for key in sorted(people)],
    )
    columns = ["address_key", "mailbox", "name", "created"]
    made = await connection.execute(
        insert_unless(connection, subscribers)
        .from_select(columns, select(given, literal(now, UTCDateTime)).where(true()))
        .on_conflict_do_nothing(index_elements=["address_key"])
        .execution_options(preserve_rowcount=True)
    )
    if made.rowcount == len(people):
        return False
    await connection.execute(
        update(subscribers)
        .where(
            subscribers.c.address_key == given.c.address_key,
            subscribers.c.name == "",
            given.c.name != "",
        )
        .values(name=given.c.name)
    )
    return True


async def bonds(
    connection: AsyncConnection, newsletter: str, address_keys: Collection[str]
) -> dict[str, Bond]:
    """Map those of these people who have a bond to a newsletter to it, and lock them."""
    # First the people and then their bonds: a planner that does it in one statement may begin
    # with all readers of the newsletter.
    people = await ids(connection, address_keys)
    rows = await connection.execute(
        select(
            subscriptions.c.id,
            subscriptions.c.subscriber_id,
            subscriptions.c.state,
            func.coalesce(subscriptions.c.confirmed, subscriptions.c.created).label("since"),
            subscriptions.c.cadence,
            subscriptions.c.consent,
        ).where(
            bulk.among(connection, subscriptions.c.subscriber_id, people),
            subscriptions.c.newsletter == newsletter,
        )
    )
    return {
        people[row.subscriber_id]: Bond(
            id=row.id,
            state=SubscriptionState(row.state),
            since=row.since,
            cadence=row.cadence,
            consent=row.consent,
        )
        for row in rows
    }


async def ids(connection: AsyncConnection, address_keys: Collection[str]) -> dict[int, str]:
    """Map the ids of those of these people who are here to their address keys, and lock them."""
    given = bulk.table(connection, {"address_key": String()}, [(key,) for key in address_keys])
    rows = await connection.execute(
        select(subscribers.c.id, subscribers.c.address_key)
        .join(given, given.c.address_key == subscribers.c.address_key)
        .order_by(subscribers.c.id)
        .with_for_update(of=subscribers)
    )
    return {row.id: row.address_key for row in rows}


_COLUMNS: dict[str, TypeEngine[Any]] = {
    "state": String(),
    "cadence": String(),
    "topics": String(),
    "language": String(),
    "own_time": String(),
    "created": UTCDateTime(),
    "confirmed": UTCDateTime(),
    "ended": UTCDateTime(),
    "paused_until": UTCDateTime(),
    "covered": UTCDateTime(),
    "consent": JSON(),
    "told": JSON(),
}
_OWN = [name for name in _COLUMNS if name != "told"]


async def add(
    connection: AsyncConnection, newsletter: str, joining: Mapping[str, Becoming], now: datetime
) -> None:
    """Insert subscriptions for people who have none to this newsletter, by their address keys."""
    if not joining:
        return
    # Most of a list become the same, which is told and read once for all of them.
    kinds: dict[Becoming, int] = {}
    kind_of = {key: kinds.setdefault(each, len(kinds)) for key, each in joining.items()}
    given = bulk.numbered(connection, kind_of)
    becoming = bulk.read_once(
        connection,
        {"kind": Integer(), **_COLUMNS},
        [(kind, *each) for each, kind in kinds.items()],
    )
    theirs = given.c.key == subscribers.c.address_key
    its = becoming.c.kind == given.c.value
    # Who signs up at this moment has a bond by the time that this one waited for.
    await connection.execute(
        insert_unless(connection, subscriptions)
        .from_select(
            ["subscriber_id", "newsletter", *_OWN],
            select(subscribers.c.id, literal(newsletter), *(becoming.c[each] for each in _OWN))
            .join(given, theirs)
            .join(becoming, its)
            .where(true()),
        )
        .on_conflict_do_nothing(index_elements=["subscriber_id", "newsletter"])
    )
    events.note_all(
        connection,
        _events(EventKind.SUBSCRIBER_IMPORTED, newsletter, becoming.c.told, now)
        .join(given, theirs)
        .join(becoming, its),
    )


async def change(
    connection: AsyncConnection,
    newsletter: str,
    changing: Sequence[tuple[Bond, Becoming]],
    now: datetime,
) -> None:
    """Give subscriptions another state, those that are still in the one they were found in."""
    for state, kind in _TOLD_AS.items():
        those = [(bond, each) for bond, each in changing if each.state is state]
        if not those:
            continue
        given = bulk.table(
            connection,
            {"id": ROW_ID, "was": String(), **_COLUMNS},
            [(bond.id, bond.state, *each) for bond, each in those],
        )
        changed = await connection.scalars(
            update(subscriptions)
            .where(subscriptions.c.id == given.c.id, subscriptions.c.state == given.c.was)
            .values(
                state=state,
                confirmed=func.coalesce(given.c.confirmed, subscriptions.c.confirmed),
                ended=given.c.ended,
                ended_by="import" if state is SubscriptionState.ENDED else "",
                covered=func.coalesce(given.c.covered, subscriptions.c.covered),
                consent=given.c.consent,
            )
            .returning(subscriptions.c.id)
        )
        events.note_all(
            connection,
            _events(kind, newsletter, given.c.told, now)
            .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
            .join(given, given.c.id == subscriptions.c.id)
            .where(bulk.among(connection, subscriptions.c.id, changed.all())),
        )


_TOLD_AS = {
    SubscriptionState.ACTIVE: EventKind.SUBSCRIPTION_CONFIRMED,
    SubscriptionState.ENDED: EventKind.SUBSCRIPTION_ENDED,
}


def _events(
    kind: EventKind, newsletter: str, told: ColumnElement[Any], now: datetime
) -> Select[Any]:
    """Write the events of people, as `publisher.store.events.note_all` takes them."""
    return select(
        literal(kind, String),
        literal(now, UTCDateTime),
        literal(newsletter),
        null(),
        subscribers.c.id,
        subscribers.c.mailbox,
        told,
    ).select_from(subscribers)
