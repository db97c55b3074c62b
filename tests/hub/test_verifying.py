"""Nothing that our hub is asked is done before the callback has agreed (WebSub §5.3)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest

from publisher.model import Format
from publisher.store import callbacks
from tests.hub.conftest import HubDesk
from tests.rig import builders
from tests.rig.reader import Reader
from tests.rig.web import Page, WebRig


def is_signed_with(reader: Reader, secret: str) -> bool:
    """Whether what it was told last is signed so."""
    told = reader.told[-1]
    digest = hmac.new(secret.encode(), told.body, hashlib.sha256).hexdigest()
    return told.headers.get("x-hub-signature") == f"sha256={digest}"


async def test_callback_is_asked_and_agrees(room: HubDesk, reader: Reader) -> None:
    await room.ask(reader)

    called = await room.call()

    (question,) = reader.questions
    assert len(question.pop("hub.challenge")) >= 32
    assert question == {
        "hub.mode": "subscribe",
        "hub.topic": room.topic,
        "hub.lease_seconds": "864000",
    }
    assert called.agreed == 1
    assert (await room.standing()).subscriptions == 1


async def test_each_callback_is_asked_for_another_word(
    room: HubDesk, rig: WebRig, reader: Reader
) -> None:
    other = Reader(rig, "/other")
    await room.ask(reader)
    await room.ask(other)

    await room.call()

    challenges = {each.questions[0]["hub.challenge"] for each in (reader, other)}
    assert len(challenges) == 2


async def test_query_of_the_callback_is_kept(room: HubDesk, reader: Reader) -> None:
    """WebSub §5.1.1: ours comes behind it, also where it has the same names."""
    own = "user=7&hub.mode=mine&sign=a%26b%2Bc"
    await room.ask(f"{reader.url}?{own}")

    await room.call()

    assert reader.calls[0].target.startswith(f"/callback?{own}&hub.mode=subscribe&hub.topic=")


@pytest.mark.parametrize(
    "refusal",
    [
        Page(body="something else"),
        Page(body=""),
        Page(status=404),
        Page(status=302, headers={"Location": "/elsewhere"}),
        Page(status=500),
        Page(body="x" * 100_000),
    ],
    ids=["other words", "no words", "404", "302", "500", "endless words"],
)
async def test_any_other_answer_is_a_no(
    room: HubDesk, reader: Reader, rig: WebRig, refusal: Page
) -> None:
    rig.pages["/elsewhere"] = Page(body="must not be asked")
    reader.refusal = refusal
    await room.ask(reader)

    called = await room.call()

    assert (called.agreed, called.declined) == (0, 1)
    assert (await room.standing()).subscriptions == 0
    assert len(rig.requests) == 1


async def test_challenge_with_an_error_is_a_no(room: HubDesk, reader: Reader, rig: WebRig) -> None:
    rig.pages["/callback"] = lambda asked: replace(reader._answer(asked), status=404)
    await room.ask(reader)

    await room.call()

    assert (await room.standing()).subscriptions == 0


async def test_callback_that_declined_is_left_alone_for_a_minute(
    room: HubDesk, reader: Reader
) -> None:
    """However often somebody asks in its name."""
    reader.refusal = Page(status=404)
    for _ in range(3):
        await room.ask(reader)
        await room.call()
    room.clock.advance(seconds=59)
    await room.ask(reader)
    await room.call()
    asked_before = len(reader.questions)
    room.clock.advance(seconds=1)

    await room.call()

    assert (asked_before, len(reader.questions)) == (1, 2)


async def test_callback_that_declined_is_not_asked_again_by_itself(
    room: HubDesk, reader: Reader
) -> None:
    reader.refusal = Page(status=404)
    await room.ask(reader)
    await room.call()
    room.clock.advance(days=1)

    await room.call()

    assert len(reader.questions) == 1


async def test_lease_and_secret_stay_while_new_ones_are_not_verified(
    room: HubDesk, reader: Reader
) -> None:
    """Nobody may take a subscription over, or shorten it, by asking in its name."""
    await room.subscribe(reader, secret="old")
    reader.refusal = Page(status=404)
    await room.ask(reader, secret="forged", lease_seconds="3600")
    await room.call()
    room.clock.advance(hours=2)

    await room.publish("second")
    await room.call()

    assert is_signed_with(reader, "old")


async def test_lease_and_secret_are_replaced_once_verified(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader, secret="old")
    room.clock.advance(days=9)
    await room.subscribe(reader, secret="new")
    room.clock.advance(days=9)

    await room.publish("second")
    await room.call()

    assert is_signed_with(reader, "new")
    assert (await room.standing()).subscriptions == 1


async def test_subscription_may_be_renewed_without_a_secret(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader, secret="old")
    await room.subscribe(reader)

    await room.publish("second")
    await room.call()

    assert "x-hub-signature" not in reader.told[0].headers


async def test_unsubscribing_needs_the_callback_to_agree(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)
    reader.refusal = Page(status=404)
    await room.ask(reader, mode="unsubscribe")

    await room.call()

    assert reader.questions[-1]["hub.mode"] == "unsubscribe"
    assert (await room.standing()).subscriptions == 1


async def test_unsubscribed_callback_is_told_no_more(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)
    await room.ask(reader, mode="unsubscribe")
    await room.call()

    await room.publish("second")
    await room.call()

    assert reader.told == []


async def test_last_word_counts_while_none_is_verified(room: HubDesk, reader: Reader) -> None:
    await room.ask(reader)
    await room.ask(reader, mode="unsubscribe")

    await room.call()

    assert [question["hub.mode"] for question in reader.questions] == ["unsubscribe"]
    assert (await room.standing()).subscriptions == 0


@pytest.mark.parametrize(
    ("wished", "given"),
    [("", 864_000), ("7200", 7200), ("1", 3600), ("0", 3600), ("9" * 30, 2_592_000)],
)
async def test_lease_is_within_bounds(
    room: HubDesk, reader: Reader, wished: str, given: int
) -> None:
    await room.ask(reader, lease_seconds=wished)

    await room.call()

    assert reader.questions[0]["hub.lease_seconds"] == str(given)


async def test_nothing_is_told_beyond_the_lease(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader, lease_seconds="7200")
    await room.publish("second")
    room.clock.advance(seconds=7200)

    await room.call()

    assert reader.told == []
    assert (await room.standing()).subscriptions == 0


async def test_subscription_is_removed_when_its_lease_has_ended(
    room: HubDesk, reader: Reader
) -> None:
    await room.subscribe(reader, lease_seconds="7200")
    room.clock.advance(seconds=7200)

    await room.note()

    async with room.store.read() as connection:
        assert await callbacks.topics(connection) == set()


async def test_feed_that_is_published_no_more_is_denied(room: HubDesk, reader: Reader) -> None:
    """WebSub §5.2: a hub may deny at any time, and says so."""
    await room.subscribe(reader)

    gone = await room.deny_gone(room.press_of(builders.feed(is_retired=True)))
    await room.call()

    assert gone == [room.topic]
    assert reader.questions[-1] == {
        "hub.mode": "denied",
        "hub.topic": room.topic,
        "hub.reason": "This feed is not published any more.",
    }
    assert (await room.standing()).subscriptions == 0


async def test_denial_is_said_once_heard_or_not(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)
    reader.refusal = Page(status=500)
    await room.deny_gone(room.press_of(builders.feed(formats=(Format.ATOM,))))
    await room.call()
    room.clock.advance(days=1)

    await room.call()

    assert [question["hub.mode"] for question in reader.questions] == ["subscribe", "denied"]


async def test_feed_that_is_published_is_denied_to_nobody(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)

    gone = await room.deny_gone(room.press)

    assert gone == []
    assert (await room.standing()).subscriptions == 1


async def test_callback_at_a_private_address_is_not_called(room: HubDesk, reader: Reader) -> None:
    await room.ask(reader)

    called = await room.call(allow_private=False)

    assert called.declined == 1
    assert reader.calls == []
