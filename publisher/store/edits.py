"""What editors have decided about issues: about one, or about the next one of a cadence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Edits, Issue, IssueState
from publisher.store import issues as occurrences
from publisher.store import renditions as frozen
from publisher.store.tables import (
    edited_articles,
    edits,
    issues,
    rendition_articles,
    renditions,
    waves,
)

_OPEN = (issues.c.state == IssueState.HELD, issues.c.audience == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which issue is meant; ``issue`` is None for the next one of the cadence."""

    newsletter: str
    cadence: str
    issue: int | None = None

    @classmethod
    def one(cls, issue: Issue) -> About:
        """Mean an issue that is there."""
        return cls(newsletter=issue.newsletter, cadence=issue.cadence, issue=issue.id)

    @property
    def next(self) -> About:
        """The next issue of the cadence."""
        return replace(self, issue=None)

    @property
    def condition(self) -> ColumnElement[bool]:
        """Ask for its row."""
        if self.issue is not None:
            return edits.c.issue_id == self.issue
        return (
            (edits.c.newsletter == self.newsletter)
            & (edits.c.cadence == self.cadence)
            & edits.c.issue_id.is_(None)
        )


async def get(connection: AsyncConnection, about: About) -> Edits | None:
    """Give what has been decided about an issue; None if nothing has."""
    row = (await connection.execute(select(edits).where(about.condition))).one_or_none()
    if row is None:
        return None
    chosen = (
        await connection.execute(
            select(edited_articles)
            .where(edited_articles.c.edits_id == row.id)
            .order_by(edited_articles.c.place, edited_articles.c.article_id)
        )
    ).all()
    return Edits(
        included=tuple(each.article_id for each in chosen if each.included),
        excluded=tuple(each.article_id for each in chosen if each.excluded),
        first=tuple(each.article_id for each in chosen if each.place is not None),
        intro=row.intro,
        from_file=row.from_file,
    )


async def put(connection: AsyncConnection, about: About, decided: Edits, now: datetime) -> None:
    """Keep this about an issue, in place of what was decided before.

    What was rendered of it is forgotten, unless somebody is to get it.
    """
    if about.issue is not None and await is_open(connection, about.issue):
        await frozen.drop(connection, about.issue)
    ours = select(edits.c.id).where(about.condition)
    await connection.execute(delete(edited_articles).where(edited_articles.c.edits_id.in_(ours)))
    await connection.execute(delete(edits).where(about.condition))
    if decided == Edits():
        return
    result = await connection.execute(
        insert(edits).values(
            newsletter=about.newsletter,
            cadence=about.cadence,
            issue_id=about.issue,
            intro=decided.intro,
            from_file=decided.from_file,
            changed=now,
        )
    )
    assert result.inserted_primary_key is not None  # noqa: S101 -- an insert always has one
    places = {article: place for place, article in enumerate(decided.first)}
    chosen = dict.fromkeys([*decided.included, *decided.excluded, *decided.first])
    if chosen:
        await connection.execute(
            insert(edited_articles),
            [
                {
                    "edits_id": result.inserted_primary_key[0],
                    "article_id": article,
                    "included": article in decided.included,
                    "excluded": article in decided.excluded,
                    "place": places.get(article),
                }
                for article in chosen
            ],
        )


async def take(connection: AsyncConnection, issue: Issue) -> None:
    """Let an issue be the next one, unless something has been decided about it already."""
    about = About.one(issue)
    same = select(edits.c.id).where(about.condition)
    if (await connection.execute(same)).first() is None:
        await connection.execute(
            update(edits).where(about.next.condition).values(issue_id=issue.id)
        )


