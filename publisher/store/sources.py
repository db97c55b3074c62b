"""What is known of each source: how its last passes went, and what it tells that is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import ArticleState, Rejection
from publisher.store.engine import insert_unless
from publisher.store.tables import articles, rejections, sources

_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How a source fares. ``error`` is why its last pass failed; None if it did not."""

    name: str
    first_load_done: bool = False
    last_try: datetime | None = None
    last_good: datetime | None = None
    error: str | None = None
    counts: Mapping[str, int]


async def status(connection: AsyncConnection, name: str) -> SourceStatus:
    """Give the status of a source; that of one never tried is empty."""
    row = (await connection.execute(select(sources).where(sources.c.name == name))).one_or_none()
    if row is None:
        return SourceStatus(name=name, counts={})
    return SourceStatus(
        name=row.name,
        first_load_done=row.first_load_done,
        last_try=row.last_try,
        last_good=row.last_good,
        error=row.error,
        counts=row.counts,
    )


async def record_good(
    connection: AsyncConnection, name: str, counts: Mapping[str, int], now: datetime
) -> None:
    """Keep the outcome of a pass that told all it had to tell."""
    await _record(
        connection,
        name,
        {
            "first_load_done": True,
            "last_try": now,
            "last_good": now,
            "error": None,
            "counts": dict(counts),
        },
    )


async def record_failed(connection: AsyncConnection, name: str, error: str, now: datetime) -> None:
    """Keep why a pass failed; what the last good one found stays."""
    await _record(connection, name, {"last_try": now, "error": error})


async def _record(connection: AsyncConnection, name: str, values: Mapping[str, object]) -> None:
    await connection.execute(
        insert_unless(connection, sources)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


async def stamps(connection: AsyncConnection, source: str) -> dict[str, str]:
    """Map each origin taken in or refused to its stamp.

    An article that was withdrawn because its origin had gone is not among them: should it be
    told again, it comes back.
    """
    taken = select(articles.c.origin, articles.c.stamp).where(
        articles.c.source == source,
        or_(articles.c.state != ArticleState.WITHDRAWN, articles.c.by_hand),
    )
    refused = select(rejections.c.origin, rejections.c.stamp).where(rejections.c.source == source)
    # What was refused last is what stands there, even where an earlier state is published.
    return {
        row.origin: row.stamp
        for query in (taken, refused)
        for row in await connection.execute(query)
    }


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
    """Forget the refusals of what is no longer there."""
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
