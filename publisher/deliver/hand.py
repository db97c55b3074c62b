"""The rows that a run has leased: claimed in chunks, handed out singly, kept while they are out.

A chunk is large, since a claim costs the database about the same for one row as for hundreds. So
that an issue under way holds up nobody, confirmations are looked for apart, twice a second,
and go first; and rows of an issue that is no longer open go back instead of out. That is
for speed: whether a row may be sent is judged again by the statement that marks it as sending.
Rows that have to wait for their domain are passed over (`publisher.deliver.rows`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from publisher.deliver.admission import Admission
from publisher.deliver.domains import Domains
from publisher.deliver.gate import Gate
from publisher.deliver.rows import Rows, interleaved
from publisher.deliver.throttle import Throttle
from publisher.deliver.witness import Witness
from publisher.model import Claim, Share
from publisher.ports import Clock
from publisher.store import generation, ledger
from publisher.store.engine import Store

_CHUNK = 500
_GLANCE_SECONDS = 0.5


@dataclass(kw_only=True)
class Hand:
    """Rows in hand. ``is_over`` says that no more are to be begun; `shake` tells of a change.

    ``give_back`` has a row recorded as pending that is to come again in so many seconds. There is
    one row alone if it ``is_probe``.
    `fill`, `watch` and `keep` run beside those who `take`.
    """

    store: Store
    clock: Clock
    newsletters: Collection[str]
    shares: Mapping[str, Share]
    lease: timedelta
    throttle: Throttle
    domains: Domains
    admission: Admission
    is_over: Callable[[], bool]
    give_back: Callable[[Claim, float], None]
    witness: Witness | None = None
    is_probe: bool = False

    def __post_init__(self) -> None:
        self.claims: dict[int, Claim] = {}  # leased by us, whether begun or not
        self._rows = Rows(self._gates, self._send_away)  # of those, the ones not begun
        self._closed: set[int] = set()  # issues that are not open any more
        self._is_all = False
        self._is_noted = False  # that something was claimed
        self._is_wanted = asyncio.Event()  # the next chunk
        self._alarm: asyncio.TimerHandle | None = None
        self._ringing: asyncio.Task[None] | None = None
        self._moved = asyncio.Condition()
        self._is_done = asyncio.Event()

    async def take(self) -> Claim | None:
        """Wait for a row to send; None when there will be none."""
        if (claim := self.take_now()) is not None:
            return claim
        async with self._moved:
            while not self.is_over():
                if (claim := self.take_now()) is not None:
                    return claim
                # While another connection has a row in hand it may come back, should that one fail.
                if self._is_all and not self.claims:
                    break
                await self._moved.wait()
            self._moved.notify_all()
        return None

    def take_now(self) -> Claim | None:
        """Give a row to send, if there is one."""
        if self.is_over() or not self.throttle.has_room(len(self.claims) - len(self._rows)):
            return None
        loop = asyncio.get_running_loop()
        claim = self._rows.next(loop.time())
        if self._rows.ready <= _CHUNK // 2:
            self._is_wanted.set()  # the next chunk comes while this one is sent
        self._set_alarm(loop)
        return claim

    def is_closed(self, claim: Claim) -> bool:
        """Say whether the issue of a row was seen to be no longer open."""
        return claim.issue in self._closed

    def close(self, issue: int) -> None:
        """Know that an issue is open no longer, before `watch` sees it."""
        self._closed.add(issue)

    async def put_back(self, claim: Claim) -> None:
        """Let another connection have a row, the next one that takes any."""
        async with self._moved:
            self._rows.over(claim, asyncio.get_running_loop().time())
            self._rows.add_first([claim])
            if self.is_over():
                self._is_wanted.set()  # nothing more; `fill` is to see that
            self._moved.notify_all()

    async def let_go(self, claim: Claim) -> None:
        """Have a row no longer, since something has become of it."""
        self.claims.pop(claim.delivery, None)
        self.admission.unused(claim)
        is_room = self._rows.over(claim, asyncio.get_running_loop().time())
        if not self.claims or self.throttle.is_in_use:
            await self.shake()
        elif is_room:
            async with self._moved:
                self._moved.notify()

    async def shake(self) -> None:
        """Have everybody who waits here look again."""
        self._is_wanted.set()
        async with self._moved:
            self._moved.notify_all()

    def end(self) -> None:
        """Let `watch` and `keep` return."""
        self._is_done.set()
        if self._alarm is not None:
            self._alarm.cancel()

    # --- what runs beside ---------------------------------------------------------------------

    async def fill(self) -> None:
        """Claim chunk by chunk until nothing is due, or no more is to be begun."""
        while not self.is_over():
            if await self._claim(is_urgent=False) and not self.is_probe:
                self._is_wanted.clear()
                if self._rows.ready > _CHUNK // 2:
                    await self._is_wanted.wait()
            elif len(self._rows) > self._rows.ready and not self.is_probe:
                # What waits for its domain must not keep what falls due meanwhile.
                await self._done_within(_GLANCE_SECONDS)
            else:
                break
        async with self._moved:
            self._is_all = True
            self._moved.notify_all()

    async def watch(self) -> None:
        """Look out for confirmations, and for issues that may be sent no longer."""
        while not await self._done_within(_GLANCE_SECONDS):
            now = self.clock()
            async with self.store.read() as connection:
                is_urgent = await ledger.is_urgent(connection, self.newsletters, now)
                may_go = self.admission.within_hours(self.newsletters, now)
                open_issues = await ledger.open_issues(connection, may_go)
            begun = {claim.issue for claim in self.claims.values() if claim.issue is not None}
            self._closed = begun - open_issues.keys()
            if is_urgent and not self.is_probe:
                await self._claim(is_urgent=True)

    async def keep(self) -> None:
        """Renew the leases of what is in hand."""
        while not await self._done_within(self.lease.total_seconds() / 3):
            if self.claims:
                async with self.store.write() as connection:
                    claims = list(self.claims.values())
                    await ledger.extend(connection, claims, self.clock() + self.lease)

    async def _claim(self, *, is_urgent: bool) -> bool:
        """Claim a chunk; say whether anything was due."""
        async with self.store.write() as connection:
            now = self.clock()
            found = await ledger.claim(
                connection,
                newsletters=self.newsletters,
                issues_of=await self.admission.open(connection, self.newsletters, now),
                shares=self.shares,
                is_urgent=is_urgent,
                limit=1 if self.is_probe else _CHUNK,
                now=now,
                lease_ends=now + self.lease,
            )
            claims, denied = await self.admission.admit(connection, found, now)
            await ledger.unclaim(connection, denied, now)
            number = await generation.advance(connection) if claims else 0
        if claims:
            await self._note(number)
            async with self._moved:
                self.claims |= {claim.delivery: claim for claim in claims}
                self.domains.forget(asyncio.get_running_loop().time(), self._rows.is_used)
                if is_urgent:
                    self._rows.add_first(claims)
                elif self.domains.has_limits:
                    self._rows.add(interleaved(claims, self.domains.name))
                else:
                    self._rows.add(claims)
                self._moved.notify_all()
        return bool(found)

    async def conclude(self) -> None:
        """Part what was before this run from what comes after, for copies of the ledger."""
        if self._is_noted:
            async with self.store.write() as connection:
                number = await generation.advance(connection)
            await self._note(number)

    async def _note(self, number: int) -> None:
        if self.witness is not None:
            await self.witness.note(number)
            self._is_noted = True

    def _gates(self, claim: Claim) -> tuple[Gate, ...]:
        if not (self.admission.gates or self.domains.are_watched):
            return ()
        gates = (self.admission.gates.get(claim.newsletter), self.domains.gate(claim))
        return tuple(gate for gate in gates if gate is not None)

    def _send_away(self, claim: Claim, seconds: float) -> None:
        self.claims.pop(claim.delivery, None)
        self.admission.unused(claim)
        self.give_back(claim, seconds)

    def _set_alarm(self, loop: asyncio.AbstractEventLoop) -> None:
        """See to it that somebody looks again when a gate opens by time."""
        opens = self._rows.opens
        if opens is None or (self._alarm is not None and self._alarm.when() <= opens):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_at(opens, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._ringing = asyncio.ensure_future(self._wake_one())

    async def _wake_one(self) -> None:
        async with self._moved:
            self._moved.notify()

    async def _done_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._is_done.wait()
        except TimeoutError:
            return False
        return True
