"""The making of an issue: what there is for whom, what they have had, and a ledger row for each.

A wave is composed in chunks, each one transaction that moves the wave's ``composed_to``
(`publisher.store.waves`) from a known value: a crash resumes behind the last chunk, and of two
composers one finds the value moved and gives way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import (
    Article,
    DeliveryState,
    Issue,
    Lane,
    Newsletter,
    Topic,
)
from publisher.store import bulk, terms
from publisher.store.articles import eligible_between
from publisher.store.tables import (
    articles,
    cadences,
    deliveries,
    issues,
    rendition_articles,
)

_MOST_CANDIDATES = 200


async def give_number(connection: AsyncConnection, issue: Issue) -> None:
    """Number an issue that is found to have a recipient, so that empty ones leave no gap."""
    # One at a time: the cadences of the newsletter are the door.
    await connection.execute(
        select(cadences.c.cadence)
        .where(cadences.c.newsletter == issue.newsletter)
        .order_by(cadences.c.cadence)
        .with_for_update()
    )
    next_number = (
        select(func.coalesce(func.max(issues.c.number), 0) + 1)
        .where(issues.c.newsletter == issue.newsletter)
        .scalar_subquery()
    )
    await connection.execute(
        update(issues)
        .where(issues.c.id == issue.id, issues.c.number.is_(None))
        .values(number=next_number)
    )


async def candidates(
    connection: AsyncConnection, newsletter: Newsletter, after: datetime | None, until: datetime
) -> list[Article]:
    """Give the articles of a newsletter that became eligible in (after, until], the last first.

    At most as many as a mail could sensibly tell of: who was never considered before is not
    told of a whole archive. By date an article that is dated back would fall out for everybody
    when one reader looks far back.
    """
    chosen: list[Article] = []
    async with aclosing(eligible_between(connection, after, until, newsletter.select)) as found:
        async for article in found:
            chosen.append(article)
            if len(chosen) == max(_MOST_CANDIDATES, newsletter.max_articles):
                break
    return chosen


async def topics_of(
    connection: AsyncConnection, topics: Sequence[Topic], article_ids: Collection[int]
) -> dict[int, frozenset[str]]:
    """Map each of these articles to the slugs of the topics that it belongs to."""
    found: dict[int, frozenset[str]] = dict.fromkeys(article_ids, frozenset())
    for topic in topics:
        rows = await connection.execute(
            select(articles.c.id).where(articles.c.id.in_(article_ids), *terms.chosen(topic.select))
        )
        for id in rows.scalars():
            found[id] |= {topic.slug}
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose mails count for a newsletter: its own alone, or those of all but these."""

    only: str | None = None
    but: frozenset[str] = frozenset()

    def covers(self, newsletter: ColumnElement[str]) -> ColumnElement[bool]:
        """Say whether what a newsletter told counts."""
        return newsletter == self.only if self.only else newsletter.not_in(self.but)


async def received(
    connection: AsyncConnection,
    people: Collection[int],
    article_ids: Collection[int],
    account: Account,
) -> dict[int, frozenset[int]]:
    """Map each of these people to those of these articles that the ledger says they have had.

    A row counts whatever became of it, unless it was skipped without ever being in doubt: what
    failed may be tried again by hand, and what was in doubt may have arrived.
    """
    if not article_ids:
        return {}
    # Two short lists, joined here: a row each for a person and an article would be millions.
    # The renditions are named by a query, since their number knows no bound.
    told = rendition_articles.c.article_id.in_(article_ids) & account.covers(
        rendition_articles.c.newsletter
    )
    carrying = select(rendition_articles.c.rendition_id).where(told)
    theirs = [
        (row.subscriber_id, row.rendition_id)
        for row in await connection.execute(
            select(deliveries.c.subscriber_id, deliveries.c.rendition_id).where(
                bulk.among(connection, deliveries.c.subscriber_id, people),
                deliveries.c.rendition_id.in_(carrying),
                or_(deliveries.c.state != DeliveryState.SKIPPED, deliveries.c.doubted),
            )
        )
    ]
    if not theirs:
        return {}
    carried: dict[int, set[int]] = {}
    for row in await connection.execute(
        select(rendition_articles.c.rendition_id, rendition_articles.c.article_id).where(
            told, rendition_articles.c.rendition_id.in_({rendition for _, rendition in theirs})
        )
    ):
        carried.setdefault(row.rendition_id, set()).add(row.article_id)
    had: dict[int, frozenset[int]] = {}
    for subscriber, rendition in theirs:
        had[subscriber] = had.get(subscriber, frozenset()) | carried[rendition]
    return had


async def add_deliveries(
    connection: AsyncConnection,
    *,
    lane: Lane,
    newsletter: str,
    issue: int | None,
    rendition_of: Mapping[int, int],
    due: datetime,
    now: datetime,
) -> None:
    """Insert a pending row for each person, with their rendition."""
    if not rendition_of:
        return
    people = bulk.pairs(connection, rendition_of)
    same = {
        "lane": lane,
        "newsletter": newsletter,
        "issue_id": issue,
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "deferrals": 0,
        "due": due,
        "doubted": False,
        "reply": "",
        "created": now,
    }
    await connection.execute(
        insert(deliveries).from_select(
            ["subscriber_id", "rendition_id", *same],
            select(
                people.c.key,
                people.c.value,
                *(literal(value, deliveries.c[name].type) for name, value in same.items()),
            ),
        )
    )
