"""All that is held of a person, in every place: to tell it, and to forget it.

Places are in `publisher.store.places`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Event, EventKind
from publisher.store import consents, events, suppressions
from publisher.store import tables as t
from publisher.store.places import PLACES, Person, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was done when somebody was erased. It says nothing of who that was.

    ``hash`` is what they are known by if somebody wants to bring them back; None for who is not
    kept away. ``counts`` maps places to how much there was in them.
    """

    id: int
    hash: str | None
    wanted_by: str
    counts: Mapping[str, int]
    created: datetime


async def find(connection: AsyncConnection, mailbox: str, address_key: str) -> Person:
    """Give whoever has an address, subscriber or not."""
    row = (
        await connection.execute(
            select(t.subscribers.c.id, t.subscribers.c.mailbox).where(
                t.subscribers.c.address_key == address_key
            )
        )
    ).one_or_none()
    if row is None:
        return Person(id=None, mailbox=mailbox, address_key=address_key)
    return Person(id=row.id, mailbox=row.mailbox, address_key=address_key)


async def held(connection: AsyncConnection, person: Person, now: datetime) -> dict[str, Rows]:
    """Tell all that is held of a person, by place; places without anything as well."""
    told = {place.name: await place.told(connection, person) for place in PLACES}
    return {
        **told,
        "suppressions": await _suppressions(connection, person, now),
        "wordings": await _wordings(connection, told["subscriptions"] + told["former_consents"]),
    }


async def erase(
    connection: AsyncConnection,
    person: Person,
    *,
    wanted_by: str,
    is_kept_away: bool = True,
    now: datetime,
) -> Receipt:
    """Forget a person. The ledger keeps their rows, of nobody: each balance stays what it was.

    ``is_kept_away`` leaves a hash, so that no import brings them back.
    """
    # Who changes rows of the ledger and of people does it in this order (publisher.store.recall).
    counts = {place.name: await place.erase(connection, person, now) for place in PLACES}
    hash = None
    if is_kept_away:
        hash = await suppressions.forget(connection, person.address_key, now)
    if person.id is not None:
        events.note(
            connection,
            Event(kind=EventKind.SUBSCRIBER_ERASED, occurred=now, subscriber=person.id),
        )
    made = await connection.execute(
        insert(t.erasures)
        .values(hash=hash, wanted_by=wanted_by, counts=counts, created=now)
        .returning(t.erasures.c.id)
    )
    return Receipt(id=made.scalar_one(), hash=hash, wanted_by=wanted_by, counts=counts, created=now)


async def receipts(connection: AsyncConnection, hash: str) -> list[Receipt]:
    """Give the receipts of an address that was erased, by its hash; the oldest first."""
    rows = await connection.execute(
        select(t.erasures).where(t.erasures.c.hash == hash).order_by(t.erasures.c.id)
    )
    return [Receipt(**row._mapping) for row in rows]


async def _suppressions(connection: AsyncConnection, person: Person, now: datetime) -> Rows:
    found = await suppressions.among(connection, [person.address_key], now)
    return [
        {
            "address": each.address_key,
            "reason": each.reason.value,
            "newsletter": each.newsletter,
            "note": each.note,
            "created": each.created,
            "until": each.until,
        }
        for each in found.get(person.address_key, [])
    ]


async def _wordings(connection: AsyncConnection, agreed: Rows) -> Rows:
    """Give the words that consents name by their hash; they are the same for everybody."""
    named = {row["consent"].get(key, "") for row in agreed for key in consents.WORDINGS}
    found = await consents.worded(connection, named)
    return [{"hash": hash, "text": text} for hash, text in sorted(found.items())]
