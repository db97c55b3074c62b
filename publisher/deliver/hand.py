"""The rows that a run has leased: claimed in chunks, handed out singly, kept while they are out.

A chunk is large, since a claim costs the database about the same for one row as for hundreds. So
that an issue under way holds up nobody, confirmations are looked for apart, twice a second,
and go first; and rows of an issue that is no longer open go back instead of out. That is
for speed: whether a row may be sent is judged again by the statement that marks it as sending.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from publisher.deliver.throttle import Throttle
from publisher.model import Claim
from publisher.ports import Clock
from publisher.store import ledger
from publisher.store.engine import Store

_CHUNK = 500
_GLANCE_SECONDS = 0.5


@dataclass(kw_only=True)
class Hand:
    """Rows in hand. ``is_over`` says that no more are to be begun; `shake` tells of a change.

    `fill`, `watch` and `keep` run beside those who `take`.
    """

    store: Store
    clock: Clock
    newsletters: Collection[str]
    lease: timedelta
    throttle: Throttle
    is_over: Callable[[], bool]

    def __post_init__(self) -> None:
        self.claims: dict[int, Claim] = {}  # leased by us, whether begun or not
        self._ready: deque[Claim] = deque()  # of those, the ones not begun
        self._closed: set[int] = set()  # issues that are not open any more
        self._is_all = False
        self._moved = asyncio.Condition()
        self._is_done = asyncio.Event()

    async def take(self) -> Claim | None:
        """Wait for a row to send; None when there will be none."""
        async with self._moved:
            # While another connection has a row in hand it may come back, should that one fail.
            await self._moved.wait_for(
                lambda: (
                    (self._ready and self.throttle.has_room(len(self.claims) - len(self._ready)))
                    or self.is_over()
                    or (self._is_all and not self.claims)
                )
            )
            if self.is_over() or not self._ready:
                return None
            claim = self._ready.popleft()
            if len(self._ready) == _CHUNK // 2:
                self._moved.notify_all()  # the next chunk comes while this one is sent
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
            self._ready.appendleft(claim)
            self._moved.notify_all()

    async def let_go(self, claim: Claim) -> None:
        """Have a row no longer, since something has become of it."""
        self.claims.pop(claim.delivery, None)
        if not self.claims or self.throttle.is_in_use:
            await self.shake()

    async def shake(self) -> None:
        """Have everybody who waits here look again."""
        async with self._moved:
            self._moved.notify_all()

    def end(self) -> None:
        """Let `watch` and `keep` return."""
        self._is_done.set()

    # --- what runs beside ---------------------------------------------------------------------

    async def fill(self) -> None:
        """Claim chunk by chunk until nothing is due, or no more is to be begun."""
        while not self.is_over():
            if not await self._claim(is_urgent=False):
                break
            async with self._moved:
                await self._moved.wait_for(
                    lambda: len(self._ready) <= _CHUNK // 2 or self.is_over()
                )
        async with self._moved:
            self._is_all = True
            self._moved.notify_all()

    async def watch(self) -> None:
        """Look out for confirmations, and for issues that are paused or cancelled."""
        while not await self._done_within(_GLANCE_SECONDS):
            async with self.store.read() as connection:
                is_urgent = await ledger.is_urgent(connection, self.newsletters, self.clock())
                open_issues = await ledger.open_issues(connection, self.newsletters)
            begun = {claim.issue for claim in self.claims.values() if claim.issue is not None}
            self._closed = begun - open_issues
            if is_urgent:
                await self._claim(is_urgent=True)

    async def keep(self) -> None:
        """Renew the leases of what is in hand."""
        while not await self._done_within(self.lease.total_seconds() / 3):
            if self.claims:
                async with self.store.write() as connection:
                    claims = list(self.claims.values())
                    await ledger.extend(connection, claims, self.clock() + self.lease)

    async def _claim(self, *, is_urgent: bool) -> bool:
        async with self.store.write() as connection:
            now = self.clock()
            claims = await ledger.claim(
                connection,
                newsletters=self.newsletters,
                is_urgent=is_urgent,
                limit=_CHUNK,
                now=now,
                lease_ends=now + self.lease,
            )
        if claims:
            async with self._moved:
                self.claims |= {claim.delivery: claim for claim in claims}
                if is_urgent:
                    self._ready.extendleft(reversed(claims))
                else:
                    self._ready.extend(claims)
                self._moved.notify_all()
        return bool(claims)

    async def _done_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._is_done.wait()
        except TimeoutError:
            return False
        return True
