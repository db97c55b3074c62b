"""How far the ledger has come: a number that grows with every claim, and when a run ends.

An older copy of a database has a smaller one than what was noted elsewhere (F24, F40).
"""

from __future__ import annotations

from sqlalchemy import case, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.store.engine import insert_unless
from publisher.store.tables import generation

_ONLY = 1


async def current(connection: AsyncConnection) -> int:
    """Give the number."""
    return await connection.scalar(select(generation.c.number)) or 0


async def advance(connection: AsyncConnection, beyond: int = 0) -> int:
    """Make the number greater, and greater than ``beyond``; give what it is now.

    On PostgreSQL others who claim wait for this transaction: let it be its last statement.
    """
    await connection.execute(
        insert_unless(connection, generation).values(id=_ONLY, number=0).on_conflict_do_nothing()
    )
    greatest = case((generation.c.number > beyond, generation.c.number), else_=beyond)
    grown: int = (
        await connection.execute(
            update(generation).values(number=greatest + 1).returning(generation.c.number)
        )
    ).scalar_one()
    return grown
