from __future__ import annotations

import asyncio

from sqlalchemy import func, select

from publisher.store import idempotency
from publisher.store.engine import Store
from publisher.store.idempotency import Answer, Refusal
from publisher.store.tables import idempotency as table
from tests.rig.clock import SettableClock

DONE = Answer(status=201, body={"slug": "frost"})


class Requests:
    """Requests to one site."""

    def __init__(self, store: Store, clock: SettableClock) -> None:
        self.store = store
        self.clock = clock

    async def begin(
        self, key: str = "k", digest: str = "d", source: str = "press", store: Store | None = None
    ) -> Answer | Refusal | None:
        async with (store or self.store).write() as connection:
            return await idempotency.begin(connection, source, key, digest=digest, now=self.clock())

    async def finish(self, key: str = "k", answer: Answer = DONE) -> None:
        async with self.store.write() as connection:
            await idempotency.finish(connection, "press", key, answer)

    async def forget(self, key: str = "k") -> None:
        async with self.store.write() as connection:
            await idempotency.forget(connection, "press", key)


async def test_request_that_is_sent_again_gets_the_first_answer(
    store: Store, clock: SettableClock
) -> None:
    requests = Requests(store, clock)
    first = await requests.begin()
    await requests.finish()

    again = await requests.begin()

    assert (first, again) == (None, DONE)


async def test_another_request_with_the_key_is_refused(store: Store, clock: SettableClock) -> None:
    requests = Requests(store, clock)
    await requests.begin(digest="d")
    early = await requests.begin(digest="e")
    await requests.finish()

    late = await requests.begin(digest="e")

    assert (early, late) == (Refusal.ANOTHER, Refusal.ANOTHER)


async def test_keys_of_different_sources_have_nothing_in_common(
    store: Store, clock: SettableClock
) -> None:
    requests = Requests(store, clock)
    await requests.begin()
    other = await requests.begin(digest="e", source="other")
    await requests.finish()

    again = await requests.begin(digest="e", source="other")

    assert (other, again) == (None, Refusal.UNDER_WAY)


async def test_request_that_changed_nothing_leaves_its_key_free(
    store: Store, clock: SettableClock
) -> None:
    requests = Requests(store, clock)
    await requests.begin()
    await requests.forget()

    assert await requests.begin(digest="e") is None


async def test_of_many_at_once_only_one_begins(
    store: Store, second_store: Store, clock: SettableClock
) -> None:
    requests = Requests(store, clock)

    began = await asyncio.gather(
        *(requests.begin(store=each) for each in (store, second_store) for _ in range(5))
    )

    assert began.count(None) == 1
    assert began.count(Refusal.UNDER_WAY) == 9


async def test_key_is_free_after_a_day_and_not_before(store: Store, clock: SettableClock) -> None:
    requests = Requests(store, clock)
    await requests.begin()
    await requests.finish()
    clock.advance(hours=24, seconds=-1)
    before = await requests.begin()
    clock.advance(seconds=1)

    after = await requests.begin(digest="e")

    assert (before, after) == (DONE, None)


async def test_request_of_a_process_that_died_may_be_made_again(
    store: Store, clock: SettableClock
) -> None:
    requests = Requests(store, clock)
    await requests.begin()
    clock.advance(minutes=4)
    early = await requests.begin()
    clock.advance(minutes=1)

    late = await requests.begin()

    assert (early, late) == (Refusal.UNDER_WAY, None)


async def test_old_requests_leave_no_rows_behind(store: Store, clock: SettableClock) -> None:
    requests = Requests(store, clock)
    for number in range(3):
        await requests.begin(f"key {number}")
        await requests.finish(f"key {number}")
    clock.advance(hours=24)

    await requests.begin("another")

    async with store.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(table)) == 1
