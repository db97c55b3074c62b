"""Another hub is told which feeds have changed: once, and until it has heard."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from publisher import hub
from publisher.model import Publication
from publisher.publish import Press
from publisher.store import pings
from publisher.store.pings import Standing
from tests.rig import builders
from tests.rig.desk import Desk
from tests.rig.hostile import HostileRig, head
from tests.rig.program import until
from tests.rig.web import Asked, Page, WebRig

TOPICS = [f"https://news.example.org/feeds/all.{ending}" for ending in ("atom", "json", "rss")]


class PingDesk:
    """A desk whose feeds another hub is to be told of. Every step is the real verb."""

    def __init__(self, desk: Desk, at: str) -> None:
        self.desk = desk
        self.clock = desk.clock
        self.publication: Publication = replace(desk.publication, hub=at)
        self.press: Press = builders.press(desk, builders.feed(), publication=self.publication)

    async def publish(self, *names: str) -> None:
        await self.desk.bring(*names)
        await self.press.publish()
        await self.note()

    async def note(self) -> int:
        return await hub.note(self.desk.store, self.publication, clock=self.clock)

    async def ping(self) -> hub.Pinged:
        return await hub.ping(self.desk.store, self.publication, clock=self.clock)

    async def standing(self) -> Standing:
        async with self.desk.store.read() as connection:
            return await pings.standing(connection, self.publication.hub or "")


@pytest.fixture
def room(desk: Desk, rig: WebRig) -> PingDesk:
    rig.pages["/hub"] = Page(status=204)
    return PingDesk(desk, f"{rig.url}/hub")


def topics(asked: Asked) -> list[str]:
    form = parse_qsl(asked.body.decode())
    assert form[0] == ("hub.mode", "publish")
    assert {name for name, _ in form[1:]} == {"hub.url"}
    return sorted(topic for _, topic in form[1:])


async def test_hub_is_told_of_all_that_changed_in_one_form(room: PingDesk, rig: WebRig) -> None:
    await room.publish("first")

    pinged = await room.ping()

    (asked,) = rig.requests
    assert pinged == hub.Pinged(topics=3)
    assert asked.method == "POST"
    assert topics(asked) == TOPICS


async def test_hub_is_told_of_nothing_when_nothing_changed(room: PingDesk, rig: WebRig) -> None:
    await room.publish("first")
    await room.ping()
    room.clock.advance(days=1)
    noted = await room.note()

    pinged = await room.ping()

    assert (noted, pinged) == (0, hub.Pinged())
    assert len(rig.requests) == 1


async def test_hub_is_told_of_each_change(room: PingDesk, rig: WebRig) -> None:
    await room.publish("first")
    await room.ping()
    await room.publish("second")

    await room.ping()

    assert [topics(asked) for asked in rig.requests] == [TOPICS, TOPICS]


async def test_several_changes_are_told_as_one_while_the_hub_was_not_told(
    room: PingDesk, rig: WebRig
) -> None:
    await room.publish("first")
    await room.publish("second")

    await room.ping()

    assert len(rig.requests) == 1


async def test_many_topics_are_told_in_several_forms(
    room: PingDesk, desk: Desk, rig: WebRig
) -> None:
    feeds = [builders.feed(slug=f"feed-{number}") for number in range(35)]
    room.press = builders.press(desk, *feeds, publication=room.publication)
    await room.publish("first")

    pinged = await room.ping()

    assert pinged.topics == 105
    assert [len(topics(asked)) for asked in rig.requests] == [100, 5]


async def test_failing_hub_is_told_again_less_and_less_often(room: PingDesk, rig: WebRig) -> None:
    await room.publish("first")
    rig.pages["/hub"] = Page(status=500)
    waits = []
    for _ in range(9):
        await room.ping()
        tries, waited = len(rig.requests), 0
        while len(rig.requests) == tries:
            room.clock.advance(seconds=15)
            waited += 15
            await room.ping()
        waits.append(waited)
    failing = await room.standing()
    rig.pages["/hub"] = Page(status=202)
    room.clock.advance(hours=2)
    told = await room.ping()

    assert 20 <= waits[0] <= 45
    assert waits[:7] == sorted(waits[:7])
    assert all(2880 <= wait <= 4335 for wait in waits[7:])
    assert (failing.waiting, failing.error) == (3, "it answers 500")
    assert told == hub.Pinged(topics=3)
    assert await room.standing() == Standing(waiting=0, error="", next_try=None)


async def test_redirect_of_the_hub_is_a_failure(room: PingDesk, rig: WebRig) -> None:
    await room.publish("first")
    rig.pages["/hub"] = Page(status=302, headers={"Location": "/other"})

    pinged = await room.ping()

    assert pinged.error == "it answers 302"
    assert rig.targets == ["/hub"]


async def test_hub_that_cannot_be_had_rests_with_all_that_waits(desk: Desk, rig: WebRig) -> None:
    room = PingDesk(desk, "http://127.0.0.1:9/hub")
    await room.publish("first")

    pinged = await room.ping()

    assert pinged.topics == 0
    assert pinged.error.startswith("no connection can be made")
    assert (await room.standing()).waiting == 3


async def test_another_hub_in_the_config_is_told_of_everything(room: PingDesk, rig: WebRig) -> None:
    await room.publish("first")
    await room.ping()
    rig.pages["/other"] = Page(status=204)
    room.publication = replace(room.publication, hub=f"{rig.url}/other")
    await room.note()

    await room.ping()

    assert rig.targets == ["/hub", "/other"]
    assert topics(rig.requests[1]) == TOPICS


async def test_change_while_the_hub_is_told_is_told_after_it(desk: Desk) -> None:
    may_go = asyncio.Event()

    async def say(writer: asyncio.StreamWriter) -> None:
        await may_go.wait()
        writer.write(head("Content-Length: 0"))

    async with HostileRig(say) as hanging:
        room = PingDesk(desk, f"{hanging.url}/hub")
        await room.publish("first")
        pinging = asyncio.create_task(room.ping())

        async def is_told() -> bool:
            return len(hanging.requests) == 1

        await until(is_told)
        await room.publish("second")
        may_go.set()
        await pinging

        await room.ping()

    assert len(hanging.requests) == 2


async def test_what_a_dead_process_was_telling_is_told_when_its_lease_ends(
    room: PingDesk, rig: WebRig
) -> None:
    await room.publish("first")
    async with room.desk.store.write() as connection:
        await pings.claim(
            connection,
            room.publication.hub or "",
            limit=100,
            now=room.clock(),
            lease_ends=room.clock.now().replace(minute=1),
        )
    at_once = await room.ping()
    room.clock.advance(minutes=1)

    later = await room.ping()

    assert (at_once.topics, later.topics) == (0, 3)


async def test_without_a_hub_nothing_is_noted(room: PingDesk) -> None:
    room.publication = replace(room.publication, hub=None)

    await room.publish("first")

    assert (await room.standing()).waiting == 0
