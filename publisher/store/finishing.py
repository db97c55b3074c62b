"""What a send comes to, told to other programs: mails that failed, issues that are finished.

Mails that are accepted are told to nobody: there are too many of them to slow each down. They
stand in the ledger.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import DeliveryState, Event, EventKind, IssueState, Lane, WaveState
from publisher.store import events
from publisher.store import issues as occurrences
from publisher.store.tables import corrections, deliveries, issues, subscribers, waves


def tell_failed(connection: Connection, which: ColumnElement[bool], at: datetime) -> None:
    """Tell of those of these deliveries that this transaction has set down as failed."""
    rows = connection.execute(
        select(
            deliveries.c.newsletter,
            deliveries.c.issue_id,
            deliveries.c.subscriber_id,
            deliveries.c.lane,
            deliveries.c.reply,
            subscribers.c.mailbox,
        )
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(
            which,
            deliveries.c.state == DeliveryState.FAILED,
            # What was fenced off failed before, if it did.
            deliveries.c.settled == at,
        )
        .order_by(deliveries.c.id)
    )
    events.note(
        connection,
        *(
            Event(
                kind=EventKind.DELIVERY_FAILED,
                occurred=at,
                newsletter=row.newsletter,
                issue=row.issue_id,
                subscriber=row.subscriber_id,
                address=row.mailbox,
                data={"lane": Lane(row.lane).name.lower(), "reply": row.reply},
            )
            for row in rows
        ),
    )


async def is_any_finished(connection: AsyncConnection, now: datetime) -> bool:
    """Say whether `finish` would find anything."""
    return bool(await connection.scalar(select(exists().where(*_finished(now)))))


async def finish(connection: AsyncConnection, now: datetime) -> None:
    """Note of issues that nothing is left of which would be sent by itself.

    A later wave, or a retry, takes that back.
    """
    done = await connection.execute(
        update(issues).where(*_finished(now)).values(finished=now).returning(issues.c.id)
    )
    for id in sorted(done.scalars()):
        issue = await occurrences.get(connection, id)
        assert issue is not None  # noqa: S101 -- it was changed just now
        occurrences.tell(connection, issue, EventKind.ISSUE_FINISHED, now)


async def begin_again(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Take back that issues are finished: some of their mails are to be sent again."""
    await connection.execute(update(issues).where(which).values(finished=None))


def _finished(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Say of an issue whether it is finished, and not noted as such."""
    to_come = exists().where(waves.c.issue_id == issues.c.id, waves.c.state == WaveState.DUE)
    to_correct = exists().where(
        corrections.c.sent_as == issues.c.id, corrections.c.composed_to.is_not(None)
    )
    # What is sending behind its lease is in doubt: it waits for a decision.
    to_send = exists().where(
        deliveries.c.issue_id == issues.c.id,
        or_(
            deliveries.c.state == DeliveryState.PENDING,
            and_(deliveries.c.state == DeliveryState.SENDING, deliveries.c.due > now),
        ),
    )
    return (
        issues.c.state == IssueState.OPEN,
        issues.c.finished.is_(None),
        ~to_come,
        ~to_correct,
        ~to_send,
    )
