"""Taking back what an issue has not yet begun to send."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import DeliveryState, IssueState
from publisher.store import edits
from publisher.store.tables import (
    articles,
    deliveries,
    issues,
    rendition_articles,
    renditions,
    subscribers,
    subscriptions,
)

STOPPED = "issue stopped"


async def skip_pending(connection: AsyncConnection, issue: int, reason: str, now: datetime) -> int:
    """Skip what an issue has not yet begun to send; give how many rows that were.

    Their people are considered for its articles again. Rows that a worker writes at this moment
    are passed over: to wait for one while it waits for another of ours would be a deadlock. They
    are begun, or found by `skip_left_over`.
    """
    of_it = deliveries.c.issue_id == issue
    pending = (
        select(deliveries.c.id)
        .where(of_it, deliveries.c.state == DeliveryState.PENDING)
        .with_for_update(skip_locked=True)
        .cte()
    )
    skipped = await connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(select(pending.c.id)))
        .values(state=DeliveryState.SKIPPED, reply=reason, settled=now)
    )
    await consider_again(
        connection,
        of_it & (deliveries.c.state == DeliveryState.SKIPPED) & (deliveries.c.settled == now),
    )
    return skipped.rowcount


async def consider_again(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Let the people of rows that were skipped be considered again for what is in them.

    The cover of each goes back to before the oldest of these; so does that of the newsletters
    that they read already when it came, which may have left it out for being on its way.
    """
    # Who locks rows of the ledger and people does it in this order, and people by id.
    theirs = select(deliveries.c.subscriber_id).where(which)
    await connection.execute(
        select(subscribers.c.id)
        .where(subscribers.c.id.in_(theirs))
        .order_by(subscribers.c.id)
        .with_for_update()
    )
    lost = await connection.execute(
        select(
            rendition_articles.c.rendition_id,
            rendition_articles.c.newsletter,
            func.min(articles.c.eligible).label("oldest"),
        )
        .join(articles, articles.c.id == rendition_articles.c.article_id)
        .join(renditions, renditions.c.id == rendition_articles.c.rendition_id)
        .where(
            rendition_articles.c.rendition_id.in_(select(deliveries.c.rendition_id).where(which)),
            articles.c.eligible.is_not(None),
            # What was put in by hand may be old; it is put into the next issue by hand as well.
            articles.c.id.not_in(edits.included(renditions.c.issue_id)),
        )
        .group_by(rendition_articles.c.rendition_id, rendition_articles.c.newsletter)
    )
    for row in lost.all():
        before = row.oldest - timedelta(microseconds=1)
        await connection.execute(
            update(subscriptions)
            .where(
                or_(
                    subscriptions.c.newsletter == row.newsletter,
                    subscriptions.c.confirmed <= row.oldest,
                ),
                subscriptions.c.covered > before,
                subscriptions.c.subscriber_id.in_(
                    theirs.where(deliveries.c.rendition_id == row.rendition_id)
                ),
            )
            .values(covered=before)
        )


async def skip_left_over(
    connection: AsyncConnection, newsletters: Collection[str], now: datetime
) -> None:
    """Skip what came back to a stopped issue: refused for now, or in doubt and to be resent."""
    found = await connection.execute(
        select(deliveries.c.issue_id)
        .join(issues, issues.c.id == deliveries.c.issue_id)
        .where(
            issues.c.state == IssueState.STOPPED,
            issues.c.newsletter.in_(newsletters),
            deliveries.c.state == DeliveryState.PENDING,
        )
        .distinct()
    )
    for issue in found.scalars().all():
        await skip_pending(connection, issue, STOPPED, now)
