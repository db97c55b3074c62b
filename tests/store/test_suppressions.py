"""Who is never mailed: by what scope, for how long, and known again by a hash alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select

from publisher.model import DeliveryState, SuppressionReason
from publisher.store import keys, suppressions
from publisher.store.suppressions import Wanted
from publisher.store.tables import suppressions as table
from tests.rig.desk import Desk

DAY = timedelta(days=1)
ANN = "ann@example.org"


async def reasons(desk: Desk, key: str, newsletter: str | None = None) -> list[str]:
    async with desk.store.read() as connection:
        found = await suppressions.among(connection, [key], desk.clock(), newsletter=newsletter)
    return [each.reason.value for each in found.get(key, [])]


PEOPLE = ("ann@example.org", "bob@example.org", "cem@sub.example.org", "dee@example.com")


SCOPES: list[tuple[str, dict[str, Any], set[int]]] = [
    ("ann", {}, {0}),
    ("@Example.org", {}, {0, 1}),
    ("ann", {"newsletter": "digest"}, {0}),
    ("ann", {"newsletter": "other"}, set()),
    ("@example.org", {"newsletter": "digest"}, {0, 1}),
    ("ann", {"until": 2 * DAY}, {0}),
    ("ann", {"until": DAY}, set()),
]


async def test_scope_and_end_decide(desk: Desk) -> None:
    """The same question is asked by what composes, claims and marks; here it is a mark's."""
    for name in PEOPLE:
        await desk.join(name)
    await desk.bring("one")
    await desk.issue_now()
    claimed = await desk.claim(lease_minutes=100_000)
    start, found = desk.clock(), []
    for what, scope, _ in SCOPES:
        desk.clock.move_to(start)
        if "until" in scope:
            scope = {"until": start + scope["until"]}
        await desk.suppress(what, **scope)
        desk.clock.advance(days=1)
        marked = await desk.mark(claimed)
        found.append({n for n, each in enumerate(claimed) if each.delivery not in marked})
        await desk.settle(claimed, DeliveryState.PENDING)
        async with desk.store.write() as connection:
            await connection.execute(delete(table))

    assert found == [kept for _, _, kept in SCOPES]


async def test_domain_is_passed_over_when_composing_and_claiming(desk: Desk) -> None:
    for name in PEOPLE:
        await desk.join(name)
    await desk.bring("one")
    before = await desk.issue_now()
    await desk.suppress("@example.org", newsletter="digest")

    claimed = {each.address.mailbox for each in await desk.claim()}
    await desk.bring("two")
    told = await desk.told_to(await desk.issue_now())

    assert sorted(claimed) == list(PEOPLE[2:])
    assert sorted(told) == ["cem", "dee"]
    assert (await desk.balance(before)).skipped == 2


async def test_of_two_reasons_the_stronger_and_longer_stays(desk: Desk) -> None:
    end = desk.clock() + DAY
    added = []
    for reason, until in (
        ("manual", end),
        ("complaint", end - DAY / 2),
        ("hard_bounce", None),
        ("manual", None),
        ("erased", None),
    ):
        async with desk.store.write() as connection:
            added.append(
                await suppressions.suppress(connection, ANN, reason, desk.clock(), until=until)
            )

    assert added == [True, False, True, False, False]
    assert await reasons(desk, ANN) == ["hard_bounce"]


async def test_many_are_added_in_one_statement_and_counted(desk: Desk) -> None:
    wanted = [
        Wanted(
            address_key=f"{n}@example.org", reason=SuppressionReason.MANUAL, created=desk.clock()
        )
        for n in range(1200)
    ]
    async with desk.store.write() as connection:
        first = await suppressions.add(connection, wanted[:700])
        second = await suppressions.add(connection, [*wanted, *wanted])
        found = await suppressions.among(
            connection, [*(each.address_key for each in wanted), ANN], desk.clock()
        )

    assert (first, second, len(found)) == (700, 500, 1200)


async def test_who_is_erased_leaves_a_hash_and_is_known_again(desk: Desk) -> None:
    await desk.suppress("bob", "hard_bounce", note="as bob told us")
    async with desk.store.write() as connection:
        await suppressions.forget(connection, ANN, desk.clock())
        await suppressions.forget(connection, "bob@example.org", desk.clock())

    async with desk.store.read() as connection:
        rows = (await connection.execute(select(table).order_by(table.c.id))).all()
        secret = await keys.site_secret(connection)
    assert [(row.address_key, row.note, row.reason) for row in rows] == [
        (None, "", "hard_bounce"),
        (None, "", "erased"),
    ]
    assert rows[1].hash == suppressions.hashed(secret, ANN)
    assert [await reasons(desk, ANN), await reasons(desk, "bob@example.org")] == [
        ["erased"],
        ["hard_bounce"],
    ]


async def test_a_hash_is_of_no_use_on_another_site(desk: Desk) -> None:
    assert suppressions.hashed(b"a" * 32, ANN) != suppressions.hashed(b"b" * 32, ANN)


async def test_only_the_reasons_that_are_named_are_lifted(desk: Desk) -> None:
    await desk.suppress("ann", "hard_bounce")
    async with desk.store.write() as connection:
        lifted = [
            await suppressions.unsuppress(connection, ANN, desk.clock(), reasons=reasons)
            for reasons in (
                [SuppressionReason.COMPLAINT, SuppressionReason.ERASED],
                [SuppressionReason.HARD_BOUNCE],
                [SuppressionReason.HARD_BOUNCE],
            )
        ]

    assert lifted == [False, True, False]


async def test_long_lists_are_given_page_by_page(desk: Desk) -> None:
    for name in ("ann", "bob", "cem"):
        await desk.suppress(name)
    async with desk.store.read() as connection:
        first = await suppressions.page(connection, limit=2)
        second = await suppressions.page(connection, after=first[-1].id, limit=2)
        count = await connection.scalar(select(func.count()).select_from(table))

    assert ([len(first), len(second)], count) == ([2, 1], 3)
