"""Thousands of people in one statement each: what becomes of everybody, and what is told of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from publisher.mail import address as addresses
from publisher.model import EventKind, SubscriptionState
from publisher.store import events, lists
from publisher.store.lists import Becoming
from publisher.store.tables import subscribers, subscriptions
from tests.rig.desk import Desk

ACTIVE, PENDING, ENDED = (
    SubscriptionState.ACTIVE,
    SubscriptionState.PENDING,
    SubscriptionState.ENDED,
)


def becoming(desk: Desk, state: SubscriptionState = ACTIVE, **facts: Any) -> Becoming:
    usual: dict[str, Any] = {
        **{"state": state, "cadence": "daily", "topics": "", "language": "", "own_time": ""},
        **{"created": desk.clock(), "confirmed": None, "ended": None, "paused_until": None},
        **{"covered": None, "consent": "{}", "told": json.dumps({"state": state})},
    }
    return Becoming(**(usual | facts))


async def people(desk: Desk, *keys: str) -> bool:
    async with desk.store.write() as connection:
        named = {key: addresses.parse(key) for key in keys}
        return await lists.add_people(connection, named, desk.clock())


async def test_who_was_here_before_is_known_from_who_is_new(desk: Desk) -> None:
    known = [
        await people(desk, *keys)
        for keys in (("a@example.org", "b@example.org"), ("c@example.org", "b@example.org"), ())
    ]

    assert [False, True, False] == known


async def test_each_becomes_what_is_theirs_however_many_become_the_same(desk: Desk) -> None:
    now = desk.clock()
    wanted = {}
    for number in range(60):
        those = [
            becoming(desk, confirmed=now, topics="a b"),
            becoming(desk, PENDING, consent=json.dumps({"source": f"“{number}”"})),
            becoming(desk, ENDED, ended=now - timedelta(days=number), language="de"),
        ]
        wanted[f"p/{number}+'{{x}}'@example.org"] = those[number % 3]
    await people(desk, *wanted)

    async with desk.store.write() as connection:
        await lists.add(connection, "digest", wanted, now)

    async with desk.store.read() as connection:
        rows = await connection.execute(
            select(subscribers.c.address_key, subscriptions).join_from(subscriptions, subscribers)
        )
        told = {each.event.address: each.event for each in await events.page(connection)}
    found = {
        row.address_key: Becoming(
            **{name: getattr(row, name) for name in Becoming._fields[:-2]},
            consent=json.dumps(row.consent),
            told=json.dumps(told[row.address_key].data),
        )
        for row in rows
    }
    assert {
        key: each._replace(consent=json.dumps(json.loads(each.consent)))
        for key, each in wanted.items()
    } == found
    assert {EventKind.SUBSCRIBER_IMPORTED} == {each.kind for each in told.values()}


async def test_only_what_has_changed_is_told_of(desk: Desk) -> None:
    await desk.join("stays")
    await desk.join("leaves")
    keys = ["stays@example.org", "leaves@example.org"]
    async with desk.store.write() as connection:
        found = await lists.bonds(connection, "digest", keys)
        behind = await events.newest(connection)
    # As if it had been another when it was looked at.
    stale = found[keys[0]]._replace(state=PENDING)
    ended = becoming(desk, ENDED, ended=desk.clock())

    async with desk.store.write() as connection:
        changing = [(stale, ended), (found[keys[1]], ended)]
        await lists.change(connection, "digest", changing, desk.clock())

    async with desk.store.read() as connection:
        told = [each.event.address for each in await events.page(connection, after=behind)]
    assert ["leaves@example.org"] == told
    assert [ACTIVE, ENDED] == [(await desk.bond(each)).state for each in ("stays", "leaves")]
