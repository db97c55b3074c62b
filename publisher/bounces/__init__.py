"""What comes back is recorded, and what follows from it is done, in one transaction.

Whoever brings a mail here may forget it once this has returned, and not before. What cannot be
proven to be about a mail of ours, by a token that we signed or by a provider that signs, has no
consequence but that it is counted (A32).
"""

from __future__ import annotations

import asyncio
import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.errors import AddressError, PublisherError, TokenError
from publisher.letters import Stationery
from publisher.mail.address import key, parse
from publisher.mail.incoming import LIMIT_BYTES, read
from publisher.mail.incoming.opened import line
from publisher.model import BounceKind, Consequence, SuppressionReason, Verdict
from publisher.ports import Clock
from publisher.store import (
    accounts,
    addressees,
    bounces,
    leaving,
    quarantine,
    subscriptions,
    suppressions,
)
from publisher.store.addressees import About
from publisher.store.engine import Store
from publisher.tokens import Purpose

log = structlog.get_logger()

# Enough for the largest of readers' problems; beyond it somebody plays with their token.
_MOST_A_DAY = 50
# Whoever calls us may name anything: RFC 5321 §4.5.3.1.3 allows a path of 256.
_RECIPIENT_CHARACTERS = 256
_MOST_RECIPIENTS = 20
_DAY = timedelta(days=1)
# A report comes soon after its mail; nobody has had so many since.
_MAILS_TRIED = 100
# After so many half-lives a soft bounce weighs a thousandth.
_HALF_LIVES = 10


