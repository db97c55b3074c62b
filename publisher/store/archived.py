"""What has fallen out of feeds, in the order in which it did: the pages of archives (RFC 5005)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import ArticleState, Selection
from publisher.store import terms
from publisher.store.articles import DATED, Mark
from publisher.store.tables import archived, articles


async def extend(
    connection: AsyncConnection,
    feed: str,
    selection: Selection,
    now: datetime,
    *,
    shown: Collection[int],
) -> None:
    """Put into a feed's archive whatever is neither there nor shown in its document.

    Of what goes there at once, the oldest first.
    """
    last = await count(connection, feed)
    position = func.row_number().over(order_by=(DATED.element, articles.c.id)) + last
    there = select(archived.c.article_id).where(archived.c.feed == feed)
    await connection.execute(
        insert(archived).from_select(
            ["feed", "position", "article_id"],
            select(literal(feed), position, articles.c.id).where(
                articles.c.state == ArticleState.LIVE,
                DATED.element <= now,
                articles.c.id.not_in(shown),
                articles.c.id.not_in(there),
                *terms.chosen(selection),
            ),
        )
    )


async def count(connection: AsyncConnection, feed: str) -> int:
    """Say how many positions a feed's archive has."""
    return int(
        await connection.scalar(
            select(func.max(archived.c.position)).where(archived.c.feed == feed)
        )
        or 0
    )


async def page(
    connection: AsyncConnection,
    feed: str,
    selection: Selection,
    now: datetime,
    *,
    first: int,
    last: int,
) -> list[Mark]:
    """Give the marks of what is shown of these positions, the last one first.

    What is not selected any more is not shown: the selection or the article may have changed.
    """
    rows = await connection.execute(
        select(articles.c.id, articles.c.changed, DATED)
        .join(archived, archived.c.article_id == articles.c.id)
        .where(
            archived.c.feed == feed,
            archived.c.position.between(first, last),
            articles.c.state == ArticleState.LIVE,
            DATED.element <= now,
            *terms.chosen(selection),
        )
        .order_by(archived.c.position.desc())
    )
    return [Mark(id=row.id, changed=row.changed, dated=row.dated) for row in rows]
