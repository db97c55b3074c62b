"""The ledger: one row a recipient, and every change of its state a single conditional UPDATE.

    pending -> sending -> accepted | failed
    pending -> skipped | failed        sending -> pending (refused for now, surely not taken)

A claim is a lease: ``attempts`` goes up and ``due`` moves ahead. Every later write names the
attempt, so a worker that slept past its lease cannot overwrite a newer result. ``sending`` is
committed before the final dot may leave; a row still ``sending`` past its lease is in doubt.
What a worker writes for every message is in `publisher.store.settling`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import (
    Address,
    Claim,
    DeliveryState,
    IssueState,
    Lane,
    Share,
    SubscriptionState,
)
from publisher.store import bulk, recall
from publisher.store.suppressions import bars
from publisher.store.tables import (
    deliveries,
    issues,
    subscribers,
    subscriptions,
)

_ALL: Mapping[str, Share] = MappingProxyType({})
_LANES = {lane.value: lane for lane in Lane}

# The subscription that a row goes by.
_bond = and_(
    subscriptions.c.subscriber_id == deliveries.c.subscriber_id,
    subscriptions.c.newsletter == deliveries.c.newsletter,
    subscriptions.c.state
    == case(
        (deliveries.c.lane == Lane.CONFIRMATION, SubscriptionState.PENDING),
        else_=SubscriptionState.ACTIVE,
    ),
)


def may_be_mailed(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Say of a row whether its person may be mailed at this moment.

    Judged when it is claimed, and once more by the very statement that marks it as sending. Who
    pauses is mailed what is no issue.
    """
    is_awake = or_(
        deliveries.c.lane != Lane.ISSUE,
        subscriptions.c.paused_until.is_(None),
        subscriptions.c.paused_until <= now,
    )
    barred = exists().where(
        subscribers.c.id == deliveries.c.subscriber_id,
        bars(subscribers.c.address_key, deliveries.c.newsletter, now),
    )
    return and_(exists().where(_bond, is_awake), ~barred)


async def claim(
    connection: AsyncConnection,
    *,
    newsletters: Collection[str],
    limit: int,
    now: datetime,
    lease_ends: datetime,
    is_urgent: bool = False,
    issues_of: Collection[str] | None = None,
    shares: Mapping[str, Share] = _ALL,
) -> list[Claim]:
    """Lease up to ``limit`` due rows of these newsletters: confirmations first, then by due time.

    Nothing but confirmations if it ``is_urgent``; issues of those in ``issues_of`` alone, of all
    if it is None, and of those in ``shares`` only these parts. Due rows whose person has left,
    pauses or is suppressed become skipped on the way, so that an empty answer means that nothing
    is due.
    """
    await recall.skip_left_over(connection, newsletters, now)
    if is_urgent:
        issues_of = ()
    elif issues_of is None:
        issues_of = newsletters
    claimed: list[Claim] = []
    while len(claimed) < limit:
        ids = await _due(connection, newsletters, limit - len(claimed), now, issues_of, shares)
        if not ids:
            break
        picked = bulk.among(connection, deliveries.c.id, ids)
        skipped = await connection.execute(
            update(deliveries)
            .where(picked, ~may_be_mailed(now))
            .values(
                state=DeliveryState.SKIPPED,
                reply="unsubscribed, paused or suppressed since",
                settled=now,
            )
            .returning(deliveries.c.id)
        )
        if gone := list(skipped.scalars()):
            # They may read another newsletter that has these articles, or be back one day.
            await recall.consider_again(connection, deliveries.c.id.in_(gone))
        await connection.execute(
            update(deliveries)
            .where(picked, deliveries.c.state == DeliveryState.PENDING)
            .values(attempts=deliveries.c.attempts + 1, due=lease_ends)
        )
        claimed += await _claims(connection, picked)
    return claimed


async def unclaim(connection: AsyncConnection, claims: Collection[Claim], now: datetime) -> None:
    """Let rows go that were claimed in this very transaction: they are due as they were."""
    if claims:
        held = bulk.pairs(connection, {claim.delivery: claim.attempt for claim in claims})
        await connection.execute(
            update(deliveries)
            .where(deliveries.c.id == held.c.key, deliveries.c.attempts == held.c.value)
            .values(due=now)
        )


async def open_issues(connection: AsyncConnection, newsletters: Collection[str]) -> dict[int, str]:
    """Map the issues of these newsletters that may be sent to their newsletters."""
    rows = await connection.execute(
        select(issues.c.id, issues.c.newsletter).where(
            issues.c.state == IssueState.OPEN, issues.c.newsletter.in_(newsletters)
        )
    )
    return {row.id: row.newsletter for row in rows}


async def is_urgent(
    connection: AsyncConnection, newsletters: Collection[str], now: datetime
) -> bool:
    """Say whether a confirmation is due."""
    return await connection.scalar(_urgent(newsletters, now).limit(1)) is not None


