"""What the admin or a mailbox is told, as rows: each once, tried again until a relay takes it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Notice
from publisher.store.engine import insert_unless
from publisher.store.tables import notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A row. ``due`` is None once it is sent or given up; ``attempts`` is the fence of a claim.

    ``recipient`` is None for the admin.
    """

    id: int
    recipient: str | None
    newsletter: str
    subject: str
    text: str
    created: datetime
    due: datetime | None
    attempts: int
    reply: str


async def add(connection: AsyncConnection, notice: Notice, now: datetime) -> bool:
    """Note what somebody is to be told; False if that was noted before.

    Call it in the transaction that makes it so: then what is told has happened, and once.
    """
    result = await connection.execute(
        insert_unless(connection, notices)
        .values(
            key=hashlib.sha256(_storable(notice.key).encode()).hexdigest(),
            subject=_storable(notice.subject),
            text=_storable(notice.text),
            recipient=notice.recipient,
            newsletter=notice.newsletter,
            created=now,
            due=now,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(notices.c.id)
    )
    return result.first() is not None


async def claim(
    connection: AsyncConnection, *, has_admin: bool, limit: int, now: datetime, lease_ends: datetime
) -> list[Noted]:
    """Lease up to ``limit`` rows that are due, the oldest first.

    What is for the admin stays noted while there is none.
    """
    whose = true() if has_admin else notices.c.recipient.is_not(None)
    ids = list(
        (
            await connection.execute(
                select(notices.c.id)
                .where(notices.c.due <= now, whose)
                .order_by(notices.c.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
        ).scalars()
    )
    rows = await connection.execute(
        update(notices)
        .where(notices.c.id.in_(ids), notices.c.due <= now)
        .values(due=lease_ends, attempts=notices.c.attempts + 1)
        .returning(notices)
    )
    return sorted(map(_noted, rows), key=lambda noted: noted.id)


async def settle(
    connection: AsyncConnection,
    claimed: Noted,
    *,
    due: datetime | None,
    sent: datetime | None,
    reply: str,
) -> None:
    """Record what became of an attempt, unless somebody else has claimed the row meanwhile."""
    await connection.execute(
        update(notices)
        .where(notices.c.id == claimed.id, notices.c.attempts == claimed.attempts)
        .values(due=due, sent=sent, reply=reply)
    )


async def unsent(connection: AsyncConnection, since: datetime) -> list[Noted]:
    """List what was noted for the admin since then and has not been sent, the newest first."""
    rows = await connection.execute(
        select(notices)
        .where(notices.c.sent.is_(None), notices.c.created >= since, notices.c.recipient.is_(None))
        .order_by(notices.c.id.desc())
    )
    return [_noted(row) for row in rows]


def _storable(text: str) -> str:
    """Replace what a database does not take: a notice quotes whatever went wrong."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _noted(row: Row[Any]) -> Noted:
    return Noted(
        id=row.id,
        recipient=row.recipient,
        newsletter=row.newsletter,
        subject=row.subject,
        text=row.text,
        created=row.created,
        due=row.due,
        attempts=row.attempts,
        reply=row.reply,
    )
