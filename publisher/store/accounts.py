"""Reading the ledger for people: balances, recipients, doubt, and the proof of no repeats."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Address, Balance, DeliveryState, IssueState
from publisher.store import bounces, finishing
from publisher.store.bulk import among
from publisher.store.tables import deliveries, issues, rendition_articles, subscribers


async def resolve_doubt(
    connection: AsyncConnection, newsletter: str, *, resend: bool, now: datetime
) -> int:
    """Decide the rows in doubt of a newsletter by its policy; give how many there were.

    Resending keeps the row, and with it Message-ID and Date: receivers that fold duplicates
    can. Not resending counts as failed, so that no later issue repeats what may have arrived.
    """
    values: dict[str, Any] = (
        {"state": DeliveryState.PENDING, "due": now, "doubted": True}
        if resend
        else {
            "state": DeliveryState.FAILED,
            "settled": now,
            "reply": "in doubt, and not sent again by policy",
            "doubted": True,
        }
    )
    result = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.state == DeliveryState.SENDING,
            deliveries.c.due <= now,
            deliveries.c.newsletter == newsletter,
        )
        .values(**values)
        .returning(deliveries.c.id)
    )
    ids = list(result.scalars())
    decided = among(connection, deliveries.c.id, ids)
    if resend:
        theirs = select(deliveries.c.issue_id).where(decided)
        await finishing.begin_again(connection, issues.c.id.in_(theirs))
    else:
        await connection.run_sync(finishing.tell_failed, decided, now)
    return len(ids)


async def doubt_unsent(connection: AsyncConnection, now: datetime) -> int:
    """Give up every mail of an issue that is not settled, as it may have been sent; give how many.

    Confirmations are left: to have one twice does nobody any harm.
    """
    result = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING)),
            deliveries.c.issue_id.is_not(None),
        )
        .values(
            state=DeliveryState.FAILED,
            attempts=deliveries.c.attempts + 1,
            settled=now,
            reply="may have been sent before the database was put back",
            doubted=True,
        )
        .returning(deliveries.c.id)
    )
    ids = list(result.scalars())
    await connection.run_sync(finishing.tell_failed, among(connection, deliveries.c.id, ids), now)
    return len(ids)


async def settle_doubt(
    connection: AsyncConnection, delivery: int, *, arrived: bool, reply: str, now: datetime
) -> bool:
    """Settle a row that was ever in doubt by evidence: it ``arrived``, or it never will.

    What waits to be sent again need not be; what was failed by policy may turn out to have arrived.
    False if there was nothing to settle. A row that is under way once more is left to its worker.
    """
    was_open = or_(
        _in_doubt(now), and_(deliveries.c.doubted, deliveries.c.state == DeliveryState.PENDING)
    )
    was_given_up = and_(deliveries.c.doubted, deliveries.c.state == DeliveryState.FAILED)
    result = await connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery, or_(was_open, was_given_up) if arrived else was_open)
        .values(
            state=DeliveryState.ACCEPTED if arrived else DeliveryState.FAILED,
            settled=now,
            reply=reply,
        )
    )
    is_settled = result.rowcount == 1
    if is_settled and not arrived:
        await connection.run_sync(finishing.tell_failed, deliveries.c.id == delivery, now)
    return is_settled


async def retry(
    connection: AsyncConnection,
    issue: int,
    *,
    failed: bool,
    in_doubt: bool,
    now: datetime,
) -> int:
    """Make failed rows, or rows in doubt, of an issue pending again; give how many."""
    wanted = []
    if failed:
        wanted.append(deliveries.c.state == DeliveryState.FAILED)
    if in_doubt:
        wanted.append(_in_doubt(now))
    result = await connection.execute(
        update(deliveries)
        .where(deliveries.c.issue_id == issue, or_(*wanted))
        .values(
            state=DeliveryState.PENDING,
            due=now,
            settled=None,
            deferrals=0,
            doubted=or_(deliveries.c.doubted, deliveries.c.state == DeliveryState.SENDING),
        )
    )
    if result.rowcount:
        await finishing.begin_again(connection, issues.c.id == issue)
    return result.rowcount


def _in_doubt(now: datetime) -> ColumnElement[bool]:
    return and_(deliveries.c.state == DeliveryState.SENDING, deliveries.c.due <= now)


# --- reading ----------------------------------------------------------------------------


async def balance(connection: AsyncConnection, issue: int, now: datetime) -> Balance:
    """Count where every recipient of an issue stands.

    The audience is the number noted when the rows were made, not their sum: that the two
    agree is what the balance proves.
    """
    audience = await connection.scalar(select(issues.c.audience).where(issues.c.id == issue))
    # By state alone it is counted in an index, quickly enough to be asked again and again while an
    # issue goes out. In one statement, since rows move meanwhile.
    of_it = deliveries.c.issue_id == issue
    counts = union_all(
        select(deliveries.c.state, func.count()).where(of_it).group_by(deliveries.c.state),
        select(literal("in_doubt"), func.count()).where(of_it, _in_doubt(now)),
    )
    rows = (await connection.execute(counts)).all()
    stands = {stand: people for stand, people in rows}  # noqa: C416 -- a row is not typed as a pair
    in_doubt = stands["in_doubt"]
    under_way = stands.get(DeliveryState.SENDING, 0) - in_doubt
    return Balance(
        audience=audience or 0,
        accepted=stands.get(DeliveryState.ACCEPTED, 0),
        failed=stands.get(DeliveryState.FAILED, 0),
        skipped=stands.get(DeliveryState.SKIPPED, 0),
        pending=stands.get(DeliveryState.PENDING, 0) + under_way,
        in_doubt=in_doubt,
    )


async def under_way(connection: AsyncConnection) -> list[int]:
    """List the issues that are not done, newest first: held, paused, with rows left or in doubt.

    Each half asks a partial index that holds such rows only, however long the history is.
    """
    left = select(deliveries.c.id).where(
        deliveries.c.issue_id == issues.c.id, deliveries.c.state == DeliveryState.PENDING
    )
    sending = select(deliveries.c.issue_id).where(
        deliveries.c.state == DeliveryState.SENDING, deliveries.c.issue_id.is_not(None)
    )
    rows = await connection.execute(
        select(issues.c.id)
        .where(
            or_(
                issues.c.state.in_((IssueState.HELD, IssueState.PAUSED)),
                left.exists(),
                issues.c.id.in_(sending),
            )
        )
        .order_by(issues.c.id.desc())
    )
    return list(rows.scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A ledger row for people to read. ``id`` orders them and marks where a page ends."""

    id: int
    address: Address
    state: str
    attempts: int
    reply: str
    settled: datetime | None


