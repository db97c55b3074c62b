"""What follows from what comes back, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from publisher.bounces import Bounces, Policy, Taken
from publisher.errors import StoreError
from publisher.model import (
    BounceKind,
    Consequence,
    DeliveryState,
    EventKind,
    MoveState,
    SubscriptionState,
    Verdict,
)
from publisher.store import addressees, events, quarantine, suppressions
from publisher.store import bounces as stored
from publisher.store.engine import Store
from publisher.store.tables import moves
from publisher.store.tables import subscribers as people
from publisher.tokens import Purpose
from tests.rig.desk import Desk
from tests.rig.returned import at, bounces, complaint, note, report, stationery

DAY = timedelta(days=1)

TOLD = (EventKind.BOUNCE_HARD, EventKind.BOUNCE_SOFT, EventKind.COMPLAINT)

# What follows from what is recorded is not the database's affair.
on_sqlite = pytest.mark.parametrize("kind", ["sqlite"])


async def mailed(desk: Desk, *names: str) -> dict[str, int]:
    """Send these people an issue; map them to their deliveries."""
    await desk.bring("one")
    for name in names:
        await desk.join(name)
    await desk.issue_now()
    claims = await desk.deliver_all()
    return {each.address.mailbox.partition("@")[0]: each.delivery for each in claims}


async def suppressed(desk: Desk) -> dict[str, str]:
    async with desk.store.read() as connection:
        found = await suppressions.page(connection, limit=100)
    return {str(each.address_key).partition("@")[0]: each.reason for each in found}


async def listed(desk: Desk) -> list[tuple[str, str, str]]:
    async with desk.store.read() as connection:
        found = await stored.page(connection)
    return [(each.address.partition("@")[0], each.kind, each.consequence) for each in found]


async def counts(desk: Desk) -> dict[str, int]:
    async with desk.store.read() as connection:
        return await stored.counts(connection, desk.clock() - DAY)


async def test_each_kind_has_its_consequence_and_the_balance_stays(desk: Desk) -> None:
    names = ["hard", "soft", "policy", "spam", "late", "well", "away"]
    sent = await mailed(desk, *names)
    to = {name: at(Purpose.BOUNCE, sent[name]) for name in names}
    mails = {
        "hard": report(to["hard"]),
        "soft": report(to["soft"], "5.2.2"),
        "policy": report(to["policy"], "5.7.1"),
        "spam": complaint("fbl@example.org", f"Return-Path: <{to['spam']}>"),
        "late": report(to["late"], "4.4.1", "delayed"),
        "well": report(to["well"], "2.1.5", "delivered"),
        "away": note(to["away"], subject="Out of office"),
    }
    taking = bounces(desk)

    taken = {await taking.take(raw, via="pipe") for raw in mails.values()}

    assert taken == {Taken.RECORDED}
    assert await suppressed(desk) == {"hard": "hard_bounce", "spam": "complaint"}
    assert sorted(await listed(desk)) == [
        ("away", "auto_reply", "none"),
        ("hard", "hard", "suppressed"),
        ("late", "delayed", "none"),
        ("policy", "policy", "none"),
        ("soft", "soft", "none"),
        ("spam", "complaint", "suppressed"),
    ]
    states = {name: (await desk.bond(name)).state for name in names}
    assert [name for name in names if states[name] is SubscriptionState.ENDED] == ["spam"]
    assert (await desk.balance(await desk.issue(1))).accepted == len(names)
    async with desk.store.read() as connection:
        told = await events.page(connection, after=0, kinds=TOLD, limit=20)
    assert [(each.event.kind, each.event.address) for each in told] == [
        ("bounce.hard", "hard@example.org"),
        ("bounce.soft", "soft@example.org"),
        ("complaint", "spam@example.org"),
    ]
    assert await counts(desk) == {
        **dict.fromkeys(["auto_reply", "hard", "delayed", "policy", "soft", "complaint"], 1),
        "delivered": 1,
    }


@on_sqlite
async def test_complaint_without_our_address_is_known_by_the_link_in_the_mail(desk: Desk) -> None:
    sent = await mailed(desk, "ada")
    async with desk.store.read() as connection:
        about = await addressees.of_delivery(connection, sent["ada"])
    assert about is not None
    assert about.subscription is not None
    link = at(Purpose.UNSUBSCRIBE, about.subscription, 1).removeprefix("bounce+").split("@")[0]
    raw = complaint("fbl@example.org", f"List-Unsubscribe: <https://news.example.org/u/{link}>")

    assert await bounces(desk).take(raw, via="imap") is Taken.RECORDED

    async with desk.store.read() as connection:
        (found,) = await stored.page(connection)
    assert (found.delivery, found.consequence) == (sent["ada"], Consequence.SUPPRESSED)


async def test_soft_bounces_suppress_by_a_score_that_decays_and_takes_one_step_a_day(
    desk: Desk,
) -> None:
    """F33, and again after somebody has lifted the suppression."""
    sent = await mailed(desk, "ada", "bob")
    taking = bounces(desk, Policy(limit=2.9, half_life=timedelta(days=30)))

    async def soft(name: str) -> dict[str, str]:
        await taking.take(report(at(Purpose.BOUNCE, sent[name]), "5.2.2"), via="pipe")
        return await suppressed(desk)

    for _ in range(2):
        assert [await soft("ada") for _ in range(3)] == [{}, {}, {}]
        desk.clock.advance(days=1)
    assert await soft("bob") == {}
    assert await soft("ada") == {"ada": "soft_bounces"}

    async with desk.store.write() as connection:
        await suppressions.unsuppress(connection, "ada@example.org", desk.clock())
    desk.clock.advance(days=1)
    assert await soft("ada") == {}


@on_sqlite
async def test_soft_bounces_of_long_ago_weigh_little(desk: Desk) -> None:
    sent = await mailed(desk, "ada")
    taking = bounces(desk, Policy(limit=2, half_life=DAY))

    for _ in range(10):
        await taking.take(report(at(Purpose.BOUNCE, sent["ada"]), "4.2.2"), via="pipe")
        desk.clock.advance(days=2)

    assert await suppressed(desk) == {}


async def test_copies_and_strangers_are_counted_and_nothing_else(desk: Desk) -> None:
    """A32: forged, foreign, doubled."""
    sent = await mailed(desk, "ada")
    own = report(at(Purpose.BOUNCE, sent["ada"]), "5.2.2")
    taking = bounces(desk)

    taken = [
        await taking.take(raw, via="pipe")
        for raw in (
            own,
            b"Received: once more\r\n" + own,
            report("bounce+aaaqoaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.org"),
            report(at(Purpose.PREFERENCES, sent["ada"])),
            report(at(Purpose.BOUNCE, 999)),
            report("bounce@example.org"),
            note("bounce+aaaqoaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.org"),
        )
    ]

    assert taken == [Taken.RECORDED, Taken.DOUBLED, *[Taken.FOREIGN] * 5]
    assert await suppressed(desk) == {}
    assert await listed(desk) == [("ada", "soft", "none")]
    assert await counts(desk) == {"soft": 1, "doubled": 1, "foreign": 5}


@on_sqlite
async def test_mail_bomb_with_a_genuine_token_is_kept_up_to_a_limit(desk: Desk) -> None:
    sent = await mailed(desk, "ada")
    to = at(Purpose.BOUNCE, sent["ada"])
    taking = bounces(desk)

    taken = [await taking.take(report(to, "4.4.1", "delayed"), via="pipe") for _ in range(52)]

    assert taken == [Taken.RECORDED] * 50 + [Taken.TOO_MANY] * 2
    assert len(await listed(desk)) == 50


async def test_what_cannot_be_read_waits_in_quarantine(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await mailed(desk, "ada")
    to = at(Purpose.BOUNCE, sent["ada"])
    taking = bounces(desk)
    letter, large = note(to, text="May I print it?"), note(to, text="x" * 3_000_000)
    wish = note(to, subject="unsubscribe")

    odd = [to, "nul\0@example.org", "\udcff"]
    taken = [await taking.take(raw, odd, via="lmtp") for raw in (letter, letter, large, wish)]

    assert taken == [Taken.QUARANTINED, Taken.DOUBLED, Taken.QUARANTINED, Taken.QUARANTINED]
    async with desk.store.read() as connection:
        lines = await quarantine.page(connection)
        kept = [await quarantine.get(connection, line.id) for line in lines]
    assert [(line.reason, line.is_whole) for line in lines] == [
        ("is no bounce", True),
        ("is larger than 2 MB", False),
        ("asks to leave, at an address that is not for it", True),
    ]
    assert [found and found[1] for found in kept] == [letter, large[: 64 * 1024], wish]
    assert (await desk.bond("ada")).state is SubscriptionState.ACTIVE

    monkeypatch.setattr(quarantine, "MOST_MAILS", 2)
    assert await taking.take(note(to), via="lmtp") is Taken.QUARANTINED

    async with desk.store.read() as connection:
        assert [line.id for line in await quarantine.page(connection)] == [
            lines[2].id,
            lines[2].id + 1,
        ]
    assert await counts(desk) == {"quarantined": 4, "doubled": 1, "dropped": 2}


@on_sqlite
async def test_quarantine_is_read_again_when_the_program_has_learnt_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await mailed(desk, "ada")
    to = at(Purpose.BOUNCE, sent["ada"])
    taking = bounces(desk)
    unknown = Verdict(kind=BounceKind.UNPARSED, digest="0" * 64, reason="is not known")
    with monkeypatch.context() as patch:
        patch.setattr("publisher.bounces.read", lambda *_: unknown)
        await taking.take(report(to), [to], via="pipe")
    await taking.take(note(to), [to], via="pipe")
    await taking.take(report(to) + b"x" * 3_000_000, [to], via="pipe")  # its end is not kept

    assert [await taking.retry(id) for id in (1, 2, 3, 4)] == [
        *(Taken.RECORDED, Taken.QUARANTINED, Taken.QUARANTINED),
        None,
    ]

    assert await suppressed(desk) == {"ada": "hard_bounce"}
    async with desk.store.read() as connection:
        assert [line.id for line in await quarantine.page(connection)] == [2, 3]


async def test_mail_to_the_address_for_it_unsubscribes_whatever_it_says(desk: Desk) -> None:
    await mailed(desk, "ada", "bob", "eve")
    bonds = {name: await desk.bond(name) for name in ("ada", "bob", "eve")}
    to = {name: at(Purpose.UNSUBSCRIBE, bond.id, 1) for name, bond in bonds.items()}
    taking = bounces(desk)

    taken = [
        await taking.take(raw, via="imap")
        for raw in (
            note(to["ada"], subject="unsubscribe"),
            note(to["bob"], text="No more, please.", subject=""),
            note(to["eve"], subject="Out of office"),
            report(to["eve"]),
        )
    ]

    assert taken == [Taken.RECORDED, Taken.RECORDED, Taken.FOREIGN, Taken.FOREIGN]
    states = [(await desk.bond(name)).state for name in bonds]
    assert states == [SubscriptionState.ENDED, SubscriptionState.ENDED, SubscriptionState.ACTIVE]
    assert await suppressed(desk) == {}
    assert sorted(await listed(desk)) == [
        ("ada", "unsubscribe", "unsubscribed"),
        ("bob", "unsubscribe", "unsubscribed"),
    ]


@on_sqlite
async def test_whatever_comes_back_settles_a_row_in_doubt(desk: Desk) -> None:
    await desk.bring("one")
    await desk.join("ada")
    issue = await desk.issue_now()
    (claim,) = await desk.claim()
    await desk.mark([claim])
    await desk.settle([claim], DeliveryState.SENDING)
    assert (await desk.balance(issue)).in_doubt == 1

    await bounces(desk).take(report(at(Purpose.BOUNCE, claim.delivery)), via="pipe")

    balance = await desk.balance(issue)
    assert (balance.accepted, balance.in_doubt, balance.holds) == (1, 0, True)


@on_sqlite
async def test_signed_event_names_its_mail_by_the_message_id(desk: Desk) -> None:
    """A complaint ends the subscription that it is about."""
    sent = await mailed(desk, "ada")
    async with desk.store.read() as connection:
        about = await addressees.of_delivery(connection, sent["ada"])
    assert about is not None
    own = stationery(desk).message_id(
        "digest", about.subscriber, issue=about.issue, delivery=sent["ada"]
    )
    event = Verdict(
        kind=BounceKind.COMPLAINT, digest="1", address="ada@example.org", message_id=own
    )

    taken = [
        await bounces(desk).hear(each, via="sendgrid")
        for each in (replace(event, digest="2", message_id="<x@y>"), event)
    ]

    assert taken == [Taken.RECORDED, Taken.RECORDED]
    async with desk.store.read() as connection:
        found = await stored.page(connection)
    assert [each.delivery for each in found] == [sent["ada"], None]
    assert (await desk.bond("ada")).state is SubscriptionState.ENDED


@on_sqlite
async def test_bounce_of_a_former_address_leaves_the_new_one_alone(desk: Desk) -> None:
    sent = await mailed(desk, "ada")
    person = (await desk.bond("ada")).subscriber
    desk.clock.advance(days=1)
    async with desk.store.write() as connection:
        await connection.execute(
            insert(moves).values(
                subscriber_id=person,
                newsletter="digest",
                former="Ada@example.org",
                mailbox="ada@example.net",
                address_key="ada@example.net",
                state=MoveState.DONE,
                created=desk.clock(),
                settled=desk.clock(),
            )
        )
        await connection.execute(
            update(people).values(mailbox="ada@example.net", address_key="ada@example.net")
        )

    await bounces(desk).take(report(at(Purpose.BOUNCE, sent["ada"])), via="pipe")

    async with desk.store.read() as connection:
        (found,) = await suppressions.page(connection, limit=10)
    assert found.address_key == "ada@example.org"


@on_sqlite
async def test_signed_event_is_believed_by_the_address_it_names(desk: Desk) -> None:
    await mailed(desk, "ada")
    taking = bounces(desk)

    def event(address: str) -> Verdict:
        return Verdict(kind=BounceKind.HARD, digest=address.ljust(64), address=address)

    taken = [
        await taking.hear(event(address), via="postmark")
        for address in ("Ada@Example.org", "nobody@example.org", "no address")
    ]

    assert taken == [Taken.RECORDED, Taken.FOREIGN, Taken.FOREIGN]
    assert await suppressed(desk) == {"ada": "hard_bounce"}


async def test_failed_transaction_leaves_nothing_and_the_mail_counts_when_it_comes_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await mailed(desk, "ada")
    raw = report(at(Purpose.BOUNCE, sent["ada"]))
    taking = bounces(desk)

    async def fail(*_: object) -> bool:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(suppressions, "suppress", fail)
        with pytest.raises(StoreError):
            await taking.take(raw, via="pipe")

    assert await listed(desk) == []
    assert await counts(desk) == {}
    assert await taking.take(raw, via="pipe") is Taken.RECORDED
    assert await suppressed(desk) == {"ada": "hard_bounce"}


async def test_soft_bounces_of_one_address_at_once_see_each_other(
    desk: Desk, second_store: Store
) -> None:
    """Neither waits for the other for ever, and the limit is not missed between them."""
    sent = await mailed(desk, "ada")
    to = at(Purpose.BOUNCE, sent["ada"])
    policy = Policy(limit=1.9, half_life=timedelta(days=30))
    await bounces(desk, policy).take(report(to, "5.2.2"), via="pipe")
    desk.clock.advance(days=1)
    other = Bounces(second_store, stationery=stationery(desk), policy=policy, clock=desk.clock)

    both = [bounces(desk, policy), other] * 2

    taken = await asyncio.gather(*(each.take(report(to, "5.2.2"), via="pipe") for each in both))

    assert taken == [Taken.RECORDED] * 4
    assert await suppressed(desk) == {"ada": "soft_bounces"}