class Taken(enum.StrEnum):
    """What became of a mail, or of a provider's event."""

    RECORDED = "recorded"
    QUARANTINED = "quarantined"
    DOUBLED = "doubled"  # a copy of what is here
    FOREIGN = "foreign"  # about no mail of ours, or nobody can tell
    TOO_MANY = "too_many"  # of one person


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When soft bounces suppress an address.

    Each day with one adds 1 to its score, which halves in ``half_life``.
    """

    limit: float
    half_life: timedelta


class Bounces:
    """Takes in what comes back to one site."""

    def __init__(
        self,
        store: Store,
        *,
        stationery: Stationery,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._store = store
        self._with = stationery
        self._policy = policy
        self._clock = clock

    async def take(self, raw: bytes, recipients: Sequence[str] = (), *, via: str) -> Taken:
        """Take in one mail; ``recipients`` are those of its envelope, as far as known.

        Raises StoreError, and PublisherError if the site has no address for bounces.
        """
        recipients = [line(each, _RECIPIENT_CHARACTERS) for each in recipients[:_MOST_RECIPIENTS]]
        verdict = await self._read(raw, recipients)
        async with self._store.write() as connection:
            now = self._clock()
            taken = await self._judge(connection, verdict, via, is_signed=False)
            if taken is Taken.QUARANTINED:
                dropped = await quarantine.keep(
                    connection,
                    raw,
                    verdict,
                    recipients=recipients,
                    via=via,
                    limit_bytes=LIMIT_BYTES,
                    now=now,
                )
                taken = Taken.DOUBLED if dropped is None else taken
                if dropped:
                    await bounces.count(connection, "dropped", now, mails=dropped)
            await self._count(connection, verdict.kind, taken)
        return taken

    async def hear(self, verdict: Verdict, *, via: str) -> Taken:
        """Take in what a provider says, whose signature is good. Raises StoreError."""
        async with self._store.write() as connection:
            taken = await self._judge(connection, verdict, via, is_signed=True)
            await self._count(connection, verdict.kind, taken)
        return taken

    async def ignore(self, what: str) -> None:
        """Count what is not even looked at, such as an event without a signature."""
        async with self._store.write() as connection:
            await bounces.count(connection, what, self._clock())

    async def retry(self, id: int) -> Taken | None:
        """Read a mail in quarantine once more; it leaves if it can be read now.

        None if there is none of this id.
        """
        async with self._store.read() as connection:
            found = await quarantine.get(connection, id)
        if found is None:
            return None
        kept, raw = found
        if not kept.is_whole:
            return Taken.QUARANTINED
        verdict = await self._read(raw, kept.recipients)
        async with self._store.write() as connection:
            taken = await self._judge(connection, verdict, kept.via, is_signed=False)
            if taken is not Taken.QUARANTINED:
                await quarantine.drop(connection, id)
                await self._count(connection, verdict.kind, taken)
        return taken

    async def _read(self, raw: bytes, recipients: Sequence[str]) -> Verdict:
        if self._with.bounce is None:
            raise PublisherError(
                "bounces.address is not set, so nobody can tell whose bounce it is"
            )
        # A large one takes a second.
        verdict = await asyncio.to_thread(read, raw, recipients, self._with.bounce)
        if verdict.kind not in (BounceKind.UNSUBSCRIBE, BounceKind.UNPARSED):
            return verdict
        # The address is the wish (RFC 2369 §3.2), whatever stands in the mail; no other one is.
        if self._signed(Purpose.UNSUBSCRIBE, verdict.tokens):
            return replace(verdict, kind=BounceKind.UNSUBSCRIBE)
        reason = verdict.reason or "asks to leave, at an address that is not for it"
        return replace(verdict, kind=BounceKind.UNPARSED, reason=reason)

    async def _count(self, connection: AsyncConnection, kind: BounceKind, taken: Taken) -> None:
        what = kind if taken is Taken.RECORDED else taken
        await bounces.count(connection, str(what), self._clock())

    async def _judge(
        self, connection: AsyncConnection, verdict: Verdict, via: str, *, is_signed: bool
    ) -> Taken:
        """Record what it says, and do what follows from it."""
        now = self._clock()
        if verdict.kind is BounceKind.UNSUBSCRIBE:
            return await self._leave(connection, verdict, via, now)
        about = await self._about(connection, verdict, is_signed=is_signed)
        if verdict.kind is BounceKind.UNPARSED:
            is_forged = about is None and verdict.tokens
            return Taken.FOREIGN if is_forged else Taken.QUARANTINED
        if about is None:
            return Taken.FOREIGN
        if about.delivery is not None:
            # Whatever is told of a mail, it was taken.
            how = f"taken, as what came back shows: {verdict.kind}"
            await accounts.settle_doubt(
                connection, about.delivery, arrived=True, reply=how, now=now
            )
        if verdict.kind is BounceKind.DELIVERED:
            return Taken.RECORDED  # a provider tells it of each mail: there is no more to keep
        id = await self._record(connection, verdict, about, via, now)
        if isinstance(id, Taken):
            return id
        if (reason := await self._reason(connection, verdict, about, now)) is not None:
            if verdict.kind is BounceKind.COMPLAINT and about.subscription is not None:
                await subscriptions.end(connection, about.subscription, now, by="complaint")
            if await suppressions.suppress(connection, about.address_key, reason, now):
                await bounces.conclude(connection, id, Consequence.SUPPRESSED)
                log.info("address suppressed", bounce=id, reason=reason)
        return Taken.RECORDED

    async def _record(
        self,
        connection: AsyncConnection,
        verdict: Verdict,
        about: About,
        via: str,
        now: datetime,
    ) -> int | Taken:
        """Give the id of the new record, or why there is none."""
        if await bounces.kept_of(connection, about, now - _DAY) >= _MOST_A_DAY:
            return Taken.TOO_MANY
        id = await bounces.record(connection, verdict, about, via, now)
        return Taken.DOUBLED if id is None else id

    async def _reason(
        self, connection: AsyncConnection, verdict: Verdict, about: About, now: datetime
    ) -> SuppressionReason | None:
        """Say why the address is to be suppressed; None if it is not."""
        match verdict.kind:
            case BounceKind.HARD:
                return SuppressionReason.HARD_BOUNCE
            case BounceKind.COMPLAINT:
                return SuppressionReason.COMPLAINT
            case BounceKind.SOFT if await self._score(connection, about, now) >= self._policy.limit:
                return SuppressionReason.SOFT_BOUNCES
        return None

    async def _score(self, connection: AsyncConnection, about: About, now: datetime) -> float:
        """Add up the days on which an address has bounced softly, by how long ago they are."""
        half_life = self._policy.half_life
        # Two of one address at once would each miss the other.
        await addressees.lock(connection, about)
        since = now - _HALF_LIVES * half_life
        times = await bounces.soft_since(connection, about.address_key, since)
        # One step a day, however much comes (F33).
        days = {time.date(): time for time in reversed(times)}
        return sum(math.pow(0.5, (now - time) / half_life) for time in days.values())

    async def _leave(
        self, connection: AsyncConnection, verdict: Verdict, via: str, now: datetime
    ) -> Taken:
        """Unsubscribe whoever writes to the address that their mail names for it."""
        subscription, *mailed = self._signed(Purpose.UNSUBSCRIBE, verdict.tokens) or (0,)
        rendition = next(iter(mailed), None)
        about = await addressees.of_subscription(connection, subscription, rendition)
        if about is None:
            return Taken.FOREIGN
        # First, as whoever changes rows of the ledger and of people begins with the ledger.
        bonds = await leaving.in_mail(connection, subscription, rendition)
        await leaving.leave(
            connection, bonds, rendition=rendition, how="left by mail", by="mail", now=now
        )
        id = await self._record(connection, verdict, about, via, now)
        if isinstance(id, Taken):
            return id
        await bounces.conclude(connection, id, Consequence.UNSUBSCRIBED)
        return Taken.RECORDED

    async def _about(
        self, connection: AsyncConnection, verdict: Verdict, *, is_signed: bool
    ) -> About | None:
        """Find out whom it is about: by our token, or by the address that a provider names."""
        about = None
        if ids := self._signed(Purpose.BOUNCE, verdict.tokens):
            about = await addressees.of_delivery(connection, ids[0])
        if about is None and (ids := self._signed(Purpose.UNSUBSCRIBE, verdict.links)):
            about = await addressees.of_subscription(connection, ids[0], next(iter(ids[1:]), None))
        if about is None and is_signed and verdict.address:
            about = await self._named(connection, verdict)
        return about

    async def _named(self, connection: AsyncConnection, verdict: Verdict) -> About | None:
        """Find out by address, and by the Message-ID which of their mails it is about."""
        try:
            about = await addressees.of_address(connection, key(parse(verdict.address)))
        except AddressError:
            return None
        if about is None or not verdict.message_id:
            return about
        for mail in await addressees.mails_to(connection, about.subscriber, limit=_MAILS_TRIED):
            if mail.newsletter in self._with.newsletters and verdict.message_id == (
                self._with.message_id(
                    mail.newsletter, about.subscriber, issue=mail.issue, delivery=mail.delivery
                )
            ):
                return await addressees.of_delivery(connection, mail.delivery)
        return about

    def _signed(self, purpose: Purpose, tokens: Sequence[str]) -> tuple[int, ...] | None:
        """Give what the first of these tokens says that we signed."""
        for token in tokens:
            try:
                return self._with.tokens.read(purpose, token)
            except TokenError:
                continue
        return None
