"""Mail to the bounce address that could not be read, as it came: so many, and so much, at most.

It waits for somebody to look at it, or for a version of the program that can read it. Beyond the
limits the oldest go, so that nobody fills the disk by writing to us.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Verdict
from publisher.store.engine import insert_unless
from publisher.store.tables import quarantine

MOST_MAILS = 1000
MOST_BYTES = 100 * 1024 * 1024

_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A line of the list. ``is_whole`` is False where only the beginning is kept."""

    id: int
    via: str
    recipients: tuple[str, ...]
    reason: str
    size_bytes: int
    is_whole: bool
    received: datetime


async def keep(
    connection: AsyncConnection,
    raw: bytes,
    verdict: Verdict,
    *,
    recipients: Sequence[str],
    via: str,
    limit_bytes: int,
    now: datetime,
) -> int | None:
    """Keep a mail, of one beyond the limit its beginning; give how many others went for it.

    None if it is kept already.
    """
    result = await connection.execute(
        insert_unless(connection, quarantine)
        .values(
            digest=verdict.digest,
            via=via,
            recipients="\n".join(recipients),
            reason=verdict.reason,
            raw=raw if len(raw) <= limit_bytes else raw[:_HEAD_BYTES],
            size_bytes=len(raw),
            received=now,
        )
        .on_conflict_do_nothing(index_elements=["digest"])
        .returning(quarantine.c.id)
    )
    return None if result.scalar_one_or_none() is None else await _make_room(connection)


async def _make_room(connection: AsyncConnection) -> int:
    kept = await connection.execute(
        select(quarantine.c.id, func.length(quarantine.c.raw)).order_by(quarantine.c.id.desc())
    )
    mails = total = 0
    for id, size in kept:
        mails, total = mails + 1, total + size
        if mails > MOST_MAILS or total > MOST_BYTES:
            gone = await connection.execute(delete(quarantine).where(quarantine.c.id <= id))
            return gone.rowcount
    return 0


async def page(
    connection: AsyncConnection, *, after: int = 0, limit: int = 1000
) -> list[Quarantined]:
    """Give up to ``limit`` of them behind the id ``after``, the oldest first."""
    query = _query().where(quarantine.c.id > after).order_by(quarantine.c.id).limit(limit)
    return [_quarantined(row) for row in await connection.execute(query)]


async def get(connection: AsyncConnection, id: int) -> tuple[Quarantined, bytes] | None:
    """Give one of them, and what of it is kept."""
    row = (
        await connection.execute(
            _query().add_columns(quarantine.c.raw).where(quarantine.c.id == id)
        )
    ).one_or_none()
    return None if row is None else (_quarantined(row), bytes(row.raw))


async def drop(connection: AsyncConnection, id: int) -> bool:
    """Forget one of them; False if there is none of this id."""
    result = await connection.execute(delete(quarantine).where(quarantine.c.id == id))
    return result.rowcount == 1


async def count(connection: AsyncConnection) -> int:
    """Say how many there are."""
    return await connection.scalar(select(func.count()).select_from(quarantine)) or 0


async def naming(connection: AsyncConnection, address_key: str) -> list[int]:
    """Find the mails that have an address in them, in whatever case it stands there."""
    octets = address_key.casefold().encode()
    found: list[int] = []
    for id in (await connection.execute(select(quarantine.c.id))).scalars().all():
        raw = await connection.scalar(select(quarantine.c.raw).where(quarantine.c.id == id))
        if raw is not None and octets in bytes(raw).lower():
            found.append(id)
    return found


def _query() -> Select[Any]:
    return select(
        quarantine.c.id,
        quarantine.c.via,
        quarantine.c.recipients,
        quarantine.c.reason,
        quarantine.c.size_bytes,
        (func.length(quarantine.c.raw) == quarantine.c.size_bytes).label("is_whole"),
        quarantine.c.received,
    )


def _quarantined(row: Row[Any]) -> Quarantined:
    return Quarantined(
        id=row.id,
        via=row.via,
        recipients=tuple(row.recipients.splitlines()),
        reason=row.reason,
        size_bytes=row.size_bytes,
        is_whole=bool(row.is_whole),
        received=row.received,
    )
