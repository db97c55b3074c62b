"""How many mails of a day's quota are taken: what several workers, and restarts, share.

``name`` says whose quota it is. What is reserved counts as taken; who does not use it gives it
back, and a crash wastes it.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.store.engine import insert_unless
from publisher.store.tables import quotas

_KEPT = timedelta(days=30)


async def reserve(
    connection: AsyncConnection, name: str, day: date, *, wanted: int, limit: int
) -> int:
    """Take up to so many of what is left of a day's quota; give how many were left."""
    await _begin(connection, name, day)
    # Locked: on PostgreSQL two workers would else both read what is left.
    used = await connection.scalar(_row(name, day).with_for_update())
    granted = max(0, min(wanted, limit - (used or 0)))
    if granted:
        await _add(connection, name, day, granted)
    return granted


async def count(connection: AsyncConnection, name: str, day: date, mails: int) -> None:
    """Count mails that went out whatever was left; fewer than none gives back what was reserved."""
    await _begin(connection, name, day)
    await _add(connection, name, day, mails)


async def used(connection: AsyncConnection, name: str, day: date) -> int:
    """Give how many of a day's quota are taken."""
    return await connection.scalar(_row(name, day)) or 0


async def _begin(connection: AsyncConnection, name: str, day: date) -> None:
    made = await connection.execute(
        insert_unless(connection, quotas)
        .values(name=name, day=day, used=0)
        .on_conflict_do_nothing()
        .returning(quotas.c.name)
    )
    if made.first() is not None:
        await connection.execute(delete(quotas).where(quotas.c.day < day - _KEPT))


async def _add(connection: AsyncConnection, name: str, day: date, mails: int) -> None:
    await connection.execute(
        update(quotas)
        .where(quotas.c.name == name, quotas.c.day == day)
        .values(used=quotas.c.used + mails)
    )


def _row(name: str, day: date) -> Select[int]:
    return select(quotas.c.used).where(quotas.c.name == name, quotas.c.day == day)
