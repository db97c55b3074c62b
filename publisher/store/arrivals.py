"""From when an article counts as new, so that every issue either considers it or comes before it.

An issue considers what became eligible up to its cut. That loses nothing only if nothing
becomes eligible behind a cut that was made: so articles arrive, and cuts are made, one
transaction at a time, and what arrives does so after every cut, whatever the clock says
(it may have been set back, or another machine's may be ahead).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.store.tables import articles, rendition_articles, waves

# Any number that nothing else in the database locks.
_TURN = 1885565442


async def take_turn(connection: AsyncConnection) -> None:
    """Wait until no other transaction brings articles in or makes a cut, and hold the others off.

    On SQLite every writing transaction does so by itself.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(_TURN)))


async def instant(connection: AsyncConnection, now: datetime) -> datetime:
    """Take a turn and give the instant at which articles arrive: now, or after the last cut."""
    await take_turn(connection)
    last: datetime | None = await connection.scalar(select(func.max(waves.c.cut)))
    return now if last is None or last < now else last + timedelta(microseconds=1)


async def release_backlog(
    connection: AsyncConnection, source: str, newest: int, arrived: datetime
) -> None:
    """Let the newest articles of a source's backlog be mailed."""
    dated = func.coalesce(articles.c.published, articles.c.first_seen)
    chosen = (
        select(articles.c.id)
        .where(articles.c.source == source, articles.c.eligible.is_(None))
        .order_by(dated.desc(), articles.c.id.desc())
        .limit(newest)
    )
    await connection.execute(
        update(articles).where(articles.c.id.in_(chosen)).values(eligible=arrived)
    )


async def come_back(connection: AsyncConnection, article: int, arrived: datetime) -> None:
    """Let an article that is live again be new, unless it has had its turn in an issue."""
    await connection.execute(
        update(articles)
        .where(
            articles.c.id == article,
            articles.c.eligible < arrived,
            ~exists().where(rendition_articles.c.article_id == articles.c.id),
        )
        .values(eligible=arrived)
    )
