"""Renditions: what an issue says to one set of people, frozen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Any, TypeAlias

from sqlalchemy import Row, Select, case, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Rendition
from publisher.store.engine import insert_unless
from publisher.store.tables import rendition_articles, renditions

Parts: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]


async def add(connection: AsyncConnection, rendition: Rendition) -> int:
    """Freeze a rendition and give its id, or that of the one frozen before under its key."""
    known = select(renditions.c.id).where(
        renditions.c.newsletter == rendition.newsletter,
        renditions.c.issue_id == rendition.issue,
        renditions.c.key == rendition.key,
    )
    if (id := await connection.scalar(known)) is not None:
        return int(id)
    id = await connection.scalar(
        insert_unless(connection, renditions)
        .values(
            newsletter=rendition.newsletter,
            issue_id=rendition.issue,
            key=rendition.key,
            language=rendition.language,
            subject=rendition.subject,
            html=rendition.html,
            text=rendition.text,
            created=rendition.created,
        )
        .on_conflict_do_nothing(index_elements=["newsletter", "issue_id", "key"])
        .returning(renditions.c.id)
    )
    if id is None:  # another composer was faster
        return int((await connection.execute(known)).scalar_one())
    told = [(newsletter, article) for newsletter, ids in rendition.parts for article in ids]
    if told:
        await connection.execute(
            insert(rendition_articles),
            [
                {
                    "rendition_id": id,
                    "article_id": article,
                    "position": position,
                    "newsletter": newsletter,
                }
                for position, (newsletter, article) in enumerate(told)
            ],
        )
    return int(id)


async def drop(connection: AsyncConnection, issue: int) -> None:
    """Forget what was made of an issue that nobody is to get yet."""
    made = select(renditions.c.id).where(renditions.c.issue_id == issue)
    await connection.execute(
        delete(rendition_articles).where(rendition_articles.c.rendition_id.in_(made))
    )
    await connection.execute(delete(renditions).where(renditions.c.issue_id == issue))


async def get(connection: AsyncConnection, id: int) -> Rendition:
    """Give a rendition by its id. Renditions are never deleted while a delivery names them."""
    row = (await connection.execute(select(renditions).where(renditions.c.id == id))).one()
    return await _rendition(connection, row)


async def of_issue(connection: AsyncConnection, issue: int) -> dict[int, tuple[str, Parts]]:
    """Map the renditions of an issue to their language and parts (`publisher.model.Rendition`)."""
    rows = await connection.execute(
        select(
            renditions.c.id,
            renditions.c.language,
            rendition_articles.c.newsletter,
            rendition_articles.c.article_id,
        )
        .join(rendition_articles, rendition_articles.c.rendition_id == renditions.c.id)
        .where(renditions.c.issue_id == issue)
        .order_by(renditions.c.id, rendition_articles.c.position)
    )
    return {
        id: (language, _parts([row[2:] for row in told]))
        for (id, language), told in groupby(rows, key=lambda row: (row.id, row.language))
    }


def _parts(told: Iterable[Sequence[Any]]) -> Parts:
    """Put (newsletter, article) pairs together by newsletter."""
    return tuple(
        (newsletter, tuple(article for _, article in pairs))
        for newsletter, pairs in groupby(told, key=lambda pair: pair[0])
    )


async def largest(connection: AsyncConnection, issue: int, language: str = "") -> Rendition | None:
    """Give the rendition that everybody may read: see `public`."""
    id = await connection.scalar(public([issue], language))
    return None if id is None else await get(connection, id)


def public(issues: Collection[int], language: str) -> Select[int]:
    """Select the ids of the renditions that stand for these issues, one each.

    It is one in the language if there is any, without articles of other newsletters if there is
    any; of these the one with the most articles.
    """
    is_foreign = rendition_articles.c.newsletter != renditions.c.newsletter
    place = func.row_number().over(
        partition_by=renditions.c.issue_id,
        order_by=(
            case((renditions.c.language == language, 0), else_=1),
            func.max(case((is_foreign, 1), else_=0)),
            func.count(rendition_articles.c.article_id).desc(),
            renditions.c.id,
        ),
    )
    # Not of whole rows: grouping would compare their texts.
    placed = (
        select(renditions.c.id, place.label("place"))
        .join(rendition_articles, rendition_articles.c.rendition_id == renditions.c.id)
        .where(renditions.c.issue_id.in_(issues))
        .group_by(renditions.c.id)
        .subquery()
    )
    return select(placed.c.id).where(placed.c.place == 1)


async def _rendition(connection: AsyncConnection, row: Row[Any]) -> Rendition:
    told = await connection.execute(
        select(rendition_articles.c.newsletter, rendition_articles.c.article_id)
        .where(rendition_articles.c.rendition_id == row.id)
        .order_by(rendition_articles.c.position)
    )
    return Rendition(
        id=row.id,
        newsletter=row.newsletter,
        issue=row.issue_id,
        key=row.key,
        language=row.language,
        subject=row.subject,
        html=row.html,
        text=row.text,
        parts=_parts(told.all()),
        created=row.created,
    )
