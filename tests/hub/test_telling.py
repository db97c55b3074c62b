"""Our hub hands each new version of a feed to whoever is subscribed (WebSub §7)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from publisher.model import TellingState
from publisher.store import callbacks
from publisher.store.callbacks import Outcome
from publisher.store.engine import Store
from tests.hub.conftest import HubDesk
from tests.rig.hostile import HostileRig, head
from tests.rig.program import until
from tests.rig.reader import Reader
from tests.rig.web import Page, WebRig


async def test_new_version_is_handed_over_whole(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader, secret="s3cret of ours")
    await room.publish("second")

    called = await room.call()

    document = await room.document()
    (told,) = reader.told
    assert called.told == 1
    assert (told.target, told.body) == ("/callback", document.body)
    assert told.headers["content-type"] == "application/rss+xml; charset=utf-8"
    assert told.headers["link"] == (
        '<https://news.example.org/hub>; rel="hub", '
        '<https://news.example.org/feeds/all.rss>; rel="self"'
    )
    digest = hmac.new(b"s3cret of ours", document.body, hashlib.sha256).hexdigest()
    assert told.headers["x-hub-signature"] == f"sha256={digest}"


async def test_query_of_the_callback_is_called_too(room: HubDesk, reader: Reader) -> None:
    await room.ask(f"{reader.url}?user=7")
    await room.call()
    await room.publish("second")

    await room.call()

    assert reader.told[0].target == "/callback?user=7"


async def test_nothing_is_signed_without_a_secret(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)
    await room.publish("second")

    await room.call()

    assert "x-hub-signature" not in reader.told[0].headers


async def test_what_came_before_is_not_told(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)

    noted = await room.note()

    assert noted == 0


async def test_what_came_between_asking_and_agreeing_is_told(room: HubDesk, reader: Reader) -> None:
    await room.ask(reader)
    await room.publish("second")
    await room.call()

    await room.note()
    await room.call()

    assert len(reader.told) == 1


async def test_nothing_is_told_twice(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)
    await room.publish("second")
    await room.call()
    room.clock.advance(days=1)

    noted = await room.note()
    await room.call()

    assert noted == 0
    assert len(reader.told) == 1


async def test_version_that_comes_back_is_told_again(room: HubDesk, reader: Reader) -> None:
    """The same bytes, and so the same tag, as some time ago."""
    first = await room.document()
    await room.subscribe(reader)
    await room.publish("second")
    await room.call()
    room.desk.source.tells.pop()
    await room.desk.take_in()

    await room.press.publish()
    await room.note()
    await room.call()

    titles = [b"<title>second</title>" in told.body for told in reader.told]
    assert titles == [True, False]
    assert b"<title>second</title>" not in first.body


async def test_news_that_another_process_published_is_found(room: HubDesk, reader: Reader) -> None:
    """As after a crash between building a feed and noting whom to tell."""
    await room.subscribe(reader)
    await room.desk.bring("second")
    await room.press.publish()

    noted = await room.note()
    await room.call()

    assert noted == 1
    assert len(reader.told) == 1


async def test_failed_call_is_made_again_less_and_less_often(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)
    await room.publish("second")
    reader.answer = Page(status=500)
    waits = []
    for _ in range(5):
        await room.call()
        tries, waited = len(reader.told), 0
        while len(reader.told) == tries:
            room.clock.advance(seconds=5)
            waited += 5
            await room.call()
        waits.append(waited)

    assert waits == sorted(waits)
    assert 20 <= waits[0] <= 40
    assert 380 <= waits[-1] <= 600


async def test_call_that_succeeds_at_last_is_the_last(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)
    await room.publish("second")
    reader.answer = Page(status=503)
    await room.call()
    failing = await room.standing()
    reader.answer = Page(status=200)
    room.clock.advance(minutes=1)

    await room.call()

    assert (failing.failing, failing.last_error) == (1, "127.0.0.1: it answers 503")
    assert len(reader.told) == 2
    assert (await room.standing()).failing == 0


async def test_reader_says_when_it_wants_to_be_called_again(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)
    await room.publish("second")
    reader.answer = Page(status=503, headers={"Retry-After": "1800"})
    await room.call()
    room.clock.advance(minutes=29)
    await room.call()
    calls_before = len(reader.told)
    room.clock.advance(minutes=1)

    await room.call()

    assert (calls_before, len(reader.told)) == (1, 2)


async def test_version_is_given_up_after_hours_but_not_the_next(
    room: HubDesk, reader: Reader
) -> None:
    """WebSub §7: the subscription stays until its lease ends."""
    await room.subscribe(reader)
    reader.answer = Page(status=500)
    await room.publish("second")
    room.clock.advance(hours=7)
    await room.call()
    room.clock.advance(hours=2)
    await room.call()
    calls_before = len(reader.told)
    reader.answer = Page(status=204)

    await room.publish("third")
    await room.call()

    assert (calls_before, len(reader.told)) == (1, 2)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirect_is_a_failure_and_not_followed(
    room: HubDesk, reader: Reader, rig: WebRig, status: int
) -> None:
    other = Reader(rig, "/other")
    await room.subscribe(reader)
    await room.publish("second")
    reader.answer = Page(status=status, headers={"Location": "/other"})

    called = await room.call()

    assert called.failed == 1
    assert other.calls == []


async def test_reader_that_is_gone_is_called_no_more(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)
    await room.publish("second")
    reader.answer = Page(status=410)

    await room.call()

    assert (await room.standing()).subscriptions == 0


async def test_newer_version_takes_the_place_of_one_that_waits(
    room: HubDesk, reader: Reader
) -> None:
    await room.subscribe(reader)
    reader.answer = Page(status=500)
    await room.publish("second")
    await room.call()
    reader.answer = Page(status=204)

    await room.publish("third")
    await room.call()
    room.clock.advance(hours=2)
    await room.call()

    assert [b"<title>third</title>" in told.body for told in reader.told] == [False, True]


async def test_reader_at_a_private_address_is_not_told(room: HubDesk, reader: Reader) -> None:
    """Its name may lead elsewhere than when it agreed."""
    await room.subscribe(reader)
    await room.publish("second")

    called = await room.call(allow_private=False)

    assert called.failed == 1
    assert reader.told == []


# --- many at once


class Hanging:
    """A reader that agrees, and then lets whoever tells it something wait until `let_go`."""

    def __init__(self) -> None:
        self._may_go = asyncio.Event()
        self.rig = HostileRig(self._say, host="localhost")

    @property
    def told(self) -> int:
        return sum(request.startswith(b"POST") for request in self.rig.requests)

    def let_go(self) -> None:
        self._may_go.set()

    async def _say(self, writer: asyncio.StreamWriter) -> None:
        method, target, _ = self.rig.requests[-1].decode().split(" ", 2)
        if method == "POST":
            await self._may_go.wait()
            writer.write(head("Content-Length: 0"))
            return
        words = dict(parse_qsl(urlsplit(target).query))["hub.challenge"]
        writer.write(head(f"Content-Length: {len(words)}") + words.encode())


async def test_slow_reader_delays_no_other_and_is_called_by_few_at_once(
    room: HubDesk, reader: Reader
) -> None:
    hanging = Hanging()
    async with hanging.rig:
        for number in range(80):  # more than there are connections
            await room.ask(f"{hanging.rig.url}/{number}")
            if number % 40 == 39:
                await room.call()
        await room.subscribe(reader)
        await room.publish("second")

        calling = asyncio.create_task(room.call())

        async def all_have_come() -> bool:
            return len(reader.told) == 1 and hanging.told >= 2

        await until(all_have_come)
        at_once = hanging.told
        hanging.let_go()
        called = await calling

    assert at_once == 2
    assert called.told == 81


async def test_questions_of_strangers_keep_no_news_from_readers(
    room: HubDesk, reader: Reader
) -> None:
    may_go = asyncio.Event()

    async def hang(_: asyncio.StreamWriter) -> None:
        await may_go.wait()

    async with HostileRig(hang, host="0.0.0.0") as strangers:
        await room.subscribe(reader)
        await room.publish("second")
        for number in range(2, 42):
            await room.ask(strangers.url.replace("0.0.0.0", f"127.0.0.{number}"))
        calling = asyncio.create_task(room.call())

        async def has_come() -> bool:
            return len(reader.told) == 1

        await until(has_come)
        under_way = len(strangers.requests)
        may_go.set()
        called = await calling

    assert under_way <= 16
    assert called.declined == 40


async def test_version_that_comes_while_another_is_sent_is_told_after_it(
    room: HubDesk, reader: Reader
) -> None:
    hanging = Hanging()
    async with hanging.rig:
        await room.ask(f"{hanging.rig.url}/")
        await room.call()
        await room.publish("second")
        calling = asyncio.create_task(room.call())

        async def is_told() -> bool:
            return hanging.told == 1

        await until(is_told)
        await room.publish("third")
        await room.publish("fourth")
        beside = await room.call()
        hanging.let_go()
        await calling

    assert beside.told == 0
    assert hanging.told == 2
    assert (await room.standing()).waiting == 0


async def test_calls_under_way_are_finished_when_told_to_stop(
    room: HubDesk, reader: Reader
) -> None:
    hanging = Hanging()
    async with hanging.rig:
        for number in range(4):
            await room.ask(f"{hanging.rig.url}/{number}")
        await room.call()
        await room.publish("second")
        calling = asyncio.create_task(room.call())

        async def is_told() -> bool:
            return hanging.told == 2

        await until(is_told)
        room.stop.set()
        hanging.let_go()
        called = await calling

    assert called.told == 2
    assert (await room.standing()).waiting == 2


# --- the ledger


async def test_what_a_dead_process_had_claimed_is_told_when_its_lease_ends(
    room: HubDesk, reader: Reader
) -> None:
    await room.subscribe(reader)
    await room.publish("second")
    await room.claim()
    room.clock.advance(seconds=59)
    await room.call()
    told_before = len(reader.told)
    room.clock.advance(seconds=1)

    await room.call()

    assert (told_before, len(reader.told)) == (0, 1)


async def test_question_of_a_dead_process_is_asked_when_its_lease_ends(
    room: HubDesk, reader: Reader
) -> None:
    await room.ask(reader)
    await room.claim_questions()
    await room.call()
    asked_before = len(reader.questions)
    room.clock.advance(minutes=1)

    await room.call()

    assert (asked_before, len(reader.questions)) == (0, 1)
    assert (await room.standing()).subscriptions == 1


async def test_result_of_an_older_attempt_changes_nothing(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)
    await room.publish("second")
    (slept,) = await room.claim()
    room.clock.advance(minutes=1)
    await room.claim()

    outcome = Outcome(state=TellingState.TOLD, version=slept.version, due=room.clock())
    async with room.store.write() as connection:
        await callbacks.settle(connection, slept, outcome, room.clock())
        was_ended = await callbacks.end(connection, slept)

    assert not was_ended
    assert (await room.standing()).waiting == 1


async def test_answer_to_an_older_question_changes_nothing(room: HubDesk, reader: Reader) -> None:
    """It was put before something else was asked."""
    await room.ask(reader)
    (question,) = await room.claim_questions()
    await room.ask(reader, mode="unsubscribe")

    assert not await room.take(question)


async def test_two_processes_share_no_row(room: HubDesk, rig: WebRig, second_store: Store) -> None:
    for number in range(8):
        await room.ask(Reader(rig, f"/{number}"))
    await room.call()
    await room.publish("second")

    shares = [await asyncio.gather(room.claim(), room.claim(second_store)) for _ in range(8)]

    claimed = [telling.id for pair in shares for share in pair for telling in share]
    assert len(claimed) == len(set(claimed)) == 8


async def test_claim_ends_after_its_lease(room: HubDesk, reader: Reader) -> None:
    await room.subscribe(reader)
    await room.publish("second")
    (telling,) = await room.claim()
    room.clock.advance(minutes=1)

    (again,) = await room.claim()

    assert (again.id, again.attempt) == (telling.id, telling.attempt + 1)
    assert again.since == room.clock() - timedelta(minutes=1)
