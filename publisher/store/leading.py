"""Which origin an article takes its content from: origins go, and others lead in their place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, exists, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import ArticleState
from publisher.store.origins import leads
from publisher.store.tables import articles, origins


async def go(connection: AsyncConnection, gone: Sequence[int], now: datetime) -> int:
    """Mark origins as gone; give how many articles have lost their last one and are withdrawn.

    An article that has another keeps its content, and takes its edits from that one.
    """
    if not gone:
        return 0
    await connection.execute(
        update(origins).where(origins.c.id.in_(gone)).values(gone=True, stamp="")
    )
    affected = select(origins.c.article_id).where(origins.c.id.in_(gone))
    left = exists().where(origins.c.article_id == articles.c.id, not_(origins.c.gone))
    withdrawn = await connection.execute(
        update(articles)
        .where(articles.c.id.in_(affected), articles.c.state != ArticleState.WITHDRAWN, ~left)
        .values(state=ArticleState.WITHDRAWN, changed=now)
    )
    next_one = (
        select(origins.c.id)
        .where(origins.c.article_id == articles.c.id, not_(origins.c.gone))
        .order_by(origins.c.id)
        .limit(1)
        .scalar_subquery()
    )
    leader_went = exists().where(origins.c.article_id == articles.c.id, leads, origins.c.gone)
    heirs = await connection.execute(
        select(articles.c.id, next_one.label("heir")).where(
            articles.c.id.in_(affected), leader_went, left
        )
    )
    for row in heirs.all():
        await lead(connection, row.heir)
    return withdrawn.rowcount


async def leave_places(
    connection: AsyncConnection, source: str, newer: Sequence[int], now: datetime
) -> None:
    """Mark as gone what stood where these newer origins now stand, under another guid."""
    mine, older = origins.alias("mine"), origins.alias("older")
    rows = await connection.execute(
        select(older.c.id)
        .join(mine, and_(mine.c.source == older.c.source, mine.c.origin == older.c.origin))
        .where(
            mine.c.source == source,
            mine.c.id.in_(newer),
            older.c.id < mine.c.id,
            not_(older.c.gone),
        )
    )
    await go(connection, list(rows.scalars()), now)


async def lead(connection: AsyncConnection, origin: int) -> None:
    """Let an article take its content from this origin from now on."""
    row = (
        await connection.execute(
            select(origins.c.source, origins.c.guid, origins.c.article_id).where(
                origins.c.id == origin
            )
        )
    ).one()
    await connection.execute(
        update(articles)
        .where(articles.c.id == row.article_id)
        .values(source=row.source, guid=row.guid)
    )


async def hand_over(connection: AsyncConnection, article: int, to: int) -> None:
    """Make the origins of an article those of another one."""
    await connection.execute(
        update(origins).where(origins.c.article_id == article).values(article_id=to)
    )
