"""Webhooks are told everything in its order, signed, at least once, and hold up nobody."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from publisher import webhooks
from publisher.config import Webhook
from publisher.model import Event, EventKind
from publisher.store import events, notices
from publisher.store import webhooks as rows
from publisher.store.engine import Store
from publisher.store.webhooks import Standing
from publisher.webhooks.signing import signature
from tests.rig import builders
from tests.rig.clock import SettableClock
from tests.rig.web import Asked, Page, WebRig

KEY = b"k" * 32
SQLITE = pytest.mark.parametrize("kind", ["sqlite"])


class Receiver:
    """A program that is told, which answers ``status`` unless ``answers`` has something else."""

    def __init__(self, rig: WebRig) -> None:
        self.rig = rig
        self.asked: list[Asked] = []
        self.answers: list[Page] = []
        self.hook = Webhook(name="crm", url=f"{rig.url}/hook?key=1", key=KEY, allow_private=True)
        rig.pages["/hook"] = self._answer

    def _answer(self, asked: Asked) -> Page:
        self.asked.append(asked)
        return self.answers.pop(0) if self.answers else Page(status=204)

    @property
    def numbers(self) -> list[int]:
        return [json.loads(each.body)["data"]["number"] for each in self.asked]


class Line:
    """A site whose one webhook is known. Every step is the real verb."""

    def __init__(self, store: Store, clock: SettableClock, receiver: Receiver) -> None:
        self.store = store
        self.clock = clock
        self.receiver = receiver
        self.hook = receiver.hook
        self.stop = asyncio.Event()

    async def keep(self, *names: str) -> None:
        async with self.store.write() as connection:
            await rows.keep(connection, names, self.clock())

    async def happen(self, *numbers: int, kind: EventKind = EventKind.COMPLAINT) -> None:
        for number in numbers:
            async with self.store.write() as connection:
                event = Event(kind=kind, occurred=self.clock(), data={"number": number})
                events.note(connection, event)

    async def tell(self, store: Store | None = None) -> int:
        publication = builders.publication()
        return await webhooks.tell(
            store or self.store, self.hook, publication, clock=self.clock, stop=self.stop
        )

    async def standing(self) -> Standing:
        async with self.store.read() as connection:
            (found,) = await rows.standing(connection, {self.hook.name: self.hook.kinds})
        return found

    async def replay(self, position: int) -> None:
        async with self.store.write() as connection:
            assert await rows.replay(connection, self.hook.name, position, self.clock())

    async def notices(self) -> list[str]:
        async with self.store.read() as connection:
            found = await notices.unsent(connection, self.clock() - timedelta(days=90))
        return [each.subject for each in reversed(found)]


@pytest.fixture
async def rig() -> AsyncIterator[WebRig]:
    async with WebRig() as opened:
        yield opened


@pytest.fixture
async def line(store: Store, clock: SettableClock, rig: WebRig) -> Line:
    made = Line(store, clock, Receiver(rig))
    await made.happen(0)
    await made.keep("crm")
    return made


def test_signature_is_that_of_standard_webhooks() -> None:
    """The vector that the libraries of Standard Webhooks test themselves by."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_what_happens_is_told_in_order_and_signed(line: Line) -> None:
    await line.happen(1, 2, 3)
    await line.keep("crm")  # as whenever the site is opened

    assert await line.tell() == 3
    assert await line.tell() == 0

    first, *_ = line.receiver.asked
    assert line.receiver.numbers == [1, 2, 3]
    assert first.target == "/hook?key=1"
    assert json.loads(first.body) == {
        "id": 2,
        "type": "complaint",
        "timestamp": "2026-11-23T06:00:00+00:00",
        "data": {"number": 1},
    }
    headers = first.headers
    assert headers["content-type"] == "application/json"
    assert headers["webhook-timestamp"] == str(int(line.clock().timestamp()))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + first.body
    digest = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    standing = await line.standing()
    assert (standing.state, standing.waiting, standing.position) == ("active", 0, 4)
    assert standing.told == line.clock()


@SQLITE
async def test_what_is_not_taken_is_told_again_later_and_holds_up_what_comes_next(
    line: Line,
) -> None:
    line.receiver.answers = [Page(), Page(status=500), Page(status=302, headers={"Location": "/"})]
    await line.happen(1, 2, 3)

    assert await line.tell() == 1
    failing = await line.standing()
    assert failing.since is not None
    assert await line.tell() == 0  # it is left alone for a while
    line.clock.advance(seconds=6)
    assert await line.tell() == 0
    again = await line.standing()
    line.clock.advance(seconds=12)
    assert await line.tell() == 2

    assert line.receiver.numbers == [1, 2, 2, 2, 3]
    ids = [each.headers["webhook-id"] for each in line.receiver.asked]
    assert ids[1] == ids[2] == ids[3]
    assert len(set(ids)) == 3
    assert (failing.state, failing.waiting, failing.error) == ("failing", 2, "it answers 500")
    assert timedelta(seconds=4) <= failing.due - failing.since <= timedelta(seconds=6)
    assert again.since == failing.since
    assert again.error == "it answers 302"
    assert again.due - failing.due > timedelta(seconds=8)
    assert (await line.standing()).state == "active"


