"""What has been kept for long enough goes, a few rows at a time; the proof stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from publisher import prune as pruning
from publisher.model import BounceKind, Consequence, MoveState, Notice
from publisher.prune import prune
from publisher.store import notices as noted
from publisher.store import tables as t
from publisher.subscribe import Subscribed
from tests.rig import builders
from tests.rig.desk import Desk

DAY = timedelta(days=1)
KEPT = replace(
    builders.RETENTION,
    left=10 * DAY,
    unconfirmed=3 * DAY,
    replies=5 * DAY,
    notices=5 * DAY,
    bounces=5 * DAY,
    quarantine=5 * DAY,
    events=5 * DAY,
)

SOFT = {
    "kind": BounceKind.SOFT,
    "status": "4.2.2",
    "diagnostic": "full",
    "consequence": Consequence.NONE,
}


async def pruned(desk: Desk, *, is_dry: bool = False) -> dict[str, int]:
    """Prune; give what went, without what nothing went of."""
    gone = await prune(desk.store, KEPT, is_dry=is_dry, clock=desk.clock)
    return {name: rows for name, rows in gone.items() if rows}


async def rows(desk: Desk, table: Any) -> list[Any]:
    async with desk.store.read() as connection:
        return list(await connection.execute(select(table).order_by(table.c.id)))


async def states(desk: Desk) -> dict[str, tuple[str, dict[str, str]]]:
    """Map who has a subscription to its state and consent."""
    async with desk.store.read() as connection:
        found = await connection.execute(
            select(t.subscribers.c.mailbox, t.subscriptions.c.state, t.subscriptions.c.consent)
            .join(t.subscriptions, t.subscriptions.c.subscriber_id == t.subscribers.c.id)
            .order_by(t.subscriptions.c.id)
        )
        return {row.mailbox.removesuffix("@example.org"): (row.state, row.consent) for row in found}


async def test_what_is_kept_long_enough_goes_and_the_proof_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "_AT_ONCE", 2)
    for name in ("ann", "bob", "cem", "dee", "eve"):
        await desk.join(name)
    await desk.bring("one")
    issue = await desk.issue_now()
    desk.clock.advance(minutes=1)
    await desk.deliver_all()
    person = (await desk.bond("eve")).subscriber
    async with desk.store.write() as connection:
        await noted.add(connection, Notice(key="sent", subject="s", text="t"), desk.clock())
        await connection.execute(update(t.notices).values(due=None))
        await noted.add(connection, Notice(key="waits", subject="s", text="t"), desk.clock())
        await connection.execute(
            insert(t.moves).values(
                subscriber_id=person,
                newsletter="digest",
                former="eve@example.org",
                mailbox="eve@new.example",
                address_key="eve@new.example",
                state=MoveState.ASKED,
                created=desk.clock(),
            )
        )
        await connection.execute(
            insert(t.former_consents).values(
                subscription_id=(await desk.bond("eve")).id,
                consent={"by": "form"},
                created=desk.clock(),
                confirmed=desk.clock(),
                ended=desk.clock(),
            )
        )
        for table, about in (
            (
                t.quarantine,
                {
                    "recipients": "bounce@example.org",
                    "reason": "empty",
                    "raw": b"",
                    "size_bytes": 0,
                },
            ),
            (t.bounces, {"subscriber_id": person, "address_key": "eve@example.org"} | SOFT),
        ):
            known = {"digest": "d", "via": "pipe", "received": desk.clock()}
            await connection.execute(insert(table).values(**known, **about))
    for name in ("ann", "bob", "cem"):
        await desk.leave(name)
    balance = await desk.balance(issue)
    ledger = [row.id for row in await rows(desk, t.deliveries)]
    early = await pruned(desk)

    desk.clock.advance(days=5, seconds=-30)
    before = await pruned(desk)
    desk.clock.advance(seconds=31)
    dry = await pruned(desk, is_dry=True)
    middle = await pruned(desk)
    desk.clock.advance(days=5)
    late = await pruned(desk)
    again = await pruned(desk)

    assert (early, before, again) == ({}, {"events": 7}, {})
    assert dry == middle
    assert middle == {
        "replies of relays": 5,
        "notices": 1,
        "changes of address": 1,
        "bounces and complaints": 1,
        "mails in quarantine": 1,
        "events": 3,
    }
    # That they were erased is an event.
    assert late == {"people who left": 3, "consents of times before": 1}
    assert len(await rows(desk, t.notices)) == 1  # that is still to be sent
    assert await states(desk) == dict.fromkeys(("dee", "eve"), ("active", {"by": "test"}))
    assert [row.id for row in await rows(desk, t.deliveries)] == ledger
    assert {row.reply for row in await rows(desk, t.deliveries)} == {""}
    assert await desk.balance(issue) == balance
    assert await desk.repeats() == []
    assert [await desk.ask(name, confirmed=True) for name in ("ann", "dee")] == [
        Subscribed.SUPPRESSED,
        Subscribed.ALREADY,
    ]


async def test_who_reads_something_else_keeps_that_they_left(desk: Desk) -> None:
    await desk.join("ann")
    await desk.leave("ann")
    desk.newsletter = builders.newsletter(slug="other")
    await desk.join("ann")
    desk.clock.advance(days=11)

    gone = await pruned(desk)

    assert gone.pop("events") == 3
    assert gone == {"consents of subscriptions that ended": 1}
    found = await rows(desk, t.subscriptions)
    assert [(row.state, row.consent) for row in found] == [
        ("ended", {}),
        ("active", {"by": "test"}),
    ]
    desk.newsletter = builders.newsletter()
    assert await desk.ask("ann", confirmed=True) is Subscribed.ENDED


async def test_sign_ups_that_nobody_confirms_are_forgotten(desk: Desk) -> None:
    """Who had left before has left; who reads something else goes on; the others are nobody."""
    await desk.join("left")
    await desk.leave("left")
    await desk.join("reads")
    desk.newsletter = builders.newsletter(slug="other")
    for name in ("reads", "new"):
        await desk.ask(name, confirmed=False)
    desk.newsletter = builders.newsletter()
    await desk.ask("left", confirmed=False)
    desk.clock.advance(days=3, seconds=1)
    await desk.ask("late", confirmed=False)

    gone = await pruned(desk)

    assert gone == {"sign-ups that nobody confirmed": 3}
    assert {name: state for name, (state, _) in (await states(desk)).items()} == {
        "left": "ended",
        "reads": "active",
        "late": "pending",
    }
    assert sorted(row.mailbox for row in await rows(desk, t.subscribers)) == [
        "erased",
        "late@example.org",
        "left@example.org",
        "reads@example.org",
    ]
    # They never were ours: an import may ask them.
    assert await desk.ask("new", confirmed=True) is Subscribed.ACTIVE
    assert await desk.ask("left", confirmed=True) is Subscribed.ENDED
