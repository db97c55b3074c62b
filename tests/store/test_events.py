"""What is told to other programs: with the change itself, in the order of the commits, once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from publisher.model import DeliveryState, Event, EventKind, IssueState, Wishes
from publisher.prune import prune
from publisher.store import (
    accounts,
    events,
    finishing,
    issues,
    subscriptions,
    suppressions,
)
from publisher.store.engine import Store
from publisher.store.events import Told
from tests.rig import builders
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk


async def told(store: Store, after: int = 0) -> list[Told]:
    async with store.read() as connection:
        return await events.page(connection, after=after)


async def kinds(desk: Desk, after: int = 0) -> list[str]:
    return [str(event.kind) for _, event in await told(desk.store, after)]


async def upto(desk: Desk) -> int:
    async with desk.store.read() as connection:
        return await events.newest(connection)


def happened(clock: SettableClock, address: str = "ann@example.org") -> Event:
    return Event(kind=EventKind.COMPLAINT, occurred=clock(), address=address)


async def finish(desk: Desk) -> bool:
    async with desk.store.write() as connection:
        found = await finishing.is_any_finished(connection, desk.clock())
        await finishing.finish(connection, desk.clock())
    return found


async def test_life_of_a_reader_is_told(desk: Desk) -> None:
    id = await desk.join("Ann.Lee@Example.org", confirmed=False)
    async with desk.store.write() as connection:
        assert await subscriptions.activate(connection, id, {}, desk.clock())
        assert not await subscriptions.activate(connection, id, {}, desk.clock())
    desk.clock.advance(hours=1)
    async with desk.store.write() as connection:
        wishes = Wishes(cadence="weekly", topics=("b", "a"), paused_until=desk.clock())
        assert await subscriptions.choose(connection, id, wishes, desk.clock())
    async with desk.store.write() as connection:
        assert await subscriptions.end(connection, id, desk.clock())
        assert not await subscriptions.end(connection, id, desk.clock())
    await desk.ask("Ann.Lee@Example.org", confirmed=False)
    await desk.suppress("Ann.Lee@Example.org")
    await desk.suppress("Ann.Lee@Example.org")
    async with desk.store.write() as connection:
        assert await suppressions.unsuppress(connection, "ann.lee@example.org", desk.clock())
        assert not await suppressions.unsuppress(connection, "ann.lee@example.org", desk.clock())

    found = [event for _, event in await told(desk.store)]

    assert [event.kind for event in found] == [
        "subscription.asked",
        "subscription.confirmed",
        "subscription.changed",
        "subscription.ended",
        "subscription.asked",
        "suppression.added",
        "suppression.removed",
    ]
    person = (await desk.bond("Ann.Lee@Example.org")).subscriber
    assert {event.subscriber for event in found} == {person}
    assert {event.address for event in found[:5]} == {"Ann.Lee@example.org"}
    assert {event.address for event in found[5:]} == {"ann.lee@example.org"}
    assert {event.newsletter for event in found} == {desk.newsletter.slug, None}
    changed = desk.clock().isoformat()
    assert found[0].data == {"cadence": "daily"}
    assert found[2].data == {"cadence": "weekly", "topics": ["a", "b"], "paused_until": changed}
    assert found[2].occurred == desk.clock()
    assert found[5].data == {"reason": "hard_bounce"}


async def test_many_who_join_at_once_are_told_of_one_by_one(desk: Desk) -> None:
    async with desk.store.write() as connection:
        events.note(connection, *(happened(desk.clock, f"{n}@example.org") for n in range(3000)))

    async with desk.store.read() as connection:
        first = await events.page(connection, limit=1000)
        rest = await events.page(connection, after=first[-1].id, limit=5000)

    assert [event.address for _, event in first + rest] == [f"{n}@example.org" for n in range(3000)]


async def test_issue_is_told_of_from_its_slot_to_its_end(desk: Desk) -> None:
    await desk.join("ann")
    await desk.join("bob")
    await desk.bring("one")
    begun = await upto(desk)

    empty = await desk.issue_now("weekly")
    issue = await desk.issue_now()
    for state, before in (
        (IssueState.PAUSED, IssueState.OPEN),
        (IssueState.OPEN, IssueState.PAUSED),
    ):
        async with desk.store.write() as connection:
            for _ in range(2):
                await issues.change_state(
                    connection, issue.id, come_from=[before], go_to=state, now=desk.clock()
                )
    await finish(desk)
    claims = await desk.claim()
    await desk.mark(claims)
    await desk.settle(claims[:1], DeliveryState.ACCEPTED)
    was_finished = await finish(desk)
    await desk.settle(claims[1:], DeliveryState.FAILED)

    assert not was_finished
    assert await finish(desk)
    assert not await finish(desk)
    found = await told(desk.store, begun)
    assert [(str(event.kind), event.issue) for _, event in found] == [
        ("issue.held", empty.id),
        ("issue.empty", empty.id),
        ("issue.held", issue.id),
        ("issue.opened", issue.id),
        ("issue.paused", issue.id),
        ("issue.resumed", issue.id),
        ("delivery.failed", issue.id),
        ("issue.finished", issue.id),
    ]
    assert found[3].event.data["audience"] == 2
    assert found[3].event.data["number"] == 1
    failed = found[6].event
    assert failed.address == claims[1].address.mailbox
    assert failed.subscriber == claims[1].subscriber
    assert failed.data["lane"] == "issue"

    async with desk.store.write() as connection:
        await accounts.retry(connection, issue.id, failed=True, in_doubt=False, now=desk.clock())
    retried = await upto(desk)
    assert not await finish(desk)
    await desk.stop(issue)
    assert await kinds(desk, retried) == ["issue.stopped"]


async def test_mail_that_evidence_says_never_arrived_is_told_of(desk: Desk) -> None:
    for name in ("ann", "bob"):
        await desk.join(name)
    await desk.bring("one")
    await desk.issue_now()
    claims = await desk.claim()
    await desk.mark(claims)
    desk.clock.advance(minutes=10)
    begun = await upto(desk)

    async with desk.store.write() as connection:
        for claim, arrived in zip(claims, (True, False), strict=True):
            await accounts.settle_doubt(
                connection, claim.delivery, arrived=arrived, reply="", now=desk.clock()
            )

    (failed,) = await told(desk.store, begun)
    assert failed.event.kind is EventKind.DELIVERY_FAILED
    assert failed.event.subscriber == claims[1].subscriber


@pytest.mark.parametrize("resend", [True, False])
async def test_doubt_that_is_decided_is_told(desk: Desk, *, resend: bool) -> None:
    await desk.join("ann")
    await desk.bring("one")
    issue = await desk.issue_now()
    await desk.mark(await desk.claim())
    desk.clock.advance(minutes=10)
    assert await finish(desk)  # nothing would be sent by itself
    begun = await upto(desk)

    async with desk.store.write() as connection:
        await accounts.resolve_doubt(
            connection, desk.newsletter.slug, resend=resend, now=desk.clock()
        )
    decided = await kinds(desk, begun)
    claims = await desk.claim()
    await desk.mark(claims)
    await desk.settle(claims, DeliveryState.ACCEPTED)
    await finish(desk)

    assert decided == ([] if resend else ["delivery.failed"])
    assert await kinds(desk, begun) == (["issue.finished"] if resend else ["delivery.failed"])
    assert (await desk.issue(issue.id)).state is IssueState.OPEN


async def test_change_that_is_rolled_back_is_not_told(store: Store, clock: SettableClock) -> None:
    async def fail() -> None:
        async with store.write() as connection:
            events.note(connection, happened(clock))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with store.write() as connection:
        events.note(connection, happened(clock, "bob@example.org"))

    assert [event.address for _, event in await told(store)] == ["bob@example.org"]


async def test_nothing_can_be_told_where_nothing_is_written(
    store: Store, clock: SettableClock
) -> None:
    async with store.read() as connection:
        with pytest.raises(KeyError):
            events.note(connection, happened(clock))


async def test_sending_thread_tells_as_well(store: Store, clock: SettableClock) -> None:
    for _ in range(2):
        await store.commit(lambda connection: events.note(connection, happened(clock)))

    assert len(await told(store)) == 2


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_id_is_never_lower_than_one_that_was_read_before(
    store: Store, second_store: Store, clock: SettableClock
) -> None:
    """Of two that change something at once, the one that began first commits last."""

    async def other() -> None:
        async with second_store.write() as connection:
            events.note(connection, happened(clock, "second@example.org"))

    async with store.write() as connection:
        events.note(connection, happened(clock, "first@example.org"))
        await other()
    assert [event.address for _, event in await told(store)] == [
        "second@example.org",
        "first@example.org",
    ]

    # Nor while one has written what it tells, and is about to commit.
    async with store.write() as connection:
        await connection.run_sync(events.write_down, [happened(clock, "third@example.org")])
        overtaking = asyncio.create_task(other())
        async with second_store.read() as looking:
            waiting = text(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            )
            while not (await looking.scalar(waiting) or overtaking.done()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert len(await told(second_store)) == 2
    await overtaking
    assert [event.address for _, event in await told(store)][2:] == [
        "third@example.org",
        "second@example.org",
    ]


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_reader_beside_many_writers_misses_none(
    store: Store, second_store: Store, clock: SettableClock
) -> None:
    async def write(number: int) -> None:
        async with (store, second_store)[number % 2].write() as connection:
            events.note(connection, *[happened(clock, f"{number}@example.org")] * 3)
            await connection.execute(text("SELECT pg_sleep(0.001 * :n)"), {"n": number * 7 % 11})

    writing = [asyncio.create_task(write(number)) for number in range(60)]
    seen: list[int] = []
    is_over = False
    while not is_over:
        is_over = all(task.done() for task in writing)
        seen += [id for id, _ in await told(second_store, seen[-1] if seen else 0)]
    await asyncio.gather(*writing)

    assert len(seen) == 180
    assert seen == [id for id, _ in await told(store)]


async def test_events_of_a_person_are_redacted_with_them(desk: Desk) -> None:
    await desk.suppress("ann")  # before anybody of that address was known
    async with desk.store.write() as connection:
        await suppressions.unsuppress(connection, "ann@example.org", desk.clock())
    await desk.join("ann")
    await desk.join("bob")
    person = (await desk.bond("ann")).subscriber
    async with desk.store.write() as connection:
        moved = replace(happened(desk.clock), subscriber=person, data={"from": "x@example.org"})
        events.note(connection, moved)

    async with desk.store.write() as connection:
        assert await events.redact(connection, person, "ann@example.org") == 4

    found = [event for _, event in await told(desk.store)]
    assert [(event.kind, event.address) for event in found] == [
        ("suppression.added", None),
        ("suppression.removed", None),
        ("subscription.confirmed", None),
        ("subscription.confirmed", "bob@example.org"),
        ("complaint", None),
    ]
    assert [dict(event.data) for event in found] == [{}, {}, {}, {"cadence": "daily"}, {}]
    assert found[2].newsletter == desk.newsletter.slug


async def test_events_are_found_by_kind_and_time_and_pruned_by_age(
    store: Store, clock: SettableClock
) -> None:
    start = clock()
    for number in range(4):
        async with store.write() as connection:
            kind = EventKind.COMPLAINT if number % 2 else EventKind.BOUNCE_HARD
            events.note(connection, Event(kind=kind, occurred=clock(), data={"number": number}))
        clock.advance(hours=1)

    async with store.write() as connection:
        complaints = await events.page(connection, kinds=[EventKind.COMPLAINT])
        places = [
            await events.before(connection, start + timedelta(hours=hours))
            for hours in (-1, 0, 0.5, 3, 4)
        ]
    pruned = [
        (await prune(store, replace(builders.RETENTION, events=age), clock=clock))["events"]
        for age in (timedelta(hours=2), timedelta())
    ]
    assert pruned == [2, 2]
    async with store.write() as connection:
        assert await events.newest(connection) == 0
        events.note(connection, happened(clock))

    ids = [each.id for each in complaints]
    assert [each.event.data["number"] for each in complaints] == [1, 3]
    assert places == [ids[0] - 2, ids[0] - 2, ids[0] - 1, ids[1] - 1, ids[1]]
    assert [each.id for each in await told(store)] == [ids[1] + 1]
