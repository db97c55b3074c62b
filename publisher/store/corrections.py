"""Corrections of issues that have been sent: one an issue at most.

A correction goes out as an issue of its own without a number, so that the ledger counts, retries
and balances it like any other; it has no wave, since whom it is for the ledger knows already.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import DeliveryState, Issue, IssueState, Newsletter, SubscriptionState
from publisher.store import issues as occurrences
from publisher.store.suppressions import bars
from publisher.store.tables import (
    corrections,
    deliveries,
    issues,
    renditions,
    subscribers,
    subscriptions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What an issue should have said, in Markdown; ``sent_as`` is the issue that carries it."""

    issue: int
    sent_as: int
    note: str
    created: datetime


async def begin(
    connection: AsyncConnection, newsletter: Newsletter, issue: Issue, note: str, now: datetime
) -> Correction | None:
    """Make the correction of an issue, and the issue that carries it; None if it has one."""
    # One at a time: the issue is the door.
    await connection.execute(select(issues.c.id).where(issues.c.id == issue.id).with_for_update())
    if await of_issue(connection, issue.id) is not None:
        return None
    carrier = await occurrences.occur(
        connection,
        newsletter=issue.newsletter,
        cadence=issue.cadence,
        slot=newsletter.local_text(now),
        due=now,
        state=IssueState.OPEN,
        opens=now,
        approved=True,
        note=f"correction of issue {issue.id}",
        now=now,
    )
    await connection.execute(
        insert(corrections).values(
            issue_id=issue.id, sent_as=carrier.id, note=note, created=now, composed_to=0
        )
    )
    return await of_issue(connection, issue.id)


async def of_issue(connection: AsyncConnection, issue: int) -> Correction | None:
    """Give the correction of an issue, if it has one."""
    return await _one(connection, corrections.c.issue_id == issue)


async def carried_by(connection: AsyncConnection, issue: int) -> Correction | None:
    """Give the correction that an issue carries, if it is one that does."""
    return await _one(connection, corrections.c.sent_as == issue)


async def unfinished(connection: AsyncConnection, newsletter: str) -> list[Correction]:
    """List the corrections of a newsletter's issues that not everybody has a row for yet."""
    rows = await connection.execute(
        select(corrections)
        .join(issues, issues.c.id == corrections.c.sent_as)
        .where(
            issues.c.newsletter == newsletter,
            issues.c.state != IssueState.STOPPED,
            corrections.c.composed_to.is_not(None),
        )
    )
    return [_correction(row) for row in rows]


async def reached(connection: AsyncConnection, correction: Correction) -> int | None:
    """Give the person that making it resumes behind; None once everybody has a row."""
    found: int | None = await connection.scalar(
        select(corrections.c.composed_to).where(corrections.c.issue_id == correction.issue)
    )
    return found


def _reader(newsletter: ColumnElement[str], now: datetime) -> ColumnElement[bool]:
    """Say of a delivery whether its person reads the newsletter now, and may be mailed."""
    reads = exists().where(
        subscriptions.c.subscriber_id == deliveries.c.subscriber_id,
        subscriptions.c.newsletter == newsletter,
        subscriptions.c.state == SubscriptionState.ACTIVE,
        or_(subscriptions.c.paused_until.is_(None), subscriptions.c.paused_until <= now),
    )
    blocked = exists().where(
        subscribers.c.id == deliveries.c.subscriber_id,
        bars(subscribers.c.address_key, newsletter, now),
    )
    return reads & ~blocked


async def next_people(
    connection: AsyncConnection, issue: int, last: int, limit: int, now: datetime
) -> dict[int, int]:
    """Map the next people who have an issue to the rendition that they have, by their order."""
    rows = await connection.execute(
        select(deliveries.c.subscriber_id, deliveries.c.rendition_id)
        .where(
            deliveries.c.issue_id == issue,
            deliveries.c.state == DeliveryState.ACCEPTED,
            deliveries.c.subscriber_id > last,
            _reader(deliveries.c.newsletter, now),
        )
        .order_by(deliveries.c.subscriber_id)
        .limit(limit)
    )
    return {row.subscriber_id: row.rendition_id for row in rows}


async def wordings(connection: AsyncConnection, had: Collection[int]) -> dict[int, tuple[str, str]]:
    """Map renditions that people have to their language and subject."""
    rows = await connection.execute(
        select(renditions.c.id, renditions.c.language, renditions.c.subject).where(
            renditions.c.id.in_(had)
        )
    )
    return {row.id: (row.language, row.subject) for row in rows}


async def move_on(
    connection: AsyncConnection,
    correction: Correction,
    *,
    come_from: int,
    go_to: int | None,
    added: int,
) -> bool:
    """End a chunk: so many people more, and up to here, None for the end.

    False when somebody else has moved it meanwhile, or it was stopped: roll the chunk back.
    """
    moved = await connection.execute(
        update(corrections)
        .where(
            corrections.c.issue_id == correction.issue,
            corrections.c.composed_to == come_from,
        )
        .values(composed_to=go_to)
    )
    counted = await connection.execute(
        update(issues)
        .where(
            issues.c.id == correction.sent_as,
            issues.c.state.in_((IssueState.OPEN, IssueState.PAUSED)),
        )
        .values(audience=issues.c.audience + added)
    )
    return moved.rowcount == 1 and counted.rowcount == 1


async def _one(connection: AsyncConnection, condition: ColumnElement[bool]) -> Correction | None:
    row = (await connection.execute(select(corrections).where(condition))).one_or_none()
    return None if row is None else _correction(row)


def _correction(row: Row[Any]) -> Correction:
    return Correction(issue=row.issue_id, sent_as=row.sent_as, note=row.note, created=row.created)