async def is_due(
    connection: AsyncConnection,
    newsletters: Collection[str],
    now: datetime,
    shares: Mapping[str, Share] = _ALL,
) -> bool:
    """Say whether a confirmation is due, or a mail of an open issue, within these shares.

    A worker that rests asks this several times a second. Each open issue is asked for its first
    row, so that a paused one's million rows are never walked; with EXISTS, PostgreSQL does it.
    """
    first = (
        select(deliveries.c.id)
        .where(
            deliveries.c.issue_id == issues.c.id,
            deliveries.c.state == DeliveryState.PENDING,
            deliveries.c.due <= now,
            *(or_(issues.c.newsletter != slug, _is_of(each)) for slug, each in shares.items()),
        )
        .order_by(deliveries.c.due)
        .limit(1)
        .scalar_subquery()
    )
    issue = select(issues.c.id).where(
        issues.c.state == IssueState.OPEN,
        issues.c.newsletter.in_(newsletters),
        first.is_not(None),
    )
    found = await connection.scalar(select(or_(_urgent(newsletters, now).exists(), issue.exists())))
    return bool(found)


async def _due(
    connection: AsyncConnection,
    newsletters: Collection[str],
    limit: int,
    now: datetime,
    issues_of: Collection[str],
    shares: Mapping[str, Share],
) -> list[int]:
    """Pick due rows and lock them; rows that another worker is picking are passed over.

    Open issues are looked up first, so that a paused issue's million rows are never walked.
    """
    ready = _ready(newsletters, now).with_for_update(skip_locked=True)
    urgent = ready.where(deliveries.c.issue_id.is_(None)).limit(limit)
    ids = list((await connection.execute(urgent)).scalars())
    if len(ids) < limit and issues_of:
        may_go = await open_issues(connection, issues_of)
        if may_go:
            of_these = ready.where(
                deliveries.c.issue_id.in_(may_go),
                *(
                    or_(deliveries.c.issue_id != issue, _is_of(shares[newsletter]))
                    for issue, newsletter in may_go.items()
                    if newsletter in shares
                ),
            )
            rest = of_these.limit(limit - len(ids))
            ids += (await connection.execute(rest)).scalars()
    return ids


def _is_of(share: Share) -> ColumnElement[bool]:
    """Say whether a row is of a share: by what stands in the index of rows that wait."""
    return (deliveries.c.id % share.of).between(share.first, share.end - 1)


def _urgent(newsletters: Collection[str], now: datetime) -> Select[int]:
    return _ready(newsletters, now).where(deliveries.c.issue_id.is_(None))


def _ready(newsletters: Collection[str], now: datetime) -> Select[int]:
    return (
        select(deliveries.c.id)
        .where(
            deliveries.c.state == DeliveryState.PENDING,
            deliveries.c.due <= now,
            deliveries.c.newsletter.in_(newsletters),
        )
        .order_by(deliveries.c.due, deliveries.c.id)
    )


async def _claims(connection: AsyncConnection, picked: ColumnElement[bool]) -> list[Claim]:
    rows = await connection.execute(
        select(
            deliveries.c.id,
            deliveries.c.attempts,
            deliveries.c.lane,
            deliveries.c.newsletter,
            deliveries.c.issue_id,
            deliveries.c.rendition_id,
            deliveries.c.subscriber_id,
            subscriptions.c.id,
            subscribers.c.mailbox,
            subscribers.c.name,
            deliveries.c.created,
            deliveries.c.deferrals,
        )
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .join(subscriptions, _bond)
        .where(picked, deliveries.c.state == DeliveryState.PENDING)
        .order_by(deliveries.c.lane, deliveries.c.id)
    )
    return [
        Claim(
            delivery=delivery,
            attempt=attempt,
            lane=_LANES[lane],
            newsletter=newsletter,
            issue=issue,
            rendition=rendition,
            subscriber=subscriber,
            subscription=subscription,
            address=Address(mailbox=mailbox, name=name),
            created=created,
            deferrals=deferrals,
        )
        for (
            delivery,
            attempt,
            lane,
            newsletter,
            issue,
            rendition,
            subscriber,
            subscription,
            mailbox,
            name,
            created,
            deferrals,
        ) in rows
    ]


async def extend(
    connection: AsyncConnection, claims: Collection[Claim], lease_ends: datetime
) -> None:
    """Renew the lease of rows that a live worker has in hand."""
    # By a join: SQLite looks for a pair that is in a list of pairs through the whole table.
    held = bulk.pairs(connection, {claim.delivery: claim.attempt for claim in claims})
    await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.id == held.c.key,
            deliveries.c.attempts == held.c.value,
            deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING)),
        )
        .values(due=lease_ends)
    )
