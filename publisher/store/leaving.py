"""Leaving by the link of a mail, or by a mail to its address: whoever comes that way has the mail.

The token of either names a subscription, and the rendition that the mail was made of.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Subscription, SubscriptionState
from publisher.store import accounts, subscribers, subscriptions


async def in_mail(
    connection: AsyncConnection, subscription: int, rendition: int | None = None
) -> list[Subscription]:
    """Find the subscriptions that a mail came by; none if the first has gone.

    The first is that of the newsletter whose mail it is; there are others where several
    newsletters share a mail.
    """
    found = await subscribers.subscription(connection, subscription)
    if found is None:
        return []
    if rendition is None:
        return [found]
    others = await subscribers.in_rendition(connection, found.subscriber, rendition)
    return [found, *(each for each in others if each.id != found.id)]


async def leave(
    connection: AsyncConnection,
    bonds: Collection[Subscription],
    *,
    rendition: int | None,
    how: str,
    by: str,
    now: datetime,
) -> None:
    """End subscriptions of one person, by a mail that had this rendition.

    If it was in doubt whether the mail arrived, it is no more; ``how`` says why. ``by`` is what the
    subscriptions say of it.
    """
    if rendition is not None:
        for subscriber in {each.subscriber for each in bonds}:
            for mail in await accounts.of_rendition(connection, subscriber, rendition):
                await accounts.settle_doubt(connection, mail, arrived=True, reply=how, now=now)
    for each in bonds:
        was_asked = each.state is SubscriptionState.PENDING
        await subscriptions.end(
            connection, each.id, now, by=subscriptions.DECLINED if was_asked else by
        )
