"""Issues as lists show them: what each says by the rendition that stands for it.

Without the texts, so that a page of a list costs little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import ArticleState, Issue
from publisher.store.renditions import public
from publisher.store.tables import articles, rendition_articles, renditions


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An article that an issue told of, as it is now; ``newsletter`` is the one it came with."""

    id: int
    newsletter: str
    title: str
    state: ArticleState
    changed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """An issue, and the number, language and subject of its rendition, as they were frozen.

    ``told`` are the rendition's articles in order, those that have gone since among them.
    """

    issue: Issue
    rendition: int
    language: str
    subject: str
    frozen: datetime
    told: tuple[Told, ...]

    @property
    def live(self) -> tuple[Told, ...]:
        """The articles that everybody may still read."""
        return tuple(one for one in self.told if one.state is ArticleState.LIVE)

    @property
    def withdrawn(self) -> int:
        """How many articles nobody is to read any more."""
        return len(self.told) - len(self.live)

    @property
    def edited(self) -> datetime | None:
        """When its articles last became others than its readers got; None if they are the same."""
        return max((one.changed for one in self.told if one.changed > self.frozen), default=None)


async def of(connection: AsyncConnection, issues: Sequence[Issue], language: str) -> list[Face]:
    """Give the faces of issues in their order; one that was never composed has none."""
    by_id = {issue.id: issue for issue in issues}
    rows = await connection.execute(
        select(
            renditions.c.id,
            renditions.c.issue_id,
            renditions.c.language,
            renditions.c.subject,
            renditions.c.created,
        ).where(renditions.c.id.in_(public(by_id.keys(), language)))
    )
    found = {row.issue_id: row for row in rows}
    told = await _told(connection, [row.id for row in found.values()])
    return [
        Face(
            issue=issue,
            rendition=row.id,
            language=row.language,
            subject=row.subject,
            frozen=row.created,
            told=tuple(told[row.id]),
        )
        for issue in issues
        if (row := found.get(issue.id)) is not None
    ]


async def _told(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, list[Told]]:
    rows = await connection.execute(
        select(
            rendition_articles.c.rendition_id,
            rendition_articles.c.newsletter,
            articles.c.id,
            articles.c.title,
            articles.c.state,
            articles.c.changed,
        )
        .join(articles, articles.c.id == rendition_articles.c.article_id)
        .where(rendition_articles.c.rendition_id.in_(ids))
        .order_by(rendition_articles.c.rendition_id, rendition_articles.c.position)
    )
    told: dict[int, list[Told]] = {id: [] for id in ids}
    for row in rows:
        one = Told(
            id=row.id,
            newsletter=row.newsletter,
            title=row.title,
            state=ArticleState(row.state),
            changed=row.changed,
        )
        told[row.rendition_id].append(one)
    return told
