"""What becomes of people who come in by a list, on both databases."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from publisher.importing import Became, Importer
from publisher.mail import address as addresses
from publisher.model import Entry, Lane, Subscription, SubscriptionState, Wishes
from publisher.store import events, subscribers, suppressions
from publisher.store.engine import Store
from publisher.store.rehearsal import Rehearsal
from publisher.store.tables import deliveries
from publisher.store.tables import subscribers as people
from publisher.subscribe import Subscribed, subscribe
from tests.rig.desk import Desk

ACTIVE, PENDING, ENDED = (
    SubscriptionState.ACTIVE,
    SubscriptionState.PENDING,
    SubscriptionState.ENDED,
)
YEAR = timedelta(days=365)


def entry(name: str, state: SubscriptionState | None = None, **facts: Any) -> Entry:
    text = name if "@" in name else f"{name}@example.org"
    return Entry(address=addresses.parse(text), state=state, **facts)


async def take(
    desk: Desk,
    *entries: Entry,
    state: SubscriptionState | None = None,
    rehearsal: Rehearsal | None = None,
) -> dict[str, int]:
    importer = Importer(
        store=desk.store,
        newsletter=desk.newsletter,
        usual=desk.newsletter.default_cadence,
        state=state,
        consent={"added_by": "import", "file": "people.csv"},
        publication=desk.publication,
        templates=desk.templates,
        clock=desk.clock,
        rehearsal=rehearsal,
    )
    return {str(name): count for name, count in (await importer.take(entries)).items()}


async def bonds(desk: Desk) -> dict[str, Subscription]:
    async with desk.store.read() as connection:
        found = await subscribers.page(connection)
    return {each.address.mailbox.partition("@")[0]: each for each in found}


async def states(desk: Desk) -> dict[str, SubscriptionState]:
    return {name: each.state for name, each in (await bonds(desk)).items()}


async def asked(desk: Desk) -> int:
    async with desk.store.read() as connection:
        counted = select(func.count()).where(deliveries.c.lane == Lane.CONFIRMATION)
        return int(await connection.scalar(counted) or 0)


async def suppressed(desk: Desk) -> Mapping[str, str]:
    async with desk.store.read() as connection:
        found = await suppressions.page(connection, limit=100)
    return {each.address_key or each.hash: each.reason for each in found}


async def test_people_come_in_as_they_stand_there(desk: Desk) -> None:
    then = desk.clock() - YEAR
    ann = Entry(
        address=addresses.parse("ann@example.org"),
        state=ACTIVE,
        created=then,
        confirmed=then + timedelta(days=1),
        cadence="instant",
        topics=("a", "b"),
        language="de",
        own_time="7@",
        paused_until=desk.clock() + YEAR,
        consent={"ip": "192.0.2.1"},
    )

    became = await take(
        *(desk, ann, entry("bob", PENDING, created=then), entry("cat", ENDED, ended=then)),
        *(
            entry("dan", ENDED, suppressed="hard_bounce"),
            entry("eve", created=then),
            entry("fay", suppressed="manual"),
        ),
    )

    assert {"active": 1, "pending": 1, "ended": 1, "suppressed": 2, "asked": 1} == became
    assert {
        **{"ann": ACTIVE, "bob": PENDING, "cat": ENDED},
        **{"dan": ENDED, "eve": PENDING, "fay": ENDED},
    } == await states(desk)
    assert {"dan@example.org": "hard_bounce", "fay@example.org": "manual"} == await suppressed(desk)
    # Only who has not been asked anywhere is asked.
    assert 1 == await asked(desk)
    found = await bonds(desk)
    assert (then, then + timedelta(days=1), None) == (
        *(found["ann"].created, found["ann"].confirmed, found["ann"].ended),
    )
    # They have as long to confirm as anybody has who signs up here.
    assert {desk.clock()} == {found[name].created for name in ("bob", "eve")}
    wishes = found["ann"].wishes
    assert ("instant", ("a", "b"), "de", "7@") == (
        *(wishes.cadence, wishes.topics, wishes.language, str(wishes.own_time)),
    )
    assert desk.clock() + YEAR == wishes.paused_until
    assert {"added_by": "import", "file": "people.csv", "ip": "192.0.2.1"} == found["ann"].consent
    assert (then, None) == (found["cat"].ended, found["cat"].confirmed)
    assert {"added_by": "import", "file": "people.csv"} == found["bob"].consent


async def test_first_issue_of_who_comes_by_a_list_begins_behind_the_last(desk: Desk) -> None:
    await desk.bring("old")
    await desk.join("reader")
    await desk.issue_now()
    await desk.bring("new")

    await take(desk, entry("ann"), state=ACTIVE)

    assert {"ann": ["new"], "reader": ["new"]} == await desk.told_to(await desk.issue_now())


CASES = [
    # Who has left here stays away, whatever the list says.
    ("left", ACTIVE, "left", ENDED),
    ("left", PENDING, "left", ENDED),
    ("left", None, "left", ENDED),
    ("left", ENDED, "left", ENDED),
    ("reads", ACTIVE, "already", ACTIVE),
    ("reads", PENDING, "already", ACTIVE),
    ("reads", None, "already", ACTIVE),
    ("asked", ACTIVE, "active", ACTIVE),
    ("asked", PENDING, "waiting", PENDING),
    ("asked", None, "waiting", PENDING),
    # Nobody knows when they left there, and they came here by themselves.
    ("reads", ENDED, "already", ACTIVE),
    ("asked", ENDED, "waiting", PENDING),
    # They came by a list, and leave by one.
    ("imported", ENDED, "ended", ENDED),
    # They are never mailed.
    ("barred", ACTIVE, "barred", None),
    ("barred", None, "barred", None),
    ("barred", ENDED, "barred", None),
    ("reads and barred", ACTIVE, "already", ACTIVE),
    ("asked and barred", ACTIVE, "barred", PENDING),
]


async def test_a_list_brings_nobody_back(desk: Desk) -> None:
    names = [f"reader{number}" for number in range(len(CASES))]
    for name, (here, *_) in zip(names, CASES, strict=True):
        if "imported" in here:
            await take(desk, entry(name), state=ACTIVE)
        elif here != "barred":
            await desk.ask(name, confirmed="asked" not in here)
        if here == "left":
            await desk.leave(name)
        if "barred" in here:
            await desk.suppress(name)
    before = await bonds(desk)
    desk.clock.advance(hours=1)

    with Rehearsal() as rehearsal:
        entries = [
            entry(name.upper(), there) for name, (_, there, *_) in zip(names, CASES, strict=True)
        ]
        rehearsed = [await take(desk, each, rehearsal=rehearsal) for each in entries]
        assert before == await bonds(desk)
        told = [await take(desk, each) for each in entries]

    assert [{became: 1} for *_, became, _ in CASES] == told == rehearsed
    after = await bonds(desk)
    for name, (here, there, became, state) in zip(names, CASES, strict=True):
        assert state == (after[name].state if name in after else None), (here, there)
        if became in ("left", "already", "waiting"):
            assert before[name] == after[name], (here, there)


async def test_who_left_there_leaves_here_if_it_was_later(desk: Desk) -> None:
    await desk.join("ann")
    await desk.join("bob")
    came = desk.clock()
    desk.clock.advance(days=2)
    left = {"ann": came - timedelta(days=1), "bob": came + timedelta(days=1)}

    became = await take(desk, *(entry(name, ENDED, ended=when) for name, when in left.items()))

    assert {"already": 1, "ended": 1} == became
    found = await bonds(desk)
    assert (None, left["bob"]) == (found["ann"].ended, found["bob"].ended)
    # How and when they came stays on record.
    assert ({"by": "test"}, came) == (found["bob"].consent, found["bob"].confirmed)


async def test_who_confirmed_there_meanwhile_need_not_confirm_here(desk: Desk) -> None:
    await take(desk, entry("ann", PENDING, consent={"ip": "192.0.2.1"}))
    confirmed = desk.clock() - timedelta(hours=1)

    await take(desk, entry("ann", ACTIVE, confirmed=confirmed, consent={"page": "x"}))

    bond = await desk.bond("ann")
    assert (ACTIVE, confirmed, 0) == (bond.state, bond.confirmed, await asked(desk))
    assert {"ip": "192.0.2.1", "page": "x"}.items() <= dict(bond.consent).items()


LISTS: list[list[Entry]] = [
    [entry("ann", ACTIVE), entry("ann", ACTIVE), entry("ann", PENDING), entry("ann")],
    [entry("ann", ACTIVE), entry("ann", ENDED)],
    [entry("ann", ENDED), entry("ann", ACTIVE)],
    [entry("ann"), entry("ann"), entry("ann", ACTIVE), entry("ann", ENDED)],
    [entry("ann", PENDING), entry("ann", ACTIVE)],
    [entry("ann", ACTIVE), entry("ann", ENDED, suppressed="complaint"), entry("ann", ACTIVE)],
    [entry("ann", ENDED, suppressed="complaint"), entry("ann", ENDED, suppressed="manual")],
]


async def test_it_makes_no_difference_where_a_list_is_cut(desk: Desk) -> None:
    for number, told in enumerate(LISTS):
        apart, together = (
            [
                replace(one, address=addresses.parse(f"{begin}{number}{one.address.mailbox}"))
                for one in told
            ]
            for begin in ("a", "b")
        )
        counts: list[Counter[str]] = [Counter(), Counter()]
        with Rehearsal() as rehearsal:
            rehearsed = await take(desk, *together, rehearsal=rehearsal)
            for each in apart:
                counts[0].update(await take(desk, each, rehearsal=rehearsal))
        for each in apart:
            counts[1].update(await take(desk, each))

        assert [rehearsed, rehearsed, rehearsed] == [*counts, await take(desk, *together)], told
        found = await states(desk)
        assert found[f"a{number}ann"] == found[f"b{number}ann"]


async def test_who_was_erased_is_not_taken_in_however_a_list_tells_of_them(desk: Desk) -> None:
    async with desk.store.write() as connection:
        await suppressions.forget(connection, "ann@example.org", desk.clock())

    became = await take(
        desk, entry("Ann", ACTIVE), entry("ann", ENDED, suppressed="hard_bounce"), entry("bob")
    )

    assert {"barred": 2, "asked": 1} == became
    assert {"bob": PENDING} == await states(desk)
    assert "ann@example.org" not in await suppressed(desk)


async def test_other_programs_are_told_of_each(desk: Desk) -> None:
    await desk.join("reads")
    await take(desk, entry("asked", PENDING), entry("moved", ACTIVE, language="de"))
    async with desk.store.read() as connection:
        behind = await events.newest(connection)
    later = desk.clock() + timedelta(hours=1)
    desk.clock.advance(days=1)

    await take(
        *(desk, entry("ann", ACTIVE, language="de", topics=("a",)), entry("asked", ACTIVE)),
        *(entry("reads", ENDED, ended=later), entry("bob", ENDED, suppressed="complaint")),
        *(entry("moved", ENDED), entry("moved")),
    )

    async with desk.store.read() as connection:
        told = [each.event for each in await events.page(connection, after=behind)]
    assert sorted(
        [
            ("subscriber.imported", "ann@example.org"),
            ("subscriber.imported", "bob@example.org"),
            ("subscription.confirmed", "asked@example.org"),
            ("subscription.ended", "moved@example.org"),
            ("subscription.ended", "reads@example.org"),
            ("suppression.added", "bob@example.org"),
        ]
    ) == sorted((each.kind, each.address) for each in told)
    ann = next(each for each in told if each.address == "ann@example.org")
    assert {"state": "active", "cadence": "daily", "language": "de", "topics": ["a"]} == ann.data
    assert (desk.clock(), "digest") == (ann.occurred, ann.newsletter)
    assert (await desk.bond("ann")).subscriber == ann.subscriber


async def test_a_list_that_is_read_again_changes_nothing(desk: Desk) -> None:
    entries = [entry("ann", ACTIVE), entry("bob", PENDING), entry("cat", ENDED), entry("dan")]
    entries.append(entry("eve", ENDED, suppressed="hard_bounce"))
    await take(desk, *entries)
    before = await bonds(desk)
    desk.clock.advance(hours=1)

    became = await take(desk, *entries)

    assert {"already": 1, "waiting": 2, "left": 2} == became
    assert (before, 1) == (await bonds(desk), await asked(desk))


async def test_a_name_is_added_and_never_replaced(desk: Desk) -> None:
    await desk.ask("Ann A <ann@example.org>", confirmed=True)
    await desk.ask("bob@example.org", confirmed=True)

    await take(
        *(desk, entry("X <ann@example.org>"), entry("Bob B <Bob@example.org>"), entry("cat")),
    )

    async with desk.store.read() as connection:
        rows = await connection.execute(select(people.c.mailbox, people.c.name))
        assert {
            **{"ann@example.org": "Ann A", "bob@example.org": "Bob B"},
            "cat@example.org": "",
        } == {row.mailbox: row.name for row in rows}


async def test_confirmations_are_in_the_language_of_each(desk: Desk) -> None:
    await take(desk, entry("ann"), entry("bob"), entry("cat", language="xx"))

    assert 3 == await asked(desk)
    assert 3 == len(await desk.claim())


async def test_times_lie_in_the_database_as_others_do(desk: Desk) -> None:
    moment = datetime.fromisoformat("2024-01-02T03:04:05+05:30")

    await take(desk, entry("ann", ACTIVE, created=moment, confirmed=moment))

    bond = await desk.bond("ann")
    assert (moment, moment) == (bond.created, bond.confirmed)
    async with desk.store.read() as connection:
        later = await subscribers.page(connection, newsletter="digest", state=ACTIVE)
    assert [bond] == later


def test_every_outcome_has_words() -> None:
    from publisher.cli.importing import _TOLD

    assert {str(each) for each in Became} == set(_TOLD) - {"elsewhere"}


async def test_a_sign_up_gets_through_while_a_list_comes_in(
    desk: Desk, second_store: Store
) -> None:
    chunks = [[entry(f"x{number}.{one}") for one in range(500)] for number in range(100)]
    sign_up = asyncio.create_task(
        subscribe(
            second_store,
            desk.newsletter,
            addresses.parse("ann@example.org"),
            wishes=Wishes(cadence="daily"),
            confirmed=True,
            consent={},
            publication=desk.publication,
            templates=desk.templates,
            clock=desk.clock,
        )
    )

    taken = 0
    while not sign_up.done():
        await take(desk, *chunks[taken], state=ACTIVE)
        taken += 1

    assert (await sign_up, True) == (Subscribed.ACTIVE, taken < len(chunks))
