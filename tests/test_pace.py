"""The pace of a relay, by a clock that the test turns."""

from __future__ import annotations

import asyncio

import pytest

from publisher.deliver.pace import Pace


async def turns(pace: Pace, seconds: float) -> list[float]:
    """Take turns for so long; give when each came."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.call_later(seconds, stop.set)
    times = []
    while not stop.is_set() and await pace.turn(stop):
        times.append(loop.time())
    return times


@pytest.mark.parametrize(("mails", "seconds"), [(20, 1), (1200, 60)])
async def test_so_many_go_in_a_time(mails: int, seconds: int) -> None:
    """At most, and in the first moment as well: a slow machine may take fewer."""
    times = await turns(Pace(mails, seconds), 0.5)

    assert len(times) > 1
    assert len(times) <= (times[-1] - times[0]) / (seconds / mails) + 1.1


async def test_rest_is_not_made_up_for() -> None:
    pace = Pace(20, 1)
    await turns(pace, 0.1)
    await asyncio.sleep(0.3)

    first, second, third = (await turns(pace, 0.25))[:3]

    assert third - first >= 2 / 20 * 0.95
    assert second - first >= 1 / 20 * 0.95


async def test_those_who_wait_go_one_after_the_other() -> None:
    pace, stop = Pace(50, 1), asyncio.Event()
    loop = asyncio.get_running_loop()

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
    assert pace._next == pytest.approx(waits)
