"""Telling a webhook what has happened: each event once at least, one after the other.

In order, since what a receiver keeps is then what we have, and a position says how far it is. The
price is that what it does not take holds up what comes behind it, so nothing is ever left out by
itself: after some days it is left alone, and whoever has mended it has it go on where it stopped.
Each webhook has a row, a lease and a session of its own, and delays no other.
"""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta

import structlog

from publisher import notices as words
from publisher.config.site import Webhook
from publisher.errors import FetchError
from publisher.fetch import Answer, Fetcher, Limits, user_agent
from publisher.model import Publication
from publisher.ports import Clock
from publisher.store import notices, webhooks
from publisher.store.engine import Store
from publisher.store.events import Told
from publisher.store.webhooks import Turn
from publisher.webhooks.shape import shaped
from publisher.webhooks.signing import signed

log = structlog.get_logger()

# What it answers is not read. It must not lead elsewhere: the message is for nobody else.
_LIMITS = Limits(seconds=20, connect_seconds=10, redirects=0)
# Longer than a call may take and a position stays unwritten.
_LEASE = timedelta(minutes=1)
# How far a position may lag behind what was told: so much is told again after a crash.
_WRITTEN = timedelta(seconds=1)
_PAGE = 100
_FIRST_RETRY = timedelta(seconds=5)
_LONGEST_RETRY = timedelta(hours=1)
# More doublings than that make no difference.
_MOST_DOUBLINGS = 10
_ADMIN_TOLD = timedelta(days=1)
_GIVE_UP = timedelta(days=5)


async def tell(
    store: Store, hook: Webhook, publication: Publication, *, clock: Clock, stop: asyncio.Event
) -> int:
    """Tell a webhook everything that it is to be told now; give how many events it took.

    Returns when there is no more, when it takes no more, or soon after ``stop`` is set. Raises
    StoreError when the database stays away.
    """
    async with store.read() as connection:
        if not await webhooks.is_due(connection, hook.name, clock()):
            return 0
    async with store.write() as connection:
        now = clock()
        turn = await webhooks.claim(connection, hook.name, now=now, lease_ends=now + _LEASE)
    if turn is None:
        return 0
    async with _fetcher(hook, publication) as fetcher:
        return await _Telling(store, hook, turn, fetcher, clock=clock, stop=stop).whole()


async def try_out(hook: Webhook, publication: Publication, now: datetime) -> Answer:
    """Send a webhook a message of the kind "test"; give what it answers. Raises FetchError."""
    shape = {
        "type": "test",
        "timestamp": now.isoformat(),
        "data": {"webhook": hook.name, "site": publication.base_url},
    }
    message = signed(hook.key, f"test_{_micros(now):x}", shape, now)
    async with _fetcher(hook, publication) as fetcher:
        return await fetcher.hand_over(hook.url, message.body, message.headers)


def _fetcher(hook: Webhook, publication: Publication) -> Fetcher:
    agent = user_agent(publication.base_url)
    return Fetcher(agent=agent, allow_private=hook.allow_private, limits=_LIMITS)


class _Telling:
    """One turn of a webhook: page after page, until it has everything or does not take more."""

    def __init__(
        self,
        store: Store,
        hook: Webhook,
        turn: Turn,
        fetcher: Fetcher,
        *,
        clock: Clock,
        stop: asyncio.Event,
    ) -> None:
        self._store = store
        self._hook = hook
        self._turn = turn
        self._fetcher = fetcher
        self._clock = clock
        self._stop = stop
        self._position = turn.position
        self._written = clock()
        self._taken = 0

    async def whole(self) -> int:
        while True:
            async with self._store.read() as connection:
                news, reached = await webhooks.news(
                    connection, self._position, self._hook.kinds, _PAGE
                )
            if not news:
                await self._rest(reached)
                return self._taken
            for told in news:
                if self._stop.is_set():
                    await self._rest(self._position)
                    return self._taken
                if not await self._tell(told):
                    return self._taken

    async def _tell(self, told: Told) -> bool:
        """Tell one event; False if it is not taken, or the turn is somebody else's by now."""
        message = signed(self._hook.key, _message_id(told), shaped(told), self._clock())
        answer, reason = None, ""
        try:
            answer = await self._fetcher.hand_over(self._hook.url, message.body, message.headers)
        except FetchError as error:
            reason = error.reason
        else:
            if not answer.is_good:
                reason = f"it answers {answer.status}"
        if reason:
            await self._fail(answer, reason)
            return False
        self._position = told.id
        self._taken += 1
        now = self._clock()
        if now - self._written < _WRITTEN:
            return True
        self._written = now
        async with self._store.write() as connection:
            return await webhooks.reach(
                connection, self._turn, self._position, now=now, due=now + _LEASE
            )

    async def _rest(self, position: int) -> None:
        """End the turn: up to a position there is nothing left to tell."""
        now = self._clock()
        async with self._store.write() as connection:
            if self._taken:
                await webhooks.reach(connection, self._turn, position, now=now, due=now)
            else:
                await webhooks.pass_over(connection, self._turn, position, due=now)

    async def _fail(self, answer: Answer | None, reason: str) -> None:
        """End the turn before an event that is not taken, and say when it is tried again."""
        now = self._clock()
        # What it took before was the end of an earlier failure.
        failing = now if self._taken or self._turn.failing is None else self._turn.failing
        failures = 0 if self._taken else self._turn.failures
        wants_no_more = answer is not None and answer.status == 410
        is_over = wants_no_more or now - failing >= _GIVE_UP
        async with self._store.write() as connection:
            if not await webhooks.put_off(
                connection,
                self._turn,
                self._position,
                due=now + _wait(failures, answer, now),
                failing=failing,
                failures=failures + 1,
                stopped=now if is_over else None,
                error=reason,
            ):
                return
            if is_over:
                notice = words.webhook_stopped(self._hook.name, now, reason)
                await notices.add(connection, notice, now)
            elif now - failing >= _ADMIN_TOLD:
                notice = words.webhook_fails(self._hook.name, failing, reason)
                await notices.add(connection, notice, now)
        log.warning("webhook not told", webhook=self._hook.name, reason=reason, is_stopped=is_over)


def _wait(failures: int, answer: Answer | None, now: datetime) -> timedelta:
    doublings = min(failures, _MOST_DOUBLINGS)
    wait: timedelta = min(_FIRST_RETRY * 2**doublings, _LONGEST_RETRY)
    wait *= random.uniform(0.8, 1.2)  # noqa: S311 -- spreads load, hides nothing
    wished = answer.rest(now) if answer else None
    return max(wait, min(wished or timedelta(), _LONGEST_RETRY))


def _message_id(told: Told) -> str:
    """Name an event, the same in every attempt and in a replay.

    With its time, since a database that is restored from an earlier copy gives ids again.
    """
    return f"evt_{told.id}_{_micros(told.event.occurred):x}"


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
