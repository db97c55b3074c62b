"""People come, choose, confirm and go. What they hold in hand is a token, never a password.

A confirmation mail is a delivery in lane 0 of the ledger: retried, suppressed and counted by
the same code as any other, and overtaking digests.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

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
        now = clock()
        person = await subscribers.person(connection, address, addresses.key(address), now)
        known = await subscribers.subscription_of(connection, person, newsletter.slug)
        if known is not None and known.state is SubscriptionState.ACTIVE:
            return Subscribed.ALREADY
        if known is not None and confirmed:
            if known.state is SubscriptionState.ENDED:
                return Subscribed.ENDED
            await subscribers.activate(connection, known.id, consent, now)
            return Subscribed.ACTIVE
        if known is not None:
            await subscribers.ask_again(connection, known.id, cadence, consent, now)
        else:
            await subscribers.add(
                connection,
                subscriber=person,
                newsletter=newsletter.slug,
                cadence=cadence,
                state=SubscriptionState.ACTIVE if confirmed else SubscriptionState.PENDING,
                consent=consent,
                now=now,
            )
        if confirmed:
            return Subscribed.ACTIVE
        rendition = await renditions.add(
            connection,
            confirmation(templates, publication=publication, newsletter=newsletter, now=now),
        )
        await composing.add_deliveries(
            connection,
            lane=Lane.CONFIRMATION,
            newsletter=newsletter.slug,
            issue=None,
            rendition_of={person: rendition},
            due=now,
            now=now,
        )
        return Subscribed.ASKED


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
