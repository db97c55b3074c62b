"""What is known of each source: how its last passes went, and what it tells that is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Rejection
from publisher.store.engine import insert_unless
from publisher.store.tables import rejections, sources

_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How a source fares. ``error`` is why its last pass failed; None if it did not.

    ``next_try`` is before when it must not be asked, whatever its schedule says.
    ``failures`` counts the passes in a row that failed. ``memory`` is the source's own.
    ``is_wanted`` says that somebody asked for a pass outside its schedule.
    ``gone_for`` names the settings under which it has gone for good. ``alarm`` is why articles
    of it are held.
    """

    name: str
    first_load_done: bool = False
    last_try: datetime | None = None
    last_good: datetime | None = None
    next_try: datetime | None = None
    error: str | None = None
    failures: int = 0
    counts: Mapping[str, int]
    memory: Mapping[str, Any]
    is_wanted: bool = False
    gone_for: str | None = None
    alarm: str | None = None


async def status(connection: AsyncConnection, name: str) -> SourceStatus:
    """Give the status of a source; that of one never tried is empty."""
    return (await statuses(connection, [name]))[name]


async def names(connection: AsyncConnection) -> list[str]:
    """Name the sources that were asked at least once, by name."""
    rows = await connection.execute(select(sources.c.name).order_by(sources.c.name))
    return list(rows.scalars())


async def statuses(connection: AsyncConnection, names: Collection[str]) -> dict[str, SourceStatus]:
    """Map each of these sources to its status."""
    rows = await connection.execute(select(sources).where(sources.c.name.in_(names)))
    known = {row.name: _status(row) for row in rows}
    return {
        name: known.get(name) or SourceStatus(name=name, counts={}, memory={}) for name in names
    }


def _status(row: Row[Any]) -> SourceStatus:
    return SourceStatus(**{**row._mapping, "memory": row.memory or {}})


async def record_good(
    connection: AsyncConnection,
    name: str,
    *,
    counts: Mapping[str, int],
    memory: Mapping[str, Any],
    next_try: datetime | None,
    now: datetime,
) -> None:
    """Keep the outcome of a pass that told all it had to tell."""
    await _record(
        connection,
        name,
        {
            "first_load_done": True,
            "last_try": now,
            "last_good": now,
            "next_try": next_try,
            "error": None,
            "failures": 0,
            "is_wanted": False,
            "counts": dict(counts),
            "memory": dict(memory),
            "gone_for": None,
        },
    )


async def record_failed(
    connection: AsyncConnection,
    name: str,
    *,
    error: str,
    failures: int,
    next_try: datetime,
    gone_for: str | None,
    now: datetime,
) -> None:
    """Keep why a pass failed; what the last good one found, and its memory, stay."""
    await _record(
        connection,
        name,
        {
            "last_try": now,
            "error": error,
            "failures": failures,
            "is_wanted": False,
            "next_try": next_try,
            "gone_for": gone_for,
        },
    )


async def ask_soon(connection: AsyncConnection, name: str, now: datetime) -> None:
    """Let a source be asked at the next opportunity, whatever its schedule says."""
    await connection.execute(
        update(sources)
        .where(sources.c.name == name, sources.c.gone_for.is_(None))
        .values(next_try=now, is_wanted=True)
    )


async def raise_alarm(connection: AsyncConnection, name: str, alarm: str | None) -> None:
    """Keep why articles of a source are held; None when it is decided."""
    await _record(connection, name, {"alarm": alarm})


async def _record(connection: AsyncConnection, name: str, values: Mapping[str, object]) -> None:
    await connection.execute(
        insert_unless(connection, sources)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


async def refused(
    connection: AsyncConnection, source: str, places: Collection[str]
) -> dict[str, str]:
    """Map those of these places that were refused to the stamp that was."""
    rows = await connection.execute(
        select(rejections.c.origin, rejections.c.stamp).where(
            rejections.c.source == source, rejections.c.origin.in_(places)
        )
    )
    return {row.origin: row.stamp for row in rows}


async def reject(
    connection: AsyncConnection, source: str, rejected: Rejection, now: datetime
) -> bool:
    """Keep why an origin was refused, in place of what was kept of it; False if that is no news."""
    known: str | None = await connection.scalar(
        select(rejections.c.reason).where(
            rejections.c.source == source, rejections.c.origin == rejected.origin
        )
    )
    values = {"stamp": rejected.stamp, "reason": rejected.reason}
    await connection.execute(
        insert_unless(connection, rejections)
        .values(source=source, origin=rejected.origin, first_seen=now, **values)
        .on_conflict_do_update(index_elements=["source", "origin"], set_=values)
    )
    return known != rejected.reason


async def accept_again(connection: AsyncConnection, source: str, origins: Sequence[str]) -> None:
    """Forget the refusals of these origins."""
    await connection.execute(
        delete(rejections).where(rejections.c.source == source, rejections.c.origin.in_(origins))
    )


async def forget_missing_rejections(
    connection: AsyncConnection, source: str, present: Collection[str]
) -> None:
    """Forget the refusals of what is no longer there, ``present`` being those that were told."""
    rows = await connection.execute(
        select(rejections.c.origin).where(rejections.c.source == source)
    )
    gone = [origin for origin in rows.scalars() if origin not in present]
    for start in range(0, len(gone), _PAGE):
        await accept_again(connection, source, gone[start : start + _PAGE])


async def rejected(connection: AsyncConnection, source: str) -> list[Rejection]:
    """List what a source tells that cannot be published, by origin."""
    rows = await connection.execute(
        select(rejections).where(rejections.c.source == source).order_by(rejections.c.origin)
    )
    return [Rejection(origin=row.origin, stamp=row.stamp, reason=row.reason) for row in rows]
