"""Requests that carry a key, so that one which is sent again is not obeyed again.

A request begins, and then either finishes with its answer or is forgotten, having changed
nothing. One that does neither is of a process that died: its place is free again after a while.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.store.engine import insert_unless
from publisher.store.tables import idempotency

# For how long a key means its first request.
_KEPT = timedelta(hours=24)
# Longer than any request takes.
_LEASE = timedelta(minutes=5)


class Refusal(enum.Enum):
    """Why a request cannot begin."""

    UNDER_WAY = enum.auto()  # the first one with this key is not answered yet
    ANOTHER = enum.auto()  # the first one with this key was a different one


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the first request was answered; ``body`` is JSON."""

    status: int
    body: Mapping[str, Any]


async def begin(
    connection: AsyncConnection, source: str, key: str, *, digest: str, now: datetime
) -> Answer | Refusal | None:
    """Begin the request that ``digest`` stands for; None if it is the first with this key.

    Whoever begins one calls `finish` or `forget`.
    """
    await connection.execute(
        delete(idempotency).where(
            or_(
                idempotency.c.created <= now - _KEPT,
                and_(idempotency.c.status.is_(None), idempotency.c.created <= now - _LEASE),
            )
        )
    )
    begun = await connection.scalar(
        insert_unless(connection, idempotency)
        .values(source=source, key=key, digest=digest, created=now)
        .on_conflict_do_nothing()
        .returning(idempotency.c.key)
    )
    if begun is not None:
        return None
    first = (await connection.execute(select(idempotency).where(_is(source, key)))).one()
    if first.digest != digest:
        return Refusal.ANOTHER
    if first.status is None:
        return Refusal.UNDER_WAY
    return Answer(status=first.status, body=first.answer)


async def finish(connection: AsyncConnection, source: str, key: str, answer: Answer) -> None:
    """Keep the answer for those who ask again."""
    await connection.execute(
        update(idempotency)
        .where(_is(source, key))
        .values(status=answer.status, answer=dict(answer.body))
    )


async def forget(connection: AsyncConnection, source: str, key: str) -> None:
    """Let the key be used for another request: this one has changed nothing."""
    await connection.execute(delete(idempotency).where(_is(source, key)))


def _is(source: str, key: str) -> Any:
    return and_(idempotency.c.source == source, idempotency.c.key == key)
