"""Group commit: many senders wait for one transaction, so that durability costs each little.

Whatever has gathered while the last commit ran goes down in the next, in one transaction.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from publisher.errors import StoreError
from publisher.model import Claim
from publisher.ports import Clock
from publisher.store import settling
from publisher.store.engine import Store
from publisher.store.settling import Outcome

log = structlog.get_logger()

_TRIES = 6


class GroupCommit:
    """The one writer of a delivery run. ``run`` must be running while anybody waits."""

    def __init__(self, store: Store, clock: Clock, lease: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._lease = lease
        self._marks: list[tuple[Claim, asyncio.Future[bool]]] = []
        self._outcomes: dict[int, Outcome] = {}  # the last one of each row
        self._work = asyncio.Event()
        self._is_ended = False

    async def mark(self, claim: Claim) -> bool:
        """Wait until a row is durably `sending`; False if it must not be sent.

        Outcomes settled before are durable by then as well.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._marks.append((claim, done))
        self._work.set()
        return await done

    def settle(self, outcome: Outcome) -> None:
        """Have an outcome recorded with the next commit, in the place of one that is not yet."""
        self._outcomes[outcome.claim.delivery] = outcome
        self._work.set()

    def end(self) -> None:
        """Let ``run`` return once everything settled so far is durable."""
        self._is_ended = True
        self._work.set()

    async def run(self) -> None:
        """Commit what gathers until told to end. Raises StoreError when the database stays away."""
        while not self._is_ended:
            await self._work.wait()
            await self._commit()
        await self._commit()  # what was settled while the one before was written

    async def _commit(self) -> None:
        self._work.clear()
        marks, self._marks = self._marks, []
        outcomes, self._outcomes = list(self._outcomes.values()), {}
        if marks or outcomes:
            allowed = await self._write([claim for claim, _ in marks], outcomes)
            for claim, done in marks:
                if not done.done():
                    done.set_result(claim.delivery in allowed)

    async def _write(self, marks: list[Claim], outcomes: list[Outcome]) -> set[int]:
        """Write both in one transaction, trying again while the database is away (F24)."""
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._store.commit(partial(self._record, marks, outcomes))
            except StoreError as error:
                if attempt == _TRIES:
                    raise
                log.warning("ledger not written, trying again", reason=str(error))
                await asyncio.sleep(2**attempt / 4)
        raise AssertionError

    def _record(
        self, marks: list[Claim], outcomes: list[Outcome], connection: Connection
    ) -> set[int]:
        now = self._clock()
        taken = settling.settle(connection, outcomes, now)
        if taken != len(outcomes):
            log.warning("outcomes fenced off", rows=len(outcomes) - taken)
        return settling.mark_sending(connection, marks, now, now + self._lease) if marks else set()
