"""The pages that a site map lists: issues, and articles that have their page here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import ArticleState
from publisher.store.articles import DATED
from publisher.store.issues import are_out
from publisher.store.tables import articles, issues


async def count_articles(connection: AsyncConnection, now: datetime) -> int:
    """Count the articles whose page is here and whose time has come."""
    query = select(func.count()).select_from(articles).where(*_here(now))
    return int(await connection.scalar(query) or 0)


async def of_issues(
    connection: AsyncConnection, newsletters: Collection[str], *, offset: int, limit: int
) -> list[tuple[str, int, datetime]]:
    """Give newsletter, number and opening of issues that everybody may read, the oldest first."""
    query = select(issues.c.newsletter, issues.c.number, issues.c.opens).where(
        *are_out(newsletters)
    )
    rows = await connection.execute(query.order_by(issues.c.id).offset(offset).limit(limit))
    return [(row.newsletter, row.number, row.opens) for row in rows]


async def of_articles(
    connection: AsyncConnection, now: datetime, *, offset: int, limit: int
) -> list[tuple[str, datetime]]:
    """Give slug and last change of articles whose page is here, those first that came first."""
    query = select(articles.c.slug, articles.c.changed).where(*_here(now))
    rows = await connection.execute(query.order_by(articles.c.id).offset(offset).limit(limit))
    return [(row.slug, row.changed) for row in rows]


def _here(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        articles.c.state == ArticleState.LIVE,
        articles.c.url.is_(None),
        DATED.element <= now,
    )
