"""What people agreed to: the words that they were shown, and what was agreed before they left."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Subscription, SubscriptionState
from publisher.store.engine import insert_unless
from publisher.store.tables import former_consents, wordings

# What in a consent names a wording: what was shown by the form, and beside the button.
WORDINGS = ("wording", "confirmed_wording")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerConsent:
    """A consent that was given, confirmed, and ended by leaving."""

    consent: Mapping[str, str]
    created: datetime
    confirmed: datetime
    ended: datetime


def hash_of(wording: str) -> str:
    """Give the name under which a wording is kept: the SHA-256 of its UTF-8."""
    return hashlib.sha256(wording.encode()).hexdigest()


async def word(connection: AsyncConnection, wording: str, now: datetime) -> str:
    """Keep what somebody was shown, and give its hash."""
    name = hash_of(wording)
    await connection.execute(
        insert_unless(connection, wordings)
        .values(hash=name, text=wording, created=now)
        .on_conflict_do_nothing()
    )
    return name


async def worded(connection: AsyncConnection, hashes: Collection[str]) -> dict[str, str]:
    """Map those of these hashes that are known to their wordings."""
    rows = await connection.execute(
        select(wordings.c.hash, wordings.c.text).where(wordings.c.hash.in_(hashes))
    )
    return {row.hash: row.text for row in rows}


async def keep(connection: AsyncConnection, bond: Subscription) -> None:
    """Keep the consent of a subscription that has ended, if there was one: it is to begin anew."""
    is_over = bond.state is SubscriptionState.ENDED and bond.ended is not None
    # A confirmation from before it was asked for is of a time before, and kept already.
    if is_over and bond.confirmed is not None and bond.confirmed >= bond.created:
        await connection.execute(
            insert(former_consents).values(
                subscription_id=bond.id,
                consent=dict(bond.consent),
                created=bond.created,
                confirmed=bond.confirmed,
                ended=bond.ended,
            )
        )


async def former(connection: AsyncConnection, subscription: int) -> Sequence[FormerConsent]:
    """List the consents that a subscription had before the present one, the oldest first."""
    rows = await connection.execute(
        select(former_consents)
        .where(former_consents.c.subscription_id == subscription)
        .order_by(former_consents.c.id)
    )
    return [
        FormerConsent(
            consent=row.consent, created=row.created, confirmed=row.confirmed, ended=row.ended
        )
        for row in rows
    ]
