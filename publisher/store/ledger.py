"""The ledger: one row a recipient, and every change of its state a single conditional UPDATE.

    pending -> sending -> accepted | failed
    pending -> skipped | failed        sending -> pending (refused for now, surely not taken)

A claim is a lease: ``attempts`` goes up and ``due`` moves ahead. Every later write names the
attempt, so a worker that slept past its lease cannot overwrite a newer result. ``sending`` is
committed before the final dot may leave; a row still ``sending`` past its lease is in doubt.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import (
    Address,
    Claim,
    DeliveryState,
    IssueState,
    Lane,
    SubscriptionState,
)
from publisher.store import recall
from publisher.store.tables import (
    deliveries,
    issues,
    subscribers,
    subscriptions,
    suppressions,
)

# Whether a row's person may be mailed at this moment: judged when it is claimed, and once
# more by the very statement that marks it as sending.
_bond = and_(
    subscriptions.c.subscriber_id == deliveries.c.subscriber_id,
    subscriptions.c.newsletter == deliveries.c.newsletter,
    subscriptions.c.state
    == case(
        (deliveries.c.lane == Lane.CONFIRMATION, SubscriptionState.PENDING),
        else_=SubscriptionState.ACTIVE,
    ),
)
_blocked = exists().where(
    subscribers.c.id == deliveries.c.subscriber_id,
    suppressions.c.address_key == subscribers.c.address_key,
)
_may_be_mailed = and_(exists().where(_bond), ~_blocked)


async def claim(
    connection: AsyncConnection,
    *,
    newsletters: Collection[str],
    limit: int,
    now: datetime,
    lease_ends: datetime,
) -> list[Claim]:
    """Lease up to ``limit`` due rows of these newsletters: confirmations first, then by due time.

    Due rows whose person has left or is suppressed become skipped on the way, so that an empty
    answer means that nothing is due.
    """
    await recall.skip_left_over(connection, newsletters, now)
    claimed: list[Claim] = []
    while len(claimed) < limit:
        ids = await _due(connection, newsletters, limit - len(claimed), now)
        if not ids:
            break
        skipped = await connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(ids), ~_may_be_mailed)
            .values(
                state=DeliveryState.SKIPPED,
                reply="unsubscribed or suppressed since",
                settled=now,
            )
            .returning(deliveries.c.id)
        )
        if gone := list(skipped.scalars()):
            # They may read another newsletter that has these articles, or be back one day.
            await recall.consider_again(connection, deliveries.c.id.in_(gone))
        await connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(ids), deliveries.c.state == DeliveryState.PENDING)
            .values(attempts=deliveries.c.attempts + 1, due=lease_ends)
        )
        claimed += await _claims(connection, ids)
    return claimed


async def _due(
    connection: AsyncConnection, newsletters: Collection[str], limit: int, now: datetime
) -> list[int]:
    """Pick due rows and lock them; rows that another worker is picking are passed over.

    Open issues are looked up first, so that a paused issue's million rows are never walked.
    """
    open_issues = list(
        (
            await connection.execute(
                select(issues.c.id).where(
                    issues.c.state == IssueState.OPEN, issues.c.newsletter.in_(newsletters)
                )
            )
        ).scalars()
    )
    ready = (
        select(deliveries.c.id)
        .where(
            deliveries.c.state == DeliveryState.PENDING,
            deliveries.c.due <= now,
            deliveries.c.newsletter.in_(newsletters),
        )
        .order_by(deliveries.c.due, deliveries.c.id)
        .with_for_update(skip_locked=True)
    )
    ids = list(
        (
            await connection.execute(ready.where(deliveries.c.issue_id.is_(None)).limit(limit))
        ).scalars()
    )
    if len(ids) < limit and open_issues:
        rest = ready.where(deliveries.c.issue_id.in_(open_issues)).limit(limit - len(ids))
        ids += (await connection.execute(rest)).scalars()
    return ids


async def _claims(connection: AsyncConnection, ids: Sequence[int]) -> list[Claim]:
    rows = await connection.execute(
        select(
            deliveries,
            subscribers.c.mailbox,
            subscribers.c.name,
            subscriptions.c.id.label("subscription_id"),
        )
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .join(subscriptions, _bond)
        .where(deliveries.c.id.in_(ids), deliveries.c.state == DeliveryState.PENDING)
        .order_by(deliveries.c.lane, deliveries.c.id)
    )
    return [
        Claim(
            delivery=row.id,
            attempt=row.attempts,
            lane=Lane(row.lane),
            newsletter=row.newsletter,
            issue=row.issue_id,
            rendition=row.rendition_id,
            subscriber=row.subscriber_id,
            subscription=row.subscription_id,
            address=Address(mailbox=row.mailbox, name=row.name),
            created=row.created,
            deferrals=row.deferrals,
        )
        for row in rows
    ]


def _still(claims: Collection[Claim]) -> ColumnElement[bool]:
    """Match the rows that are still at the attempt of these claims."""
    return tuple_(deliveries.c.id, deliveries.c.attempts).in_(
        [(claim.delivery, claim.attempt) for claim in claims]
    )


async def mark_sending(
    connection: AsyncConnection, claims: Collection[Claim], lease_ends: datetime
) -> set[int]:
    """Mark claimed rows as sending; give the deliveries that may now be transmitted.

    Those left out were fenced off, or their person has left since, or their issue is no longer
    open: they must not be sent.
    """
    open_issue = select(issues.c.id).where(issues.c.state == IssueState.OPEN)
    rows = await connection.execute(
        update(deliveries)
        .where(
            _still(claims),
            deliveries.c.state == DeliveryState.PENDING,
            or_(deliveries.c.issue_id.is_(None), deliveries.c.issue_id.in_(open_issue)),
            _may_be_mailed,
        )
        .values(state=DeliveryState.SENDING, due=lease_ends)
        .returning(deliveries.c.id)
    )
    return set(rows.scalars())


async def extend(
    connection: AsyncConnection, claims: Collection[Claim], lease_ends: datetime
) -> None:
    """Renew the lease of rows that a live worker has in hand."""
    await connection.execute(
        update(deliveries)
        .where(
            _still(claims),
            deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING)),
        )
        .values(due=lease_ends)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an attempt.

    ``state`` is accepted or failed; pending with the time of the next try in ``due``, and
    ``deferred`` if it was the next hop that put it off; or sending with ``due`` past: in doubt.
    """

    claim: Claim
    state: DeliveryState
    due: datetime
    reply: str
    deferred: bool = False


async def settle(connection: AsyncConnection, outcomes: Sequence[Outcome], now: datetime) -> int:
    """Record outcomes; give how many rows took them (the rest were fenced off)."""
    if not outcomes:
        return 0
    result = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.id == bindparam("row"),
            deliveries.c.attempts == bindparam("attempt"),
            or_(
                deliveries.c.state == DeliveryState.PENDING,
                deliveries.c.state == DeliveryState.SENDING,
            ),
        )
        .values(
            state=bindparam("to_state"),
            due=bindparam("to_due"),
            reply=bindparam("to_reply"),
            deferrals=deliveries.c.deferrals + bindparam("put_off"),
            settled=bindparam("at"),
        ),
        [
            {
                "row": outcome.claim.delivery,
                "attempt": outcome.claim.attempt,
                "to_state": outcome.state,
                "to_due": outcome.due,
                "to_reply": outcome.reply,
                "put_off": int(outcome.deferred),
                "at": now
                if outcome.state in (DeliveryState.ACCEPTED, DeliveryState.FAILED)
                else None,
            }
            for outcome in outcomes
        ],
    )
    return result.rowcount
