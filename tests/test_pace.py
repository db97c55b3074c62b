"""The pace of a relay, by a clock that the test turns."""

from __future__ import annotations

import asyncio

import pytest

from publisher.deliver.pace import Pace


async def turns(pace: Pace, seconds: float) -> int:
    """Take turns for so long; give how many there were."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    taken = 0
    while await pace.turn(stop):
        taken += 1
    return taken


@pytest.mark.parametrize(("mails", "seconds"), [(20, 1), (1200, 60)])
async def test_so_many_go_in_a_time(mails: int, seconds: int) -> None:
    """At most: a slow machine may take fewer."""
    taken = await turns(Pace(mails, seconds), 0.5)

    assert 1 <= taken <= 11 + 20  # what half a second has room for, after a second's rest


async def test_those_who_wait_go_one_after_the_other() -> None:
    pace, stop = Pace(50, 1), asyncio.Event()
    loop = asyncio.get_running_loop()
    while await asyncio.wait_for(pace.turn(stop), 5) and pace._next <= loop.time():
        pass  # what a rest has left over

    async def at() -> float:
        await pace.turn(stop)
        return loop.time()

    times = sorted(await asyncio.gather(*(at() for _ in range(6))))

    assert times[-1] - times[0] >= 5 / 50 * 0.9


async def test_who_is_told_to_stop_leaves_the_turn_to_another() -> None:
    pace = Pace(1, 3600)
    stop, go_on = asyncio.Event(), asyncio.Event()
    assert await pace.turn(go_on)
    waits = pace._next
    waiting = asyncio.create_task(pace.turn(stop))
    await asyncio.sleep(0)
    stop.set()

    assert not await waiting
    assert pace._next == waits