@SQLITE
async def test_receiver_says_when_to_come_again(line: Line) -> None:
    line.receiver.answers = [Page(status=429, headers={"Retry-After": "600"})]
    await line.happen(1)
    await line.tell()

    line.clock.advance(minutes=9)
    assert await line.tell() == 0
    line.clock.advance(minutes=2)
    assert await line.tell() == 1


@SQLITE
async def test_admin_hears_once_of_a_day_of_failure_and_after_five_it_is_left_alone(
    line: Line,
) -> None:
    line.receiver.answers = [Page(status=500)] * 500
    await line.happen(1)
    begun = line.clock()
    while not (await line.standing()).stopped:
        await line.tell()
        line.clock.advance(hours=2)
    tries = len(line.receiver.asked)
    line.clock.advance(days=30)
    await line.tell()

    assert await line.notices() == ["webhook crm fails", "webhook crm is stopped"]
    stopped = await line.standing()
    assert stopped.stopped is not None
    assert timedelta(days=5) <= stopped.stopped - begun < timedelta(days=5, hours=3)
    assert len(line.receiver.asked) == tries

    line.receiver.answers.clear()
    await line.replay(stopped.position)
    assert await line.tell() == 1
    assert line.receiver.numbers[-1] == 1


@SQLITE
async def test_one_that_has_gone_is_stopped_at_once(line: Line) -> None:
    line.receiver.answers = [Page(status=410)]
    await line.happen(1)

    await line.tell()

    standing = await line.standing()
    assert (standing.state, standing.waiting) == ("stopped", 1)
    assert await line.notices() == ["webhook crm is stopped"]


@SQLITE
async def test_only_the_kinds_that_are_wanted_are_told(line: Line) -> None:
    line.hook = Webhook(
        name="crm", url=line.hook.url, key=KEY, kinds=(EventKind.BOUNCE_HARD,), allow_private=True
    )
    await line.happen(1, 2)
    await line.happen(3, kind=EventKind.BOUNCE_HARD)
    await line.happen(4)
    waiting = (await line.standing()).waiting

    assert await line.tell() == 1
    assert await line.tell() == 0

    assert waiting == 1
    assert line.receiver.numbers == [3]
    assert (await line.standing()).position == 5


@SQLITE
async def test_replay_tells_again_and_may_leave_one_out(line: Line) -> None:
    await line.happen(1, 2, 3)
    await line.tell()

    await line.replay(2)
    await line.tell()

    assert line.receiver.numbers == [1, 2, 3, 2, 3]
    ids = [each.headers["webhook-id"] for each in line.receiver.asked]
    assert ids[1:3] == ids[3:]


@SQLITE
async def test_webhook_of_another_name_begins_anew(line: Line) -> None:
    await line.happen(1)
    await line.keep("other")
    await line.keep("crm")

    assert await line.tell() == 0
    await line.happen(2)
    assert await line.tell() == 1
    assert line.receiver.numbers == [2]


@SQLITE
async def test_private_address_is_told_nothing_unless_it_is_allowed(line: Line) -> None:
    line.hook = Webhook(name="crm", url=line.hook.url, key=KEY)
    await line.happen(1)

    assert await line.tell() == 0

    assert line.receiver.asked == []
    assert "is private" in (await line.standing()).error


async def test_of_two_workers_one_tells_and_one_that_slept_is_fenced_off(
    line: Line, second_store: Store
) -> None:
    await line.happen(1, 2)
    async with line.store.write() as connection:
        now = line.clock()
        turn = await rows.claim(connection, "crm", now=now, lease_ends=now + timedelta(minutes=1))
    assert turn is not None
    during = await line.tell(second_store)
    line.clock.advance(minutes=2)
    after = await line.tell(second_store)

    async with line.store.write() as connection:
        now = line.clock()
        assert not await rows.reach(connection, turn, 2, now=now, due=now)
        assert not await rows.put_off(
            connection,
            turn,
            2,
            due=now,
            failing=now,
            failures=1,
            stopped=now,
            error="slept",
        )

    assert (during, after) == (0, 2)
    standing = await line.standing()
    assert (standing.state, standing.waiting) == ("active", 0)


@SQLITE
async def test_worker_that_dies_leaves_nothing_untold(line: Line) -> None:
    """It had told two, and had not written that down."""
    dying: list[asyncio.Task[int]] = []

    def answer(asked: Asked) -> Page:
        line.receiver.asked.append(asked)
        if len(line.receiver.asked) == 2:
            dying[0].cancel()
        return Page()

    line.receiver.rig.pages["/hook"] = answer
    await line.happen(1, 2, 3)
    dying.append(asyncio.create_task(line.tell()))
    await asyncio.wait(dying)
    during = await line.tell()
    line.clock.advance(minutes=1)

    assert dying[0].cancelled()
    assert during == 0
    assert await line.tell() == 3
    assert line.receiver.numbers == [1, 2, 1, 2, 3]
    ids = [each.headers["webhook-id"] for each in line.receiver.asked]
    assert ids[:2] == ids[2:4]


@SQLITE
async def test_it_stops_between_two_events_and_goes_on_there(line: Line) -> None:
    def answer(asked: Asked) -> Page:
        line.receiver.asked.append(asked)
        line.stop.set()
        return Page()

    line.receiver.rig.pages["/hook"] = answer
    await line.happen(1, 2, 3)
    assert await line.tell() == 1
    line.stop.clear()
    assert await line.tell() == 1
    assert line.receiver.numbers == [1, 2]
