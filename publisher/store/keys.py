"""The keys that sign tokens and Message-IDs: in the database, so that every process has them."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.store.tables import keys

_KEY_BYTES = 32


def made() -> bytes:
    """Make a key that nobody can guess."""
    return secrets.token_bytes(_KEY_BYTES)


async def ensure(connection: AsyncConnection, now: datetime) -> None:
    """Make the first key if there is none. Call it in a writing transaction."""
    if (await connection.execute(select(keys.c.id).limit(1))).first() is None:
        await connection.execute(insert(keys).values(id=1, secret=made(), created=now))


async def load(connection: AsyncConnection) -> dict[int, bytes]:
    """Give every key by its id; the highest id signs."""
    rows = await connection.execute(select(keys.c.id, keys.c.secret).order_by(keys.c.id))
    return {row.id: row.secret for row in rows}


async def site_secret(connection: AsyncConnection) -> bytes:
    """Give the first key, which is never taken out: what it has made must never be made anew."""
    query = select(keys.c.secret).order_by(keys.c.id).limit(1)
    secret: bytes = (await connection.execute(query)).scalar_one()
    return secret


async def born(connection: AsyncConnection) -> datetime:
    """Give when this database was first used: the date of what has no date of its own."""
    moment: datetime = (await connection.execute(select(func.min(keys.c.created)))).scalar_one()
    return moment
