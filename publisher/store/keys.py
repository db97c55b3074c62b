"""The keys that sign tokens and Message-IDs: in the database, so that every process has them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import DeliveryState
from publisher.store.tables import deliveries, keys

_KEY_BYTES = 32
_MOST_KEYS = 255  # a token names its key in one octet
# A new key signs only from then on: until then every process has it to read with.
SETTLING = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """The keys that open links, by their ids, and the id of the one that signs them.

    ``site`` is the first key there ever was, whether or not it still opens links: what it has made
    besides (Message-IDs, hashes of addresses) must never be made anew.
    """

    secrets: Mapping[int, bytes]
    signing: int
    site: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key, without what is secret of it. ``retired`` is None while it opens links."""

    id: int
    created: datetime
    retired: datetime | None


def made() -> bytes:
    """Make a key that nobody can guess."""
    return secrets.token_bytes(_KEY_BYTES)


async def ensure(connection: AsyncConnection, now: datetime) -> None:
    """Make the first key if there is none. Call it in a writing transaction."""
    if (await connection.execute(select(keys.c.id).limit(1))).first() is None:
        await connection.execute(insert(keys).values(id=1, secret=made(), created=now))


async def load(connection: AsyncConnection) -> dict[int, bytes]:
    """Give every key that opens links by its id."""
    rows = await connection.execute(
        select(keys.c.id, keys.c.secret).where(keys.c.retired.is_(None)).order_by(keys.c.id)
    )
    return {row.id: row.secret for row in rows}


async def ring(connection: AsyncConnection, now: datetime) -> Ring | None:
    """Give the keys as they are to be used now; None if there are none yet."""
    secrets_of = await load(connection)
    if not secrets_of:
        return None
    return Ring(
        secrets=secrets_of,
        signing=signing(await listing(connection), now),
        site=await site_secret(connection),
    )


def signing(known: list[Key], now: datetime) -> int:
    """Say which key signs: the newest that has settled, or the oldest if none has."""
    usable = [each for each in known if each.retired is None]
    settled = [each.id for each in usable if each.created + SETTLING <= now]
    return settled[-1] if settled else usable[0].id


async def listing(connection: AsyncConnection) -> list[Key]:
    """List the keys, the oldest first."""
    rows = await connection.execute(
        select(keys.c.id, keys.c.created, keys.c.retired).order_by(keys.c.id)
    )
    return [Key(id=row.id, created=row.created, retired=row.retired) for row in rows]


async def add(connection: AsyncConnection, now: datetime) -> int | None:
    """Make a new key, which signs once it has settled; None if there have been too many."""
    newest = await connection.scalar(select(func.max(keys.c.id)))
    id = int(newest or 0) + 1
    if id > _MOST_KEYS:
        return None
    await connection.execute(insert(keys).values(id=id, secret=made(), created=now))
    return id


async def retire(connection: AsyncConnection, id: int, now: datetime) -> bool:
    """Let a key open no link any more; False if it does not as it is."""
    result = await connection.execute(
        update(keys).where(keys.c.id == id, keys.c.retired.is_(None)).values(retired=now)
    )
    return result.rowcount == 1


async def signed_mails(connection: AsyncConnection, key: Key, known: list[Key]) -> int:
    """Count the mails that went out while a key signed: whose links end with it."""
    begin = key.created if key == known[0] else key.created + SETTLING
    later = [each.created + SETTLING for each in known if each.id > key.id]
    query = select(func.count()).where(
        deliveries.c.state == DeliveryState.ACCEPTED, deliveries.c.settled >= begin
    )
    if later:
        query = query.where(deliveries.c.settled < min(later))
    return int(await connection.scalar(query) or 0)


async def site_secret(connection: AsyncConnection) -> bytes:
    """Give the first key, as in `Ring`."""
    query = select(keys.c.secret).order_by(keys.c.id).limit(1)
    secret: bytes = (await connection.execute(query)).scalar_one()
    return secret


async def born(connection: AsyncConnection) -> datetime:
    """Give when this database was first used: the date of what has no date of its own."""
    moment: datetime = (await connection.execute(select(func.min(keys.c.created)))).scalar_one()
    return moment
