"""Send what the ledger says is due, over connections that are kept.

For each row: claim it (a lease), offer the envelope, commit the mark `sending`, and only then
transmit; then record what became of it. Marks and outcomes go down in group commits: whatever
has gathered while the last commit ran goes into the next. An outcome is always queued before
the same connection's next mark, so after a crash at most one row for each open connection is
`sending`, and only those are in doubt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from publisher.deliver.breaker import Breaker
from publisher.deliver.consequences import is_dead, pause, suppress
from publisher.deliver.hand import Hand
from publisher.deliver.outcomes import Outcomes
from publisher.deliver.relay import Relay, Sent
from publisher.deliver.throttle import Throttle
from publisher.deliver.witness import Witness
from publisher.errors import AddressError, InDoubt, Refused, Unreachable, first_cause
from publisher.letters import Letters
from publisher.model import Claim, InDoubtPolicy, Message, Newsletter, Share
from publisher.ports import Clock, Transport
from publisher.store import accounts
from publisher.store.engine import Store
from publisher.store.group import GroupCommit
from publisher.store.settling import Outcome

__all__ = ["LEASE", "Relay", "Sent", "decide_doubt", "deliver", "give_up_unsent"]

log = structlog.get_logger()

LEASE = timedelta(seconds=60)


async def decide_doubt(store: Store, newsletters: Collection[Newsletter], *, clock: Clock) -> int:
    """Apply each newsletter's policy to its rows in doubt; give how many were decided."""
    decided = 0
    for newsletter in newsletters:
        if newsletter.in_doubt is InDoubtPolicy.ASK:
            continue
        async with store.write() as connection:
            decided += await accounts.resolve_doubt(
                connection,
                newsletter.slug,
                resend=newsletter.in_doubt is InDoubtPolicy.RESEND,
                now=clock(),
            )
    return decided


async def give_up_unsent(store: Store, witness: Witness, *, clock: Clock) -> int:
    """Take a database for what it is now, after it was put back; give how many mails were unsent.

    Each of them may have gone out, and counts as failed: nobody sends it again by itself.
    """
    async with store.write() as connection:
        count = await accounts.doubt_unsent(connection, clock())
        await witness.catch_up(connection)
    return count


async def deliver(
    store: Store,
    relay: Relay,
    letters: Letters,
    *,
    newsletters: Collection[str],
    shares: Mapping[str, Share] | None = None,
    clock: Clock,
    stop: asyncio.Event,
    lease: timedelta = LEASE,
    witness: Witness | None = None,
    is_probe: bool = False,
) -> Sent:
    """Send every row of these newsletters that is due, or of their ``shares``, until none is.

    One row alone, over one connection, if it ``is_probe``: whether the relay can be used again.

    Returns early, with ``error``, when the relay cannot be reached or used: no row is blamed,
    those in hand go back. When ``stop`` is set, transactions under way are finished and the
    rest goes back: nothing is left in doubt. Raises StoreError when the database stays away, or
    when the ``witness`` knows that it was further once.
    """
    if witness is not None:
        await witness.require_newest(store)
    run = _Run(
        store=store,
        relay=relay,
        letters=letters,
        newsletters=newsletters,
        shares=shares or {},
        clock=clock,
        stop=stop,
        lease=lease,
        witness=witness,
        is_probe=is_probe,
    )
    return await run.whole()


# The row that a connection sends next, if it was taken before the one before it was answered.
_Ahead = list[tuple[Claim, Message]]


