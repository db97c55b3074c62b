"""People come, choose, confirm and go. What they hold in hand is a token, never a password.

A confirmation mail is a delivery in lane 0 of the ledger: retried, suppressed and counted by
the same code as any other, and overtaking digests.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.errors import TokenError
from publisher.mail import address as addresses
from publisher.model import (
    Address,
    Lane,
    Newsletter,
    Publication,
    Subscription,
    SubscriptionState,
)
from publisher.ports import Clock
from publisher.render import Templates
from publisher.renditions import confirmation
from publisher.store import composing, renditions, subscribers
from publisher.store.engine import Store
from publisher.tokens import Purpose, Tokens


class Subscribed(enum.StrEnum):
    """What became of a wish to subscribe."""

    ACTIVE = "active"  # now, without asking: the caller vouches for the consent
    ASKED = "asked"  # pending: a confirmation mail is on its way
    ALREADY = "already"  # was active before; nothing changed
    WAITING = "waiting"  # was asked before and has not answered; an import does not ask twice
    ENDED = "ended"  # left before, and is not brought back without asking


async def subscribe(
    store: Store,
    newsletter: Newsletter,
    address: Address,
    *,
    cadence: str,
    confirmed: bool,
    consent: Mapping[str, str],
    publication: Publication,
    templates: Templates,
    clock: Clock,
) -> Subscribed:
    """Subscribe a person, or ask them whether they want it.

    ``confirmed`` vouches that they have agreed elsewhere; ``consent`` says how. It never
    revives somebody who left: that takes their own confirmation (Mailtrain issue 325).
    Raises TemplateError when the confirmation cannot be rendered.
    """
    async with store.write() as connection:
        return await _Wish(
            connection=connection,
            newsletter=newsletter,
            cadence=cadence,
            confirmed=confirmed,
            consent=consent,
            publication=publication,
            templates=templates,
            now=clock(),
        ).of(address, is_own=True)


async def subscribe_many(
    store: Store,
    newsletter: Newsletter,
    people: Collection[Address],
    *,
    cadence: str,
    confirmed: bool,
    consent: Mapping[str, str],
    publication: Publication,
    templates: Templates,
    clock: Clock,
) -> list[Subscribed]:
    """Subscribe people on a list of somebody else's, in one transaction, as `subscribe` does.

    As the wish is not their own, whoever left or was asked before is not asked again. Gives
    what became of each, in their order.
    """
    async with store.write() as connection:
        wish = _Wish(
            connection=connection,
            newsletter=newsletter,
            cadence=cadence,
            confirmed=confirmed,
            consent=consent,
            publication=publication,
            templates=templates,
            now=clock(),
        )
        return [await wish.of(address, is_own=False) for address in people]


@dataclass(kw_only=True)
class _Wish:
    """A wish to subscribe within one transaction, for one person or many."""

    connection: AsyncConnection
    newsletter: Newsletter
    cadence: str
    confirmed: bool
    consent: Mapping[str, str]
    publication: Publication
    templates: Templates
    now: datetime
    rendition: int | None = None

    async def of(self, address: Address, *, is_own: bool) -> Subscribed:
        connection, now = self.connection, self.now
        person = await subscribers.person(connection, address, addresses.key(address), now)
        known = await subscribers.subscription_of(connection, person, self.newsletter.slug)
        if known is None:
            await subscribers.add(
                connection,
                subscriber=person,
                newsletter=self.newsletter.slug,
                cadence=self.cadence,
                state=SubscriptionState.ACTIVE if self.confirmed else SubscriptionState.PENDING,
                consent=self.consent,
                now=now,
            )
        elif known.state is SubscriptionState.ACTIVE:
            return Subscribed.ALREADY
        elif known.state is SubscriptionState.ENDED and (self.confirmed or not is_own):
            return Subscribed.ENDED
        elif self.confirmed:
            await subscribers.ask_again(connection, known.id, self.cadence, self.consent, now)
            await subscribers.activate(connection, known.id, self.consent, now)
        elif is_own:
            await subscribers.ask_again(connection, known.id, self.cadence, self.consent, now)
        else:
            return Subscribed.WAITING
        if self.confirmed:
            return Subscribed.ACTIVE
        await self._ask(person)
        return Subscribed.ASKED

    async def _ask(self, person: int) -> None:
        """Put a confirmation mail into the ledger, unless they have had their share of them."""
        if not await subscribers.may_be_asked(
            self.connection, person, self.newsletter.slug, self.now
        ):
            return
        if self.rendition is None:
            self.rendition = await renditions.add(
                self.connection,
                confirmation(
                    self.templates,
                    publication=self.publication,
                    newsletter=self.newsletter,
                    now=self.now,
                ),
            )
        await composing.add_deliveries(
            self.connection,
            lane=Lane.CONFIRMATION,
            newsletter=self.newsletter.slug,
            issue=None,
            rendition_of={person: self.rendition},
            due=self.now,
            now=self.now,
        )


async def holder(store: Store, tokens: Tokens, purpose: Purpose, token: str) -> Subscription:
    """Find whose token this is. Changes nothing.

    Raises TokenError, the same for a token that is forged and for one whose subscription is
    gone.
    """
    (id,) = tokens.read(purpose, token)
    async with store.read() as connection:
        found = await subscribers.subscription(connection, id)
    if found is None:
        raise TokenError("this link is not valid")
    return found


async def confirm(
    store: Store, tokens: Tokens, token: str, *, consent: Mapping[str, str], clock: Clock
) -> Subscription:
    """Make a pending subscription active; harmless when it is already. Raises TokenError.

    A token of a subscription that has ended meanwhile confirms nothing: leaving is final.
    """
    found = await holder(store, tokens, Purpose.CONFIRM, token)
    async with store.write() as connection:
        await subscribers.activate(connection, found.id, consent, clock())
    return await holder(store, tokens, Purpose.CONFIRM, token)


async def unsubscribe(store: Store, tokens: Tokens, token: str, *, clock: Clock) -> Subscription:
    """End a subscription; harmless when it has ended. Raises TokenError.

    It is in force when this returns, for an issue under way as well: claims and the mark
    before each message ask the subscription's row.
    """
    found = await holder(store, tokens, Purpose.UNSUBSCRIBE, token)
    async with store.write() as connection:
        await subscribers.end(connection, found.id, clock())
    return await holder(store, tokens, Purpose.UNSUBSCRIBE, token)


async def choose_cadence(store: Store, tokens: Tokens, token: str, cadence: str) -> Subscription:
    """Change how often a person hears. Raises TokenError.

    Loses nothing and repeats nothing: what they had is in the ledger, and how far they were
    considered stays with their subscription.
    """
    found = await holder(store, tokens, Purpose.PREFERENCES, token)
    async with store.write() as connection:
        await subscribers.choose_cadence(connection, found.id, cadence)
    return await holder(store, tokens, Purpose.PREFERENCES, token)
