from __future__ import annotations

from publisher.store import sampling
from tests.rig.desk import Desk


async def sampled(desk: Desk, most: int, cadence: str = "daily") -> list[str]:
    async with desk.store.read() as connection:
        found = await sampling.readers(connection, desk.newsletter.slug, cadence, most=most)
    return [one.address.mailbox.partition("@")[0] for one in found]


async def test_sample_is_spread_from_the_first_to_the_last(desk: Desk) -> None:
    for number in range(9):
        await desk.join(f"p{number}")

    assert ["p0", "p4", "p8"] == await sampled(desk, 3)


async def test_sample_of_few_is_all_of_them_once(desk: Desk) -> None:
    for name in ("ann", "bob"):
        await desk.join(name)

    assert ["ann", "bob"] == await sampled(desk, 20)


async def test_sample_has_active_readers_of_the_cadence_only(desk: Desk) -> None:
    await desk.join("gone")
    await desk.leave("gone")
    await desk.join("asked", confirmed=False)
    await desk.join("weekly", cadence="weekly")
    await desk.join("ann")

    assert ["ann"] == await sampled(desk, 20)
    assert [] == await sampled(desk, 20, cadence="instant")


async def test_audiences_are_those_of_the_cadence(desk: Desk) -> None:
    await desk.bring("tide")
    await desk.join("ann")
    await desk.join("weekly", cadence="weekly")
    await desk.issue_now()
    await desk.join("bob")

    async with desk.store.read() as connection:
        slug = desk.newsletter.slug
        now = await sampling.audience(connection, slug, "daily")
        last = await sampling.last_audience(connection, slug, "daily")
        none = await sampling.last_audience(connection, slug, "weekly")

    assert (2, 1, None) == (now, last, none)
