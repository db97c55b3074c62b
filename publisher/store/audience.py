"""Whom an issue is for: the people of a cadence, in order, and up to where each was considered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import SubscriptionState
from publisher.store import bulk
from publisher.store.suppressions import bars
from publisher.store.tables import deliveries, subscribers, subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One person of an issue's audience. ``covered`` is up to where articles were considered.

    ``topics`` are slugs in alphabetical order with blanks between them, "" for everything.
    """

    subscription: int
    subscriber: int
    covered: datetime | None
    topics: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Those who read a newsletter in a cadence, or, of them, those with the same own time.

    ``own_time`` is None for everybody; ``now`` is when they are asked for: who pauses then is
    not among them, nor is a suppressed address.
    """

    newsletter: str
    cadence: str
    own_time: str | None
    is_instant: bool
    now: datetime

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """Who belongs to it, as rows of `_audience`."""
        found = [
            subscriptions.c.newsletter == self.newsletter,
            subscriptions.c.cadence == self.cadence,
            subscriptions.c.state == SubscriptionState.ACTIVE,
            or_(subscriptions.c.paused_until.is_(None), subscriptions.c.paused_until <= self.now),
            ~bars(subscribers.c.address_key, self.newsletter, self.now),
        ]
        if self.own_time is not None:
            found.append(subscriptions.c.own_time == self.own_time)
        return found


_audience = subscriptions.join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)


async def oldest_cover(connection: AsyncConnection, circle: Circle) -> tuple[int, datetime | None]:
    """Count the people of a circle, and say how far back one of them looks.

    The instant is None when every article counts for somebody.
    """
    cover = _cover(is_instant=circle.is_instant)
    row = (
        await connection.execute(
            select(
                func.count().label("people"),
                func.count(cover).label("considered"),
                func.min(cover).label("oldest"),
            )
            .select_from(_audience)
            .where(*circle.conditions)
        )
    ).one()
    return row.people, row.oldest if row.people == row.considered else None


async def next_readers(
    connection: AsyncConnection, circle: Circle, issue: int, after: int, limit: int
) -> list[Reader]:
    """Give the next people of a circle by id, and lock them till the transaction ends.

    The lock is on the person, so that two issues being composed at once (other cadence, other
    newsletter) judge the same person one after the other and see each other's rows. Who has a
    mail of this issue, since they were of another wave then, is passed over.
    """
    theirs = select(deliveries.c.id).where(
        deliveries.c.issue_id == issue, deliveries.c.subscriber_id == subscribers.c.id
    )
    # Told of each table by itself: a planner that merges two in order begins both at the front.
    rows = await connection.execute(
        _readers(circle)
        .where(subscriptions.c.subscriber_id > after, subscribers.c.id > after)
        .where(~theirs.where(deliveries.c.subscriber_id > after).exists())
        .order_by(subscriptions.c.subscriber_id)
        .limit(limit)
        .with_for_update(of=[subscribers, subscriptions])
    )
    return [_reader(row) for row in rows]


async def readers_among(
    connection: AsyncConnection, circle: Circle, issue: int, people: Collection[int]
) -> dict[int, Reader]:
    """Map those of these people to themselves who are of a circle and have no mail of an issue."""
    theirs = select(deliveries.c.id).where(
        deliveries.c.issue_id == issue, deliveries.c.subscriber_id == subscribers.c.id
    )
    rows = await connection.execute(
        _readers(circle).where(
            bulk.among(connection, subscriptions.c.subscriber_id, people), ~theirs.exists()
        )
    )
    return {row.subscriber_id: _reader(row) for row in rows}


def _readers(circle: Circle) -> Select[Any]:
    return (
        select(
            subscriptions.c.id,
            subscriptions.c.subscriber_id,
            subscriptions.c.topics,
            subscriptions.c.language,
            _cover(is_instant=circle.is_instant).label("cover"),
        )
        .select_from(_audience)
        .where(*circle.conditions)
    )


def _reader(row: Row[Any]) -> Reader:
    return Reader(
        subscription=row.id,
        subscriber=row.subscriber_id,
        covered=row.cover,
        topics=row.topics,
        language=row.language,
    )


async def covered(
    connection: AsyncConnection, subscription: int, *, is_instant: bool
) -> datetime | None:
    """Give up to where articles were considered for a subscription; None if none ever were."""
    found: datetime | None = await connection.scalar(
        select(_cover(is_instant=is_instant)).where(subscriptions.c.id == subscription)
    )
    return found


def _cover(*, is_instant: bool) -> ColumnElement[datetime | None]:
    """Say up to where articles are behind a person.

    Who was never considered begins with every article, but in instant mails, which tell of
    what is new, with those that came since the person did.
    """
    if is_instant:
        return func.coalesce(subscriptions.c.covered, subscriptions.c.confirmed)
    return subscriptions.c.covered


async def cover(connection: AsyncConnection, considered: Collection[int], cut: datetime) -> None:
    """Note that articles up to the cut were considered for these subscriptions."""
    await connection.execute(
        update(subscriptions)
        .where(
            bulk.among(connection, subscriptions.c.id, considered),
            or_(subscriptions.c.covered.is_(None), subscriptions.c.covered < cut),
        )
        .values(covered=cut)
    )
