"""Another address: confirmed at the new mailbox, stopped at the old one, and the same person."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from publisher import subscribe as verbs
from publisher.erase import erase
from publisher.errors import PublisherError, TokenEnded, TokenError
from publisher.mail import address as addresses
from publisher.model import DeliveryState, SubscriptionState
from publisher.move import Movers, by_hand
from publisher.store import keys, subscribers
from publisher.store import tables as t
from publisher.tokens import Purpose, Tokens
from tests.rig import builders
from tests.rig.desk import Desk

NEW = addresses.parse("ann@new.example")


@pytest.fixture
async def movers(desk: Desk) -> Movers:
    async with desk.store.read() as connection:
        ring = await keys.load(connection)
    return Movers(
        store=desk.store,
        publication=desk.publication,
        newsletters={desk.newsletter.slug: desk.newsletter},
        templates=desk.templates,
        tokens=Tokens(ring, max(ring)),
        clock=desk.clock,
    )


async def letters(desk: Desk) -> list[tuple[str, str]]:
    """Give to whom something was written, and the token in it."""
    async with desk.store.read() as connection:
        rows = await connection.execute(select(t.notices).order_by(t.notices.c.id))
        return [
            (row.recipient, "".join(re.findall(r"/(?:move|keep)/(\w+)", row.text))) for row in rows
        ]


async def ask(desk: Desk, movers: Movers, name: str, to: str = NEW.mailbox) -> str:
    """Ask for another address; give the token in the mail there, "" if there is none."""
    before = len(await letters(desk))
    await movers.ask(await desk.bond(name), addresses.parse(to))
    new = (await letters(desk))[before:]
    assert len(new) <= 1
    assert [recipient for recipient, _ in new] in ([], [to])
    return new[0][1] if new else ""


async def go(desk: Desk, movers: Movers, name: str, to: str = NEW.mailbox) -> str:
    """Go there; give the token of the mail to the old mailbox."""
    await movers.confirm(await ask(desk, movers, name, to))
    return (await letters(desk))[-1][1]


async def mailbox(desk: Desk, subscriber: int) -> str:
    async with desk.store.read() as connection:
        query = select(t.subscribers.c.mailbox).where(t.subscribers.c.id == subscriber)
        return str(await connection.scalar(query))


async def rows(desk: Desk, table: Any) -> list[Any]:
    async with desk.store.read() as connection:
        return list(await connection.execute(select(table).order_by(table.c.id)))


async def test_a_person_moves_and_nothing_is_lost_or_comes_twice(
    desk: Desk, movers: Movers
) -> None:
    await desk.join("ann", "daily")
    await desk.wish("ann", language="de")
    await desk.bring("one")
    await desk.issue_now()
    await desk.deliver_all()
    await desk.bring("two")
    await desk.issue_now()
    before = await rows(desk, t.subscriptions)
    token = await ask(desk, movers, "ann")
    assert await rows(desk, t.subscriptions) == before
    assert await mailbox(desk, before[0].subscriber_id) == "ann@example.org"

    for _ in range(2):  # it may be pressed twice
        await movers.confirm(token)

    assert await rows(desk, t.subscriptions) == before
    (waiting,) = await desk.claim()
    assert waiting.address.mailbox == NEW.mailbox
    await desk.mark([waiting])
    await desk.settle([waiting], DeliveryState.ACCEPTED)
    await desk.bring("three")
    told = await desk.told_to(await desk.issue_now())
    assert told == {"ann": ["three"]}
    assert await desk.repeats() == []
    assert [recipient for recipient, _ in await letters(desk)] == [NEW.mailbox, "ann@example.org"]


async def test_letters_are_in_the_language_of_the_reader_and_say_nothing_typed(
    desk: Desk, movers: Movers
) -> None:
    german = replace(movers, newsletters={"digest": replace(desk.newsletter, languages=("de",))})
    await desk.join("ann")
    await desk.wish("ann", language="de")

    await go(desk, german, "ann")

    async with desk.store.read() as connection:
        asking, moved = (await connection.execute(select(t.notices))).all()
    assert asking.subject.startswith("Bitte bestätigen")
    assert "example.org/move/" in asking.text
    assert "ann@" not in asking.text + moved.text + asking.subject + moved.subject
    assert "sieben Tage" in moved.text


async def test_old_mailbox_brings_back_whoever_was_taken_away(desk: Desk, movers: Movers) -> None:
    await desk.join("ann")
    id = (await desk.bond("ann")).subscriber
    keep = await go(desk, movers, "ann")
    desk.clock.advance(days=1)
    await go(desk, movers, NEW.mailbox, "ann@third.example")
    desk.clock.advance(days=5)
    further = await ask(desk, movers, "ann@third.example", "ann@fourth.example")

    for _ in range(2):
        await movers.stop(keep)
    with pytest.raises(TokenEnded):
        await movers.confirm(further)

    assert await mailbox(desk, id) == "ann@example.org"
    # Whoever it was has the link to the preferences still.
    assert await ask(desk, movers, "ann", "ann@fifth.example") == ""
    desk.clock.advance(days=31)
    assert await ask(desk, movers, "ann", "ann@fifth.example") != ""


async def test_links_end(desk: Desk, movers: Movers) -> None:
    await desk.join("ann")
    await desk.join("bob")
    late = await ask(desk, movers, "ann")
    keep = await go(desk, movers, "bob", "bob@new.example")
    desk.clock.advance(days=3, seconds=1)
    with pytest.raises(TokenEnded):
        await movers.confirm(late)
    desk.clock.advance(days=4)
    with pytest.raises(TokenEnded):
        await movers.stop(keep)

    assert await mailbox(desk, (await desk.bond("ann")).subscriber) == "ann@example.org"
    assert (await desk.bond("bob@new.example")).state is SubscriptionState.ACTIVE


async def test_a_link_of_another_kind_moves_nobody(desk: Desk, movers: Movers) -> None:
    await desk.join("ann")
    await ask(desk, movers, "ann")
    (move,) = await rows(desk, t.moves)
    for purpose in Purpose:
        token = movers.tokens.sign(purpose, move.id)
        for act, own in ((movers.confirm, Purpose.MOVE), (movers.stop, Purpose.KEEP)):
            if purpose is not own:
                with pytest.raises(TokenError):
                    await act(token)
    with pytest.raises(TokenEnded):  # nothing has happened that could be stopped
        await movers.stop(movers.tokens.sign(Purpose.KEEP, move.id))

    assert await rows(desk, t.moves) == [move]


async def test_strangers_are_not_bombed(desk: Desk, movers: Movers) -> None:
    """A11: one mailbox once a day and thrice in a month, whoever asks; a person thrice a day."""
    for name in ("ann", "bob", "cem"):
        await desk.join(name)
    written = 0
    for _ in range(12):
        for name in ("ann", "bob", "cem"):
            written += await ask(desk, movers, name, "stranger@example.com") != ""
        desk.clock.advance(hours=8)
    spread = [await ask(desk, movers, "ann", f"{n}@example.com") != "" for n in range(5)]

    assert (written, spread) == (3, [True, True, True, False, False])


@pytest.mark.parametrize(
    ("reason", "is_asked"),
    [("hard_bounce", False), ("complaint", False), ("manual", False), ("erased", True)],
)
async def test_new_mailbox_that_is_suppressed_is_not_written_to(
    desk: Desk, movers: Movers, reason: str, is_asked: bool
) -> None:
    await desk.join("ann")
    await desk.suppress(NEW.mailbox, reason)

    assert (await ask(desk, movers, "ann") != "") is is_asked


async def test_who_was_erased_there_and_confirms_is_mailed(desk: Desk, movers: Movers) -> None:
    await desk.join("old@new.example")
    await erase(
        desk.store, addresses.parse("old@new.example"), wanted_by="person", clock=desk.clock
    )
    await desk.join("ann")
    await go(desk, movers, "ann", "old@new.example")
    await desk.bring("one")

    assert list(await desk.told_to(await desk.issue_now())) == ["old"]


async def test_old_mailbox_that_is_suppressed_is_not_written_to(desk: Desk, movers: Movers) -> None:
    await desk.join("ann")
    await desk.suppress("ann")
    await movers.confirm(await ask(desk, movers, "ann"))

    assert [recipient for recipient, _ in await letters(desk)] == [NEW.mailbox]


async def test_two_readers_are_not_made_one(desk: Desk, movers: Movers) -> None:
    """Each has had what the other has not. Nobody learns it but at the mailbox itself."""
    await desk.join("ann")
    await desk.join(NEW.mailbox)
    before = await rows(desk, t.subscribers)

    told = await ask(desk, movers, "ann")

    (move,) = await rows(desk, t.moves)
    (notice,) = await rows(desk, t.notices)
    assert (told, "come here already" in " ".join(notice.text.split())) == ("", True)
    with pytest.raises(TokenEnded):
        await movers.confirm(movers.tokens.sign(Purpose.MOVE, move.id))
    assert await rows(desk, t.subscribers) == before
    assert await rows(desk, t.moves) == [move]


async def test_who_only_once_read_there_hands_the_address_over(desk: Desk, movers: Movers) -> None:
    left = replace(desk.newsletter, slug="left")
    for desk.newsletter in (left, builders.newsletter()):
        await desk.join(NEW.mailbox)
        await desk.leave(NEW.mailbox)
    await desk.join("ann")
    person = (await desk.bond("ann")).subscriber

    await go(desk, movers, "ann")

    assert await mailbox(desk, person) == NEW.mailbox
    assert (await desk.bond(NEW.mailbox)).state is SubscriptionState.ACTIVE
    desk.newsletter = left
    assert await desk.ask(NEW.mailbox, confirmed=True) is verbs.Subscribed.ENDED
    assert len(await rows(desk, t.subscribers)) == 2


async def test_an_admin_moves_somebody_at_once(desk: Desk, movers: Movers) -> None:
    await desk.join("ann")
    await desk.join("bob")
    await desk.suppress("cem")
    ann = addresses.parse("ann@example.org")
    person = (await desk.bond("ann")).subscriber
    for to in ("bob@example.org", "cem@example.org"):
        with pytest.raises(PublisherError, match=to):
            await by_hand(desk.store, ann, addresses.parse(to), clock=desk.clock)
    await by_hand(desk.store, ann, NEW, clock=desk.clock)
    with pytest.raises(PublisherError, match=r"nobody is known under ann@example\.org"):
        await by_hand(desk.store, ann, NEW, clock=desk.clock)

    assert await mailbox(desk, person) == NEW.mailbox
    assert await letters(desk) == []
    told = (await rows(desk, t.events))[-1]
    assert (told.kind, told.subscriber_id, told.address, told.data) == (
        "subscriber.moved",
        person,
        NEW.mailbox,
        {"former": ann.mailbox},
    )
    async with desk.store.read() as connection:
        assert await subscribers.by_key(connection, "ann@example.org") is None