async def give_back(connection: AsyncConnection, issue: Issue, now: datetime) -> None:
    """Keep for the next one what was decided about an issue that is empty or stopped.

    What has been decided about that one meanwhile goes before. What a file held is not kept: it
    is read again. A stopped issue has its own still, as some readers may have it; one whose
    readers all have it in another newsletter's mail is not empty.
    """
    about = About.one(issue)
    lost = await get(connection, about)
    if lost is None or await connection.scalar(select(_merged(issue).exists())):
        return
    kept = await get(connection, about.next) or Edits()
    settled = {*kept.included, *kept.excluded}
    merged = Edits(
        included=(*kept.included, *(one for one in lost.included if one not in settled)),
        excluded=(*kept.excluded, *(one for one in lost.excluded if one not in settled)),
        first=kept.first or tuple(one for one in lost.first if one not in kept.excluded),
        intro=kept.intro or lost.intro,
    )
    await put(connection, about.next, merged, now)
    if issue.state is IssueState.EMPTY:  # it may get readers yet
        await put(connection, about, Edits(), now)


async def lock(connection: AsyncConnection, issue: int | None) -> None:
    """Let nobody else edit an issue, or freeze anything of it, until this is over."""
    await connection.execute(
        select(issues.c.id).where(issues.c.id == issue).with_for_update(key_share=True)
    )


async def is_open(connection: AsyncConnection, issue: int) -> bool:
    """Say whether nobody is to get what an issue says yet, so that it may say something else."""
    return (
        await connection.scalar(select(issues.c.id).where(issues.c.id == issue, *_OPEN)) is not None
    )


async def coming(connection: AsyncConnection, newsletter: str, cadence: str) -> int | None:
    """Give the issue of a cadence that is held and will be made next; None if none waits."""
    found: int | None = await connection.scalar(
        select(func.min(issues.c.id)).where(
            issues.c.newsletter == newsletter, issues.c.cadence == cadence, *_OPEN
        )
    )
    return found


async def was_printed(connection: AsyncConnection, about: About, text: str) -> bool:
    """Say whether another issue of the cadence has printed this out of the newsletter's file.

    One that was stopped does not count: most of its readers never saw it.
    """
    query = (
        select(edits.c.id)
        .join(issues, issues.c.id == edits.c.issue_id)
        .where(
            edits.c.newsletter == about.newsletter,
            edits.c.cadence == about.cadence,
            edits.c.from_file == text,
            issues.c.id != (about.issue or 0),
            issues.c.state != IssueState.STOPPED,
        )
        .limit(1)
    )
    return (await connection.execute(query)).first() is not None


def _merged(issue: Issue) -> Select[int]:
    """Select what mails of other newsletters carry of an issue that is due when they are."""
    meeting = select(waves.c.issue_id).where(
        waves.c.due.in_(select(waves.c.due).where(waves.c.issue_id == issue.id))
    )
    return (
        select(renditions.c.id)
        .join(rendition_articles, rendition_articles.c.rendition_id == renditions.c.id)
        .where(
            renditions.c.issue_id.in_(meeting),
            renditions.c.newsletter != issue.newsletter,
            rendition_articles.c.newsletter == issue.newsletter,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an editor decided about an article in an issue, which is None if it is yet to come."""

    issue: Issue | None
    is_included: bool
    is_excluded: bool


async def about_article(
    connection: AsyncConnection, article: int, newsletter: str, cadence: str
) -> list[Decision]:
    """List what was decided about an article in the issues of a cadence, the newest first."""
    rows = await connection.execute(
        select(edits.c.issue_id, edited_articles.c.included, edited_articles.c.excluded)
        .join(edited_articles, edited_articles.c.edits_id == edits.c.id)
        .where(
            edited_articles.c.article_id == article,
            edits.c.newsletter == newsletter,
            edits.c.cadence == cadence,
        )
        .order_by(edits.c.id.desc())
    )
    found = []
    for row in rows.all():
        issue = None if row.issue_id is None else await occurrences.get(connection, row.issue_id)
        found.append(
            Decision(
                issue=None if issue is not None and issue.state is IssueState.HELD else issue,
                is_included=row.included,
                is_excluded=row.excluded,
            )
        )
    return found


def included(issue: ColumnElement[int | None]) -> Select[int]:
    """Select the articles that an editor put into an issue, named by a column of the query."""
    return (
        select(edited_articles.c.article_id)
        .join(edits, edits.c.id == edited_articles.c.edits_id)
        .where(edits.c.issue_id == issue, edited_articles.c.included)
    )