async def recipients(
    connection: AsyncConnection,
    issue: int,
    *,
    now: datetime,
    state: str | None = None,
    is_bounced: bool = False,
    after: int = 0,
    limit: int = 1000,
) -> list[Recipient]:
    """Give up to ``limit`` rows of an issue behind the id ``after``.

    ``state`` is a DeliveryState or ``in_doubt``, as in the balance. With ``is_bounced`` only those
    whose mail failed later, or was complained of.
    """
    stand = case((_in_doubt(now), "in_doubt"), else_=deliveries.c.state).label("stand")
    query: Select[Any] = (
        select(deliveries, stand, subscribers.c.mailbox, subscribers.c.name)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(deliveries.c.issue_id == issue, deliveries.c.id > after)
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    if state is not None:
        query = query.where(stand == state)
    if is_bounced:
        query = query.where(bounces.came_back(deliveries.c.id))
    return [
        Recipient(
            id=row.id,
            address=Address(mailbox=row.mailbox, name=row.name),
            state=row.stand,
            attempts=row.attempts,
            reply=row.reply,
            settled=row.settled,
        )
        for row in await connection.execute(query)
    ]


async def of_rendition(connection: AsyncConnection, subscriber: int, rendition: int) -> list[int]:
    """Give the rows by which a person was, or is to be, sent a rendition."""
    rows = await connection.execute(
        select(deliveries.c.id).where(
            deliveries.c.subscriber_id == subscriber, deliveries.c.rendition_id == rendition
        )
    )
    return list(rows.scalars())


async def next_due(connection: AsyncConnection) -> datetime | None:
    """Give when the next pending row of an open issue, or confirmation, falls due."""
    found: datetime | None = await connection.scalar(
        select(func.min(deliveries.c.due))
        .outerjoin(issues, issues.c.id == deliveries.c.issue_id)
        .where(
            deliveries.c.state == DeliveryState.PENDING,
            or_(deliveries.c.issue_id.is_(None), issues.c.state == IssueState.OPEN),
        )
    )
    return found


async def repeats(
    connection: AsyncConnection, apart: Collection[str] = ()
) -> list[tuple[int, int, int]]:
    """Prove that no article reached a person twice: list (subscriber, article, times) over 1.

    An empty list is the promise kept. Rows that were skipped were not sent. Newsletters that are
    ``apart`` (not shared) have an account of their own.
    """
    times = func.count().label("times")
    told_by = rendition_articles.c.newsletter
    account = case((told_by.in_(apart), told_by), else_="").label("account")
    rows = await connection.execute(
        select(deliveries.c.subscriber_id, rendition_articles.c.article_id, times)
        .join(rendition_articles, rendition_articles.c.rendition_id == deliveries.c.rendition_id)
        .where(deliveries.c.state != DeliveryState.SKIPPED)
        .group_by(deliveries.c.subscriber_id, rendition_articles.c.article_id, account)
        .having(times > 1)
    )
    return [(row.subscriber_id, row.article_id, row.times) for row in rows]
