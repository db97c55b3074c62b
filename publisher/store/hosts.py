"""Choosing rows to work on so that no host of the web gets more than its share of the work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

# So many requests to one host at once. One that is slow then holds up nobody but itself.
PER_HOST = 2

# How far to look for hosts that are free; what is not seen now is seen next time.
_LOOKED_AT = 500


async def choose(
    connection: AsyncConnection,
    table: Table,
    is_due: ColumnElement[bool],
    *,
    busy: Mapping[str, int],
    limit: int,
) -> list[int]:
    """Pick due rows, those due longest first, and lock them; give their ids.

    ``busy`` counts the requests under way to each host. Rows that another worker is picking
    are passed over.
    """
    full = [host for host, requests in busy.items() if requests >= PER_HOST]
    rows = await connection.execute(
        select(table.c.id, table.c.host)
        .where(is_due, table.c.host.not_in(full))
        .order_by(table.c.due, table.c.id)
        .limit(_LOOKED_AT)
        .with_for_update(skip_locked=True)
    )
    requests = Counter(busy)
    chosen: list[int] = []
    for row in rows:
        if len(chosen) < limit and requests[row.host] < PER_HOST:
            requests[row.host] += 1
            chosen.append(row.id)
    return chosen
