"""Subscriptions at the WebSub hubs of upstream feeds, one for each source that has a hub."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.store.engine import insert_unless
from publisher.store.tables import hub_subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSubscription:
    """What a hub was asked for. ``lease_ends`` is None until it has confirmed."""

    source: str
    hub: str
    topic: str
    token: str
    secret: str
    asked: datetime
    lease_ends: datetime | None = None
    denied: str | None = None


async def of_source(connection: AsyncConnection, source: str) -> HubSubscription | None:
    """Find the subscription of a source."""
    return await _found(connection, hub_subscriptions.c.source == source)


async def by_token(connection: AsyncConnection, token: str) -> HubSubscription | None:
    """Find the subscription whose hub calls at this token's address."""
    return await _found(connection, hub_subscriptions.c.token == token)


async def _found(
    connection: AsyncConnection, condition: ColumnElement[bool]
) -> HubSubscription | None:
    row = (await connection.execute(select(hub_subscriptions).where(condition))).one_or_none()
    return None if row is None else HubSubscription(**row._mapping)


async def put(connection: AsyncConnection, subscription: HubSubscription) -> None:
    """Keep what is about to be asked for, in place of what the source had before."""
    values = {
        column.name: getattr(subscription, column.name) for column in hub_subscriptions.columns
    }
    await connection.execute(
        insert_unless(connection, hub_subscriptions)
        .values(**values)
        .on_conflict_do_update(index_elements=["source"], set_=values)
    )


async def confirm(connection: AsyncConnection, token: str, lease_ends: datetime) -> None:
    """Note that the hub has confirmed, and until when it will tell."""
    await connection.execute(
        update(hub_subscriptions)
        .where(hub_subscriptions.c.token == token)
        .values(lease_ends=lease_ends, denied=None)
    )


async def deny(connection: AsyncConnection, token: str, reason: str) -> None:
    """Note that the hub has refused, or ended it."""
    await connection.execute(
        update(hub_subscriptions)
        .where(hub_subscriptions.c.token == token)
        .values(lease_ends=None, denied=reason)
    )


async def drop(connection: AsyncConnection, source: str) -> None:
    """Forget the subscription of a source whose feed names a hub no more."""
    await connection.execute(delete(hub_subscriptions).where(hub_subscriptions.c.source == source))
