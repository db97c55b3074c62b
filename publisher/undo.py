"""A leaving that was a slip of the finger is taken back, and all is as it was.

The token is of the very instant of leaving, so an old page undoes no later one, and nothing that an
admin, a complaint or a bounce has ended.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from publisher.errors import TokenEnded, UndoEnded
from publisher.model import Subscription, SubscriptionState
from publisher.ports import Clock
from publisher.store import subscribers, subscriptions
from publisher.store.engine import Store
from publisher.tokens import Purpose, Tokens

# A slip of the finger is noticed at once.
UNDO_WITHIN = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def way_back(tokens: Tokens, left: Subscription, now: datetime) -> str | None:
    """Give the token that undoes a leaving; None if there is nothing to undo, or no longer.

    It is of the very instant, so whoever leaves once more, or is ended otherwise, stays away.
    """
    if left.ended is None or now - left.ended > UNDO_WITHIN:
        return None
    if left.ended_by not in subscriptions.OWN_LEAVING:
        return None
    return tokens.sign(Purpose.UNDO, left.id, (left.ended - _EPOCH) // _TICK)


async def left_by(
    store: Store, tokens: Tokens, token: str, *, clock: Clock
) -> tuple[Subscription, datetime]:
    """Find what a token undoes: a subscription, and when it ended. Changes nothing.

    Raises TokenError, and UndoEnded once the time for it is over.
    """
    id, ticks = tokens.read(Purpose.UNDO, token)
    ended = _EPOCH + ticks * _TICK
    async with store.read() as connection:
        found = await subscribers.subscription(connection, id)
    if found is None:
        raise TokenEnded("the subscription of this link is no longer there")
    if clock() - ended > UNDO_WITHIN:
        raise UndoEnded("it cannot be undone any more", found.newsletter)
    return found, ended


async def undo(store: Store, tokens: Tokens, token: str, *, clock: Clock) -> list[Subscription]:
    """Take back what one press ended, all of it; give what is active again.

    Without a new confirmation, since it is as if nothing had been pressed: consent, wishes and how
    far they were considered are untouched. Harmless when it was done before. Raises TokenError, and
    UndoEnded for who has left once more since.
    """
    found, ended = await left_by(store, tokens, token, clock=clock)
    async with store.write() as connection:
        back = await subscriptions.bring_back(connection, found.subscriber, ended, clock())
        now = [await subscribers.subscription(connection, each) for each in {found.id, *back}]
    active = [each for each in now if each and each.state is SubscriptionState.ACTIVE]
    if not active:
        raise UndoEnded("they have left once more since", found.newsletter)
    return active
