"""The making of an issue: whom it is for, its renditions, and one ledger row a recipient.

An issue is composed in chunks, each one transaction that moves the issue's ``composed_to``
from a known value: a crash resumes behind the last chunk, and of two composers one finds the
value moved and gives way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import (
    Article,
    DeliveryState,
    Issue,
    IssueState,
    Lane,
    Newsletter,
    SubscriptionState,
)
from publisher.store import arrivals
from publisher.store.articles import eligible_between
from publisher.store.tables import (
    cadences,
    deliveries,
    issues,
    rendition_articles,
    subscribers,
    subscriptions,
    suppressions,
)

_MOST_CANDIDATES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One person of an issue's audience. ``covered`` is up to where articles were considered."""

    subscription: int
    subscriber: int
    covered: datetime | None


async def begin(connection: AsyncConnection, issue: int, now: datetime) -> bool:
    """Fix the cut of a held issue, once; False if it is not held."""
    await arrivals.take_turn(connection)
    result = await connection.execute(
        update(issues)
        .where(issues.c.id == issue, issues.c.state == IssueState.HELD)
        .values(cut=func.coalesce(issues.c.cut, now))
    )
    return result.rowcount == 1


async def reached(connection: AsyncConnection, issue: int) -> int:
    """Give the person that composing resumes behind."""
    query = select(issues.c.composed_to).where(issues.c.id == issue)
    return int((await connection.execute(query)).scalar_one())


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


async def finish(connection: AsyncConnection, issue: int) -> bool:
    """Open a composed issue, or mark it empty if it has no recipient; False if it is not held."""
    nobody = issues.c.audience == 0
    result = await connection.execute(
        update(issues)
        .where(issues.c.id == issue, issues.c.state == IssueState.HELD)
        .values(
            state=case((nobody, IssueState.EMPTY), else_=IssueState.OPEN),
            note="",
        )
    )
    return result.rowcount == 1


def _cover(*, is_instant: bool) -> ColumnElement[datetime | None]:
    """Say up to where articles are behind a person.

    Who was never considered begins with every article, but in instant mails, which tell of
    what is new, with those that came since the person did.
    """
    if is_instant:
        return func.coalesce(subscriptions.c.covered, subscriptions.c.confirmed)
    return subscriptions.c.covered


async def oldest_cover(
    connection: AsyncConnection, newsletter: str, cadence: str, *, is_instant: bool = False
) -> tuple[bool, datetime | None]:
    """Say whether a cadence has any active reader, and how far back one of them looks.

    The instant is None when every article counts for somebody.
    """
    cover = _cover(is_instant=is_instant)
    row = (
        await connection.execute(
            select(
                func.count().label("people"),
                func.count(cover).label("considered"),
                func.min(cover).label("oldest"),
            )
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .outerjoin(suppressions, suppressions.c.address_key == subscribers.c.address_key)
            .where(
                subscriptions.c.newsletter == newsletter,
                subscriptions.c.cadence == cadence,
                subscriptions.c.state == SubscriptionState.ACTIVE,
                suppressions.c.address_key.is_(None),
            )
        )
    ).one()
    return row.people > 0, row.oldest if row.people == row.considered else None


async def candidates(
    connection: AsyncConnection, newsletter: Newsletter, after: datetime | None, until: datetime
) -> list[Article]:
    """Give the articles of a newsletter that became eligible in (after, until], newest first.

    At most as many as a mail could sensibly tell of: who was never considered before is not
    told of a whole archive.
    """
    chosen: list[Article] = []
    async with aclosing(eligible_between(connection, after, until, newsletter.select)) as found:
        async for article in found:
            chosen.append(article)
            if len(chosen) == max(_MOST_CANDIDATES, newsletter.max_articles):
                break
    return chosen


async def next_readers(
    connection: AsyncConnection, issue: Issue, after: int, limit: int, *, is_instant: bool
) -> list[Reader]:
    """Give the next people of an audience by id, and lock them till the transaction ends.

    The lock is on the person, so that two issues being composed at once (other cadence, other
    newsletter) judge the same person one after the other and see each other's rows.
    Suppressed addresses are no audience.
    """
    rows = await connection.execute(
        select(
            subscriptions.c.id,
            subscriptions.c.subscriber_id,
            _cover(is_instant=is_instant).label("cover"),
        )
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .outerjoin(suppressions, suppressions.c.address_key == subscribers.c.address_key)
        .where(
            subscriptions.c.newsletter == issue.newsletter,
            subscriptions.c.cadence == issue.cadence,
            subscriptions.c.state == SubscriptionState.ACTIVE,
            subscriptions.c.subscriber_id > after,
            suppressions.c.address_key.is_(None),
        )
        .order_by(subscriptions.c.subscriber_id)
        .limit(limit)
        .with_for_update(of=[subscribers, subscriptions])
    )
    return [
        Reader(subscription=row.id, subscriber=row.subscriber_id, covered=row.cover) for row in rows
    ]


async def received(
    connection: AsyncConnection, people: Sequence[int], article_ids: Sequence[int]
) -> dict[int, frozenset[int]]:
    """Map each of these people to those of these articles that the ledger says they have had.

    A row counts whatever became of it, unless it was skipped without ever being in doubt: what
    failed may be tried again by hand, and what was in doubt may have arrived.
    """
    if not article_ids:
        return {}
    # Two short lists, joined here: a row each for a person and an article would be millions.
    # The renditions are named by a query, since their number knows no bound.
    carrying = select(rendition_articles.c.rendition_id).where(
        rendition_articles.c.article_id.in_(article_ids)
    )
    theirs = [
        (row.subscriber_id, row.rendition_id)
        for row in await connection.execute(
            select(deliveries.c.subscriber_id, deliveries.c.rendition_id).where(
                deliveries.c.subscriber_id.in_(people),
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
            rendition_articles.c.article_id.in_(article_ids),
            rendition_articles.c.rendition_id.in_({rendition for _, rendition in theirs}),
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
    await connection.execute(
        insert(deliveries),
        [
            {
                "lane": lane,
                "newsletter": newsletter,
                "issue_id": issue,
                "rendition_id": rendition,
                "subscriber_id": subscriber,
                "state": DeliveryState.PENDING,
                "due": due,
                "created": now,
            }
            for subscriber, rendition in rendition_of.items()
        ],
    )


async def composed(
    connection: AsyncConnection,
    issue: int,
    *,
    come_from: int,
    go_to: int,
    added: int,
    considered: Sequence[int],
    cut: datetime,
) -> bool:
    """End a chunk: move the issue on; these subscriptions were considered up to the cut.

    False when another composer has moved the issue meanwhile: roll the chunk back.
    """
    moved = await connection.execute(
        update(issues)
        .where(
            issues.c.id == issue,
            issues.c.composed_to == come_from,
            issues.c.state == IssueState.HELD,
        )
        .values(composed_to=go_to, audience=issues.c.audience + added)
    )
    if moved.rowcount != 1:
        return False
    await connection.execute(
        update(subscriptions).where(subscriptions.c.id.in_(considered)).values(covered=cut)
    )
    return True
