"""To be forgotten: nothing is left that says who it was, and every count stays what it was."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select, update

from publisher import subscribe as verbs
from publisher.erase import NobodyHeld, erase, held
from publisher.mail import address as addresses
from publisher.model import (
    Address,
    BounceKind,
    DeliveryState,
    Issue,
    MoveState,
    Notice,
    SignUp,
    Verdict,
)
from publisher.store import addressees, bounces, keys, personal, places, quarantine, signups
from publisher.store import notices as noted
from publisher.store import tables as t
from publisher.store.personal import Receipt
from publisher.subscribe import Subscribed
from publisher.tokens import Purpose, Tokens
from publisher.why import why
from tests.rig.desk import Desk

ANN = addresses.parse("Ann.Lee@Example.org", name="Ann Lee")
SAYS_WHO = ("ann.lee", "ann lee")
# What a column is called that may say who somebody is. A table with one is handled: its place is
# filled by `full` below, and so is looked through once they are erased.
TELLING = {
    "address",
    "address_key",
    "consent",
    "former",
    "mailbox",
    "raw",
    "recipient",
    "subscriber_id",
}
HANDLED = {
    "bounces",
    "deliveries",
    "events",
    "former_consents",
    "moves",
    "notices",
    "quarantine",
    "sign_ups",
    "subscribers",
    "subscriptions",
    "suppressions",
}


async def forget(desk: Desk, who: Address = ANN) -> Receipt:
    return await erase(desk.store, who, wanted_by="admin", clock=desk.clock)


async def everything(desk: Desk) -> str:
    """Give whatever the database holds, as one text in small letters."""
    async with desk.store.read() as connection:
        rows = [
            f"{table.name}: {row._mapping}"
            for table in t.metadata.sorted_tables
            for row in await connection.execute(select(table))
        ]
    return "\n".join(rows).lower()


@pytest.fixture
async def full(desk: Desk) -> list[Issue]:
    """Two issues that Ann Lee has a row of, one sent and one waiting, and all else of her."""
    await desk.join("bob")
    await desk.join(ANN.mailbox)
    await desk.bring("one")
    sent = await desk.issue_now()
    await desk.deliver_all()
    await desk.bring("two")
    waiting = await desk.issue_now()
    bond = await desk.bond(ANN.mailbox)
    person = bond.subscriber
    await desk.suppress(ANN.mailbox, "manual", newsletter="other", note="Ann Lee rang us")
    now = desk.clock()
    async with desk.store.write() as connection:
        await connection.execute(
            update(t.subscribers).where(t.subscribers.c.id == person).values(name="Ann Lee")
        )
        await connection.execute(
            update(t.deliveries)
            .where(t.deliveries.c.subscriber_id == person)
            .values(reply=f"450 <{ANN.mailbox}>: later")
        )
        await connection.execute(
            insert(t.moves).values(
                subscriber_id=person,
                newsletter="digest",
                former=ANN.mailbox,
                mailbox="ann.lee@new.example",
                address_key="ann.lee@new.example",
                state=MoveState.ASKED,
                created=now,
            )
        )
        for key, recipient in (("to the admin", None), ("to Ann", ANN.mailbox)):
            notice = Notice(
                key=key,
                subject="Refused",
                text=f"it says: {ANN.mailbox} is away",
                recipient=recipient,
            )
            await noted.add(connection, notice, now)
        sign_up = SignUp(newsletter="digest", address=ANN, wishes=bond.wishes, consent={})
        await signups.add(connection, sign_up, now)
        await connection.execute(
            insert(t.former_consents).values(
                subscription_id=bond.id,
                consent={"name": "Ann Lee"},
                created=now,
                confirmed=now,
                ended=now,
            )
        )
        told = Verdict(kind=BounceKind.HARD, digest="1", diagnostic=f"<{ANN.mailbox}>: nobody")
        about = await addressees.of_address(connection, addresses.key(ANN))
        assert about is not None
        await bounces.record(connection, told, about, "pipe", now)
        for number, says in enumerate(["To: Ann.Lee@Example.org", "from ann.lee@example.org", "?"]):
            await quarantine.keep(
                connection,
                says.encode(),
                Verdict(kind=BounceKind.UNPARSED, digest=str(number)),
                recipients=(),
                via="pipe",
                limit_bytes=100,
                now=now,
            )
    return [sent, waiting]


def test_every_table_that_may_say_who_somebody_is_has_a_place() -> None:
    telling = {
        table.name
        for table in t.metadata.sorted_tables
        if TELLING & {column.name for column in table.columns}
    }

    assert telling == HANDLED
    assert {place.name for place in places.PLACES} | {"suppressions"} == HANDLED


async def test_nothing_is_left_that_says_who_it_was(desk: Desk, full: list[Issue]) -> None:
    before = await everything(desk)
    assert [each for each in SAYS_WHO if each in before] == list(SAYS_WHO)
    people = {row.id for row in await rows(desk, t.subscribers)}

    receipt = await forget(desk)

    left = await everything(desk)
    assert [each for each in SAYS_WHO if each in left] == []
    assert "bob@example.org" in left
    assert {row.id for row in await rows(desk, t.subscribers)} == people
    assert dict(receipt.counts) == {
        "deliveries": 2,
        "sign_ups": 1,
        "former_consents": 1,
        "subscriptions": 1,
        "moves": 1,
        "bounces": 1,
        "quarantine": 2,
        "events": 3,
        "notices": 2,
        "subscribers": 1,
    }
    async with desk.store.read() as connection:
        assert receipt.hash is not None
        assert await personal.receipts(connection, receipt.hash) == [receipt]


async def rows(desk: Desk, table: Any) -> list[Any]:
    async with desk.store.read() as connection:
        return list(await connection.execute(select(table).order_by(table.c.id)))


async def test_counts_balances_and_the_proof_stay_true(desk: Desk, full: list[Issue]) -> None:
    before = [await desk.balance(each) for each in full]
    claimed = await desk.claim()

    await forget(desk)

    marked = await desk.mark(claimed)
    assert [each.address.mailbox for each in claimed if each.delivery in marked] == [
        "bob@example.org"
    ]
    await desk.settle([each for each in claimed if each.delivery in marked], DeliveryState.ACCEPTED)
    after = [await desk.balance(each) for each in full]
    assert [each.holds for each in after] == [True, True]
    assert [each.audience for each in after] == [each.audience for each in before] == [2, 2]
    assert (after[0], after[1].skipped, after[1].accepted) == (before[0], 1, 1)
    assert await desk.repeats() == []
    reasons = await why(
        desk.store,
        [desk.newsletter],
        address_key=addresses.key(ANN),
        article=await desk.article("one"),
        clock=desk.clock,
    )
    assert [each.words for each in reasons] == ["they do not read it"]


async def test_no_import_brings_them_back_and_they_themselves_may_come(
    desk: Desk, full: list[Issue]
) -> None:
    receipt = await forget(desk)
    async with desk.store.read() as connection:
        ring = await keys.load(connection)
    tokens = Tokens(ring, max(ring))

    vouched = await desk.ask(ANN.mailbox, confirmed=True)
    own = await desk.ask(ANN.mailbox, confirmed=False)
    (claim,) = [each for each in await desk.claim() if each.issue is None]
    await verbs.confirm(
        desk.store,
        tokens,
        tokens.sign(Purpose.CONFIRM, claim.subscription),
        consent={},
        wording="",
        clock=desk.clock,
    )
    again = await desk.ask(ANN.mailbox, confirmed=True)

    assert (vouched, own, again) == (Subscribed.SUPPRESSED, Subscribed.ASKED, Subscribed.ALREADY)
    assert f"'hash': '{receipt.hash}'" not in (await everything(desk)).split("erasures:")[0]


async def test_what_comes_back_for_them_later_is_of_nobody(desk: Desk, full: list[Issue]) -> None:
    ids = [row.id for row in await rows(desk, t.deliveries)]
    await forget(desk)

    async with desk.store.read() as connection:
        found = [await addressees.of_delivery(connection, id) for id in ids]

    assert [each.address_key for each in found if each is not None] == ["bob@example.org"] * 2


async def test_an_erased_person_is_nobody(desk: Desk, full: list[Issue]) -> None:
    await forget(desk)

    for who in (ANN, addresses.parse("nobody@example.org")):
        with pytest.raises(NobodyHeld):
            await forget(desk, who)


async def test_all_that_is_held_is_told(desk: Desk, full: list[Issue]) -> None:
    told = await held(desk.store, ANN, clock=desk.clock)

    assert {place: len(found) for place, found in told.items()} == {
        "deliveries": 2,
        "sign_ups": 1,
        "former_consents": 1,
        "subscriptions": 1,
        "moves": 1,
        "bounces": 1,
        "quarantine": 2,
        "events": 3,
        "notices": 1,
        "subscribers": 1,
        "suppressions": 1,
        "wordings": 0,
    }
    (bond,) = told["subscriptions"]
    assert (bond["newsletter"], bond["consent"]) == ("digest", {"by": "test"})
    assert [row["number"] for row in told["deliveries"]] == [1, 2]
    assert told["suppressions"][0]["note"] == "Ann Lee rang us"
