"""People come, choose, confirm and go. What they hold in hand is a token, never a password.

A confirmation mail is a delivery in lane 0 of the ledger: retried, suppressed and counted by
the same code as any other, and overtaking digests.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.errors import TokenEnded
from publisher.mail.address import key
from publisher.model import (
    Address,
    Lane,
    Newsletter,
    Publication,
    Rendition,
    Subscription,
    SubscriptionState,
    Wishes,
)
from publisher.ports import Clock
from publisher.render import Templates
from publisher.renditions import confirmation, reminder
from publisher.store import (
    composing,
    consents,
    leaving,
    renditions,
    subscribers,
    subscriptions,
    suppressions,
)
from publisher.store.engine import Store
from publisher.tokens import Purpose, Tokens


class Subscribed(enum.StrEnum):
    """What became of a wish to subscribe."""

    ACTIVE = "active"  # now, without asking: the caller vouches for the consent
    ASKED = "asked"  # pending: a confirmation mail is on its way
    ALREADY = "already"  # was active before; nothing changed
    ENDED = "ended"  # left before, and is not brought back without asking
    SUPPRESSED = "suppressed"  # is never mailed, and has not asked for it themselves


async def subscribe(
    store: Store,
    newsletter: Newsletter,
    person: Address,
    *,
    wishes: Wishes,
    confirmed: bool,
    by_form: bool = False,
    consent: Mapping[str, str],
    publication: Publication,
    templates: Templates,
    clock: Clock,
) -> Subscribed:
    """Subscribe somebody, or ask them whether they want it.

    ``confirmed`` vouches that they have agreed elsewhere; ``consent`` says how. It never revives
    somebody who left: that takes their own wish and their own confirmation (Mailtrain issue
    325). ``by_form`` says that anybody may have typed the address: whoever is subscribed is told
    so by mail, since the form tells nothing, and no known person is given a name. Raises
    TemplateError when a mail cannot be rendered.
    """
    async with store.write() as connection:
        wish = _Wish(
            connection=connection,
            newsletter=newsletter,
            wishes=wishes,
            confirmed=confirmed,
            consent=consent,
            by_form=by_form,
            publication=publication,
            templates=templates,
            now=clock(),
        )
        return await wish.of(person)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """A wish to subscribe within one transaction."""

    connection: AsyncConnection
    newsletter: Newsletter
    wishes: Wishes
    confirmed: bool
    consent: Mapping[str, str]
    by_form: bool
    publication: Publication
    templates: Templates
    now: datetime

    async def of(self, address: Address) -> Subscribed:
        """Fulfil it, or ask first; give what became of it."""
        by_key = {key(address): address}
        barred = await suppressions.among(
            self.connection, by_key, self.now, newsletter=self.newsletter.slug
        )
        if barred:
            if self.confirmed:
                return Subscribed.SUPPRESSED
            # They are asked like everybody, so that nobody learns who is suppressed (A13): the
            # claim of the mail decides, and lets them have it who were only erased.
            await suppressions.know_again(self.connection, barred)
        ids = await subscribers.people(
            self.connection, by_key, self.now, names_known=not self.by_form
        )
        (person,) = ids.values()
        known = await subscribers.bonds(self.connection, [person], self.newsletter.slug)
        if person in known:
            return await self._renew(known[person])
        await subscriptions.add(
            self.connection,
            people=[person],
            newsletter=self.newsletter.slug,
            wishes=self.wishes,
            state=SubscriptionState.ACTIVE if self.confirmed else SubscriptionState.PENDING,
            consent=self.consent,
            now=self.now,
        )
        if self.confirmed:
            return Subscribed.ACTIVE
        await self._ask(person)
        return Subscribed.ASKED

    async def _renew(self, bond: Subscription) -> Subscribed:
        """Do what is right for somebody who is, was, or was asked to be subscribed."""
        if bond.state is SubscriptionState.ACTIVE:
            if self.by_form and await subscribers.may_be_reminded(
                self.connection, bond.subscriber, self.newsletter.slug, self.now
            ):
                await self._remind(bond)
            return Subscribed.ALREADY
        # Whoever was subscribed and is not has left, even if a form has asked them since.
        has_left = bond.state is SubscriptionState.ENDED or bond.confirmed is not None
        if has_left and self.confirmed:
            return Subscribed.ENDED
        await consents.keep(self.connection, bond)
        await subscriptions.ask_again(self.connection, bond.id, self.wishes, self.consent, self.now)
        if self.confirmed:
            await subscriptions.activate(self.connection, bond.id, self.consent, self.now)
            return Subscribed.ACTIVE
        if await subscribers.may_be_asked(
            self.connection, bond.subscriber, self.newsletter.slug, self.now
        ):
            await self._ask(bond.subscriber)
        return Subscribed.ASKED

    async def _ask(self, person: int) -> None:
        said = confirmation(
            self.templates,
            publication=self.publication,
            newsletter=self.newsletter,
            language=self.newsletter.language_for(self.wishes.language),
            now=self.now,
        )
        await self._put(Lane.CONFIRMATION, person, said)

    async def _remind(self, bond: Subscription) -> None:
        said = reminder(
            self.templates,
            publication=self.publication,
            newsletter=self.newsletter,
            language=self.newsletter.language_for(bond.wishes.language),
            now=self.now,
        )
        await self._put(Lane.REMINDER, bond.subscriber, said)

    async def _put(self, lane: Lane, person: int, said: Rendition) -> None:
        """Put a mail into the ledger."""
        await composing.add_deliveries(
            self.connection,
            lane=lane,
            newsletter=self.newsletter.slug,
            issue=None,
            rendition_of={person: await renditions.add(self.connection, said)},
            due=self.now,
            now=self.now,
        )


async def holder(store: Store, tokens: Tokens, purpose: Purpose, token: str) -> Subscription:
    """Find whose token this is. Changes nothing.

    Raises TokenError for one that was not made here, without a look at the database: how long
    that takes tells nothing of what is in it. Raises TokenEnded if the subscription has gone.
    """
    id, *_ = tokens.read(purpose, token)
    async with store.read() as connection:
        found = await subscribers.subscription(connection, id)
    if found is None:
        raise TokenEnded("the subscription of this link is no longer there")
    return found


def require_confirmable(bond: Subscription, newsletter: Newsletter, now: datetime) -> None:
    """See to it that a link which confirms has not ended. Raises TokenEnded.

    It ends some time after a person was asked, so that an old mail subscribes nobody, and when
    they leave: leaving is final. Until then it may be used again and again.
    """
    is_late = now >= bond.created + newsletter.confirm_within
    if bond.state is SubscriptionState.ENDED or (
        bond.state is SubscriptionState.PENDING and is_late
    ):
        raise TokenEnded("this link confirms nothing any more", newsletter.slug)


async def confirm(
    store: Store,
    tokens: Tokens,
    token: str,
    *,
    consent: Mapping[str, str],
    wording: str,
    clock: Clock,
) -> Subscription:
    """Make a pending subscription active; harmless when it is already. Raises TokenError.

    A token of a subscription that has ended meanwhile confirms nothing: leaving is final. Whoever
    was erased, or has complained, and now confirms may be mailed again: it is their own wish, later
    than the other, and made with what only the mailbox got. No wish heals a mailbox that bounces.
    ``wording`` is what the person was shown beside the button.
    """
    found = await holder(store, tokens, Purpose.CONFIRM, token)
    now = clock()
    async with store.write() as connection:
        shown = await consents.word(connection, wording, now)
        told = {**consent, "confirmed_wording": shown}
        if await subscriptions.activate(connection, found.id, told, now):
            await suppressions.lift_own(connection, key(found.address), found.newsletter, now)
    return await holder(store, tokens, Purpose.CONFIRM, token)


async def in_mail(store: Store, tokens: Tokens, token: str) -> list[Subscription]:
    """Find the subscriptions that the link of a mail leaves. Changes nothing. Raises TokenError.

    The first is that of the newsletter whose mail it is; there are others where several
    newsletters share a mail.
    """
    ids = tokens.read(Purpose.UNSUBSCRIBE, token)
    async with store.read() as connection:
        found = await leaving.in_mail(connection, *ids)
    if not found:
        raise TokenEnded("the subscription of this link is no longer there")
    return found


async def unsubscribe(
    store: Store,
    tokens: Tokens,
    token: str,
    *,
    only: str = "",
    by: str = subscriptions.PAGE,
    clock: Clock,
) -> list[Subscription]:
    """End the subscriptions that a mail came by; harmless when they have ended. Raises TokenError.

    ``only`` names the one newsletter of the mail that is meant, ``by`` how they said so. It is in
    force when this returns, for an issue under way as well: claims and the mark before each message
    ask the subscription's row. Gives what the mail came by, as it is then.
    Whoever follows the link of a mail has it, so if it was in doubt, it is no more.
    """
    id, *mailed = tokens.read(Purpose.UNSUBSCRIBE, token)
    rendition = next(iter(mailed), None)
    # All in one: each transaction more is another wait while an issue goes out.
    async with store.write() as connection:
        found = await leaving.in_mail(connection, id, rendition)
        if not found:
            raise TokenEnded("the subscription of this link is no longer there")
        await leaving.leave(
            connection,
            [each for each in found if each.newsletter == only] or found,
            rendition=rendition,
            how="left by its own link",
            by=by,
            now=clock(),
        )
        return await leaving.in_mail(connection, id, rendition)


async def choose(
    store: Store, tokens: Tokens, token: str, wishes: Wishes, *, clock: Clock
) -> Subscription:
    """Let a person have it otherwise: how often, when, what of it. Raises TokenError.

    Loses nothing and repeats nothing: what they had is in the ledger, and how far they were
    considered stays with their subscription.
    """
    found = await holder(store, tokens, Purpose.PREFERENCES, token)
    async with store.write() as connection:
        await subscriptions.choose(connection, found.id, wishes, clock())
    return await holder(store, tokens, Purpose.PREFERENCES, token)
