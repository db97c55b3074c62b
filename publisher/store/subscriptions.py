"""How a person's bond to a newsletter changes: each change is told to other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Event, EventKind, SubscriptionState, Wishes
from publisher.store import events, waves
from publisher.store.bulk import among
from publisher.store.subscribers import subscription
from publisher.store.tables import cadences, subscribers, subscriptions

# How a person left by a link of theirs who read until then; and who had only been asked.
OWN_LEAVING = (PAGE, ONE_CLICK) = ("page", "one-click")
DECLINED = "declined"


async def add(
    connection: AsyncConnection,
    *,
    people: Sequence[int],
    newsletter: str,
    wishes: Wishes,
    state: SubscriptionState,
    consent: Mapping[str, str],
    now: datetime,
) -> None:
    """Insert a subscription for each of these people, who have none to this newsletter."""
    if not people:
        return
    active = state is SubscriptionState.ACTIVE
    covered = await start(connection, newsletter, wishes.cadence, now) if active else None
    await connection.execute(
        insert(subscriptions),
        [
            {
                "subscriber_id": person,
                "newsletter": newsletter,
                "state": state,
                "consent": dict(consent),
                "created": now,
                "confirmed": now if active else None,
                "covered": covered,
                **_columns(wishes),
            }
            for person in people
        ],
    )
    mailboxes = await connection.execute(
        select(subscribers.c.id, subscribers.c.mailbox)
        .where(among(connection, subscribers.c.id, people))
        .order_by(subscribers.c.id)
    )
    kind = EventKind.SUBSCRIPTION_CONFIRMED if active else EventKind.SUBSCRIPTION_ASKED
    events.note(
        connection,
        *(
            Event(
                kind=kind,
                occurred=now,
                newsletter=newsletter,
                subscriber=row.id,
                address=row.mailbox,
                data=_told(wishes),
            )
            for row in mailboxes
        ),
    )


async def ask_again(
    connection: AsyncConnection, id: int, wishes: Wishes, consent: Mapping[str, str], now: datetime
) -> bool:
    """Turn an ended subscription into a pending one, and let a pending one choose anew."""
    result = await connection.execute(
        update(subscriptions)
        .where(
            subscriptions.c.id == id,
            subscriptions.c.state.in_((SubscriptionState.ENDED, SubscriptionState.PENDING)),
        )
        .values(
            state=SubscriptionState.PENDING,
            consent=dict(consent),
            created=now,
            ended=None,
            ended_by="",
            **_columns(wishes),
        )
    )
    return result.rowcount == 1 and await _tell(connection, EventKind.SUBSCRIPTION_ASKED, id, now)


async def activate(
    connection: AsyncConnection, id: int, consent: Mapping[str, str], now: datetime
) -> bool:
    """Turn a pending subscription active; False if it is not pending.

    Its first issue is the next one in full: what the last one of its cadence already covered
    is behind it.
    """
    found = await subscription(connection, id)
    if found is None or found.state is not SubscriptionState.PENDING:
        return False
    result = await connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == id, subscriptions.c.state == SubscriptionState.PENDING)
        .values(
            state=SubscriptionState.ACTIVE,
            confirmed=now,
            consent={**found.consent, **consent},
            covered=await start(connection, found.newsletter, found.cadence, now),
        )
    )
    return result.rowcount == 1 and await _tell(
        connection, EventKind.SUBSCRIPTION_CONFIRMED, id, now
    )


async def end(connection: AsyncConnection, id: int, now: datetime, *, by: str = "") -> bool:
    """End a subscription; False if it had ended before. Rows not yet sent become skipped.

    ``by`` says how, as in `Subscription`.
    """
    result = await connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == id, subscriptions.c.state != SubscriptionState.ENDED)
        .values(state=SubscriptionState.ENDED, ended=now, ended_by=by)
    )
    return result.rowcount == 1 and await _tell(connection, EventKind.SUBSCRIPTION_ENDED, id, now)


async def bring_back(
    connection: AsyncConnection, subscriber: int, ended: datetime, now: datetime
) -> list[int]:
    """Undo a person's own leaving: make active what they ended at this instant; give the ids.

    All else is as it was, so nothing is lost and nothing comes twice. What they had only been
    asked for is not made active by this.
    """
    back = await connection.execute(
        update(subscriptions)
        .where(
            subscriptions.c.subscriber_id == subscriber,
            subscriptions.c.state == SubscriptionState.ENDED,
            subscriptions.c.ended == ended,
            subscriptions.c.ended_by.in_(OWN_LEAVING),
        )
        .values(state=SubscriptionState.ACTIVE, ended=None, ended_by="")
        .returning(subscriptions.c.id)
    )
    ids = list(back.scalars())
    for id in ids:
        await _tell(connection, EventKind.SUBSCRIPTION_RESUMED, id, now)
    return ids


async def choose(connection: AsyncConnection, id: int, wishes: Wishes, now: datetime) -> bool:
    """Let an active subscription have it otherwise; False if it is not active."""
    result = await connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == id, subscriptions.c.state == SubscriptionState.ACTIVE)
        .values(**_columns(wishes))
    )
    return result.rowcount == 1 and await _tell(connection, EventKind.SUBSCRIPTION_CHANGED, id, now)


async def _tell(connection: AsyncConnection, kind: EventKind, id: int, now: datetime) -> bool:
    """Tell other programs how a subscription is now. True, for what was done was done."""
    found = await subscription(connection, id)
    assert found is not None  # noqa: S101 -- it was changed just now
    events.note(
        connection,
        Event(
            kind=kind,
            occurred=now,
            newsletter=found.newsletter,
            subscriber=found.subscriber,
            address=found.address.mailbox,
            data=_told(found.wishes),
        ),
    )
    return True


def _told(wishes: Wishes) -> dict[str, Any]:
    """Write wishes down for other programs; what the reader has not chosen is left out."""
    chosen = {
        "cadence": wishes.cadence,
        "topics": sorted(wishes.topics),
        "language": wishes.language,
        "own_time": str(wishes.own_time),
        "paused_until": wishes.paused_until and wishes.paused_until.isoformat(),
    }
    return {name: value for name, value in chosen.items() if value}


def _columns(wishes: Wishes) -> dict[str, Any]:
    return {
        "cadence": wishes.cadence,
        # In one order, since readers who chose the same are judged once.
        "topics": " ".join(sorted(wishes.topics)),
        "language": wishes.language,
        "own_time": str(wishes.own_time),
        "paused_until": wishes.paused_until,
    }


async def start(
    connection: AsyncConnection, newsletter: str, cadence: str, now: datetime
) -> datetime | None:
    """Give up to where articles are behind somebody who joins a cadence now.

    A schedule's first issue for them is a whole one: all since the last cut. Instant mails
    (the schedule is empty) begin with what comes from now on, or they would begin with a flood.
    """
    is_instant = await connection.scalar(
        select(cadences.c.schedule == "").where(
            cadences.c.newsletter == newsletter,
            cadences.c.cadence == cadence,
            cadences.c.own_time == "",
        )
    )
    return now if is_instant else await waves.last_cut(connection, newsletter, cadence)