@dataclass(kw_only=True)
class _Run:
    store: Store
    relay: Relay
    letters: Letters
    newsletters: Collection[str]
    shares: Mapping[str, Share]
    clock: Clock
    stop: asyncio.Event
    lease: timedelta
    witness: Witness | None
    is_probe: bool
    sent: Sent = field(default_factory=Sent)

    def __post_init__(self) -> None:
        self._alive = 1 if self.is_probe else self.relay.connections
        self._cut_off: set[int] = set()
        self._breaker = Breaker()
        # Each connection may have one row that is answered and one that is announced.
        self._throttle = Throttle(self.relay.connections * (2 if self.relay.is_ahead else 1))
        self._hand = Hand(
            store=self.store,
            clock=self.clock,
            newsletters=self.newsletters,
            shares=self.shares,
            lease=self.lease,
            throttle=self._throttle,
            domains=self.relay.domains,
            admission=self.relay.admission,
            is_over=lambda: self.stop.is_set() or self.sent.error is not None,
            give_back=self._give_back,
            witness=self.witness,
            is_probe=self.is_probe,
        )
        self._commits = GroupCommit(self.store, self.clock, self.lease)
        self._outcomes = Outcomes(self.clock, self.relay.give_up_after, self.sent)

    async def whole(self) -> Sent:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._commits.run())
                tasks.create_task(self._hand.keep())
                tasks.create_task(self._hand.watch())
                heeding = tasks.create_task(self._heed_stop())
                async with asyncio.TaskGroup() as workers:
                    workers.create_task(self._hand.fill())
                    for _ in range(self._alive):
                        workers.create_task(self._connection())
                for claim in list(self._hand.claims.values()):  # claimed and not sent
                    await self._finish(self._outcomes.pending(claim))
                # Told to end, not cancelled: a write that is cut off costs its connection.
                self._hand.end()
                self._commits.end()
                heeding.cancel()
        except ExceptionGroup as group:
            # Whatever failed in one task ended all; the first cause says it best.
            self.relay.admission.drop()
            raise first_cause(group) from group
        await self.relay.admission.close(self.store, self.clock())
        await self._hand.conclude()
        return self.sent

    async def _connection(self) -> None:
        """Send rows over one connection until there are no more, or it cannot be had."""
        transport = self.relay.connect()
        ahead: _Ahead = []
        is_proven = is_excused = False
        try:
            while True:
                if ahead and not self._hand.is_over():
                    claim, message = ahead.pop()
                elif (taken := await self._hand.take()) is not None:
                    claim, message = taken, None
                else:
                    return
                try:
                    await self._send(transport, claim, message, ahead)
                    is_proven, is_excused = True, False
                except Unreachable as error:
                    if error.of_recipient and self._was_cut_off(claim) and not is_excused:
                        # It may be this recipient at which the relay hangs up: the next row tells.
                        await self._finish(self._outcomes.put_off(claim, str(error)))
                        is_proven, is_excused = False, True
                        continue
                    await self._hand_back(claim, error, retire=not is_proven)
                    if not is_proven:
                        return
                    now = asyncio.get_running_loop().time()
                    domains = self.relay.domains
                    if not error.of_recipient or domains.complained(claim, str(error), now):
                        self._slow(str(error))
                    is_proven = False  # cut after some use, as relays do: connect again
        finally:
            for claim, _ in ahead:
                await self._hand.put_back(claim)
            await transport.close()

    def _was_cut_off(self, claim: Claim) -> bool:
        """Say whether the relay has hung up before in answer to this very row."""
        before = claim.delivery in self._cut_off
        self._cut_off.add(claim.delivery)
        return before

    async def _hand_back(self, claim: Claim, error: Unreachable, *, retire: bool) -> None:
        """Let another connection, or this one once more, have a row that was not taken.

        A connection that could not be had is given up; the last of them speaks for the relay.
        """
        self._commits.settle(self._outcomes.pending(claim, wait=self.lease, reply=str(error)))
        if retire:
            self._alive -= 1
            log.debug("connection given up", relay=self.relay.name, left=self._alive)
        if self._alive == 0:
            self.sent.error = str(error)
        await self._hand.put_back(claim)

    async def _heed_stop(self) -> None:
        await self.stop.wait()
        await self._hand.shake()

    async def _send(
        self, transport: Transport, claim: Claim, message: Message | None, ahead: _Ahead
    ) -> None:
        """Send one row, of which the message may be written already; put the next into ``ahead``.

        Raises Unreachable when it was surely not taken and nobody refused it.
        """
        if self._hand.is_closed(claim):
            await self._finish(self._outcomes.pending(claim))
            return
        if message is None and (message := await self._write(claim)) is None:
            return
        if self.relay.pace is not None and not await self.relay.pace.turn(self.stop):
            await self._finish(self._outcomes.pending(claim))
            return
        try:
            await transport.offer(message)
            # Written before the mark: nothing is to come between that and the content.
            following = await self._write_ahead(ahead)
            is_marked = await self._commits.mark(claim)
            if not (is_marked and self.relay.admission.use(claim, self.clock)):
                await transport.close()  # the envelope is open: it must not stay so
                await self._finish(self._outcomes.pending(claim))
                return
            reply = await transport.transmit(following)
        except Refused as refusal:
            if self.relay.domains.refused(claim, refusal, asyncio.get_running_loop().time()):
                self._slow(str(refusal))
            if is_dead(refusal):
                await suppress(self.store, claim, self.clock())
            await self._finish(self._outcomes.refused(claim, refusal))
            if self._breaker.refused(claim, refusal) and claim.issue is not None:
                self._hand.close(claim.issue)  # at once, while it is still being written down
                await pause(self.store, claim.issue, self.relay.name, str(refusal), self.clock())
        except InDoubt as doubt:
            await self._finish(self._outcomes.in_doubt(claim, str(doubt)))
        else:
            self._breaker.accepted(claim)
            self._throttle.speed()
            self.relay.domains.accepted(claim)
            await self._finish(self._outcomes.accepted(claim, reply))

    async def _write(self, claim: Claim) -> Message | None:
        """Write the message of a row; None if that cannot be done, and the row has failed."""
        try:
            return await self.letters.write(claim)
        except (ValueError, AddressError) as error:
            await self._finish(self._outcomes.failed(claim, f"no message can be made: {error}"))
            return None

    async def _write_ahead(self, ahead: _Ahead) -> Message | None:
        """Take and write the row that is to follow, if that may be announced already."""
        if not self.relay.is_ahead or self.relay.pace is not None or self.is_probe:
            return None
        claim = self._hand.take_now()
        if claim is None or (message := await self._write(claim)) is None:
            return None
        ahead.append((claim, message))
        return message

    def _slow(self, reason: str) -> None:
        if self._throttle.slow(asyncio.get_running_loop().time()):
            at_once = int(self._throttle.limit)
            log.info("relay slowed", relay=self.relay.name, at_once=at_once, reason=reason)

    def _give_back(self, claim: Claim, seconds: float) -> None:
        wait = timedelta(seconds=seconds)
        self._commits.settle(self._outcomes.pending(claim, wait=wait))

    async def _finish(self, outcome: Outcome) -> None:
        if self._cut_off:
            self._cut_off.discard(outcome.claim.delivery)
        self._commits.settle(outcome)
        await self._hand.let_go(outcome.claim)
