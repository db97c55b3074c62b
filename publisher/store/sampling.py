"""A few readers of a newsletter, to look at what they would get, and how many there are."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import LET_OUT, Subscription, SubscriptionState
from publisher.store import subscribers
from publisher.store.tables import issues, subscriptions


async def readers(
    connection: AsyncConnection, newsletter: str, cadence: str, *, most: int
) -> list[Subscription]:
    """Give active readers of a cadence from all over the list, in its order; the same each time.

    Looks for whoever comes next behind each of so many evenly spaced places: a list of a
    million is not read for twenty of them. So where ids have gaps there may be fewer.
    """
    chosen = _active(newsletter, cadence)
    person = subscriptions.c.subscriber_id
    ends = select(func.min(person), func.max(person)).where(*chosen)
    first, last = (await connection.execute(ends)).one()
    if first is None:
        return []
    found: dict[int, Subscription] = {}
    for number in range(most):
        at = first + (last - first) * number // max(most - 1, 1)
        next_ = select(subscriptions.c.id).where(person >= at, *chosen).order_by(person).limit(1)
        id = await connection.scalar(next_)
        reader = None if id is None else await subscribers.subscription(connection, id)
        if reader is not None:
            found[reader.id] = reader
    return list(found.values())


async def audience(connection: AsyncConnection, newsletter: str, cadence: str) -> int:
    """Count the active readers of a cadence."""
    query = select(func.count()).select_from(subscriptions)
    return int(await connection.scalar(query.where(*_active(newsletter, cadence))) or 0)


async def last_audience(connection: AsyncConnection, newsletter: str, cadence: str) -> int | None:
    """Give how many got the last issue of a cadence that was let out; None if there was none."""
    found: int | None = await connection.scalar(
        select(issues.c.audience)
        .where(
            issues.c.newsletter == newsletter,
            issues.c.cadence == cadence,
            issues.c.state.in_(LET_OUT),
            issues.c.number.is_not(None),  # else it is a correction
        )
        .order_by(issues.c.id.desc())
        .limit(1)
    )
    return found


def _active(newsletter: str, cadence: str) -> tuple[ColumnElement[bool], ...]:
    return (
        subscriptions.c.newsletter == newsletter,
        subscriptions.c.cadence == cadence,
        subscriptions.c.state == SubscriptionState.ACTIVE,
    )
