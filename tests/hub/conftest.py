"""A site with a hub of its own, and readers' programs on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from publisher import hub
from publisher.model import Feed, FeedDocument, Format
from publisher.publish import Press
from publisher.store import callbacks, feeds, intents
from publisher.store.callbacks import Standing, Telling
from publisher.store.engine import Store
from publisher.store.intents import Question
from tests.rig import builders
from tests.rig.desk import Desk
from tests.rig.reader import Reader
from tests.rig.web import WebRig


class HubDesk:
    """A desk whose feed is told of through our own hub. Every step is the real verb."""

    topic = "https://news.example.org/feeds/all.rss"

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.clock = desk.clock
        self.store = desk.store
        self.publication = replace(desk.publication, hub=desk.publication.own_hub)
        self.press = self.press_of(builders.feed())
        self.stop = asyncio.Event()

    def press_of(self, *feeds: Feed) -> Press:
        return builders.press(self.desk, *feeds, publication=self.publication)

    async def publish(self, *names: str) -> None:
        """Bring articles, build the feed, and note who is to be told."""
        await self.desk.bring(*names)
        await self.press.publish()
        await self.note()

    async def note(self) -> int:
        return await hub.note(self.store, self.publication, clock=self.clock)

    async def ask(self, reader: Reader | str, **changes: str) -> hub.Objection | None:
        """Ask our hub, as a reader's program does."""
        form = {
            "hub.mode": "subscribe",
            "hub.callback": reader if isinstance(reader, str) else reader.url,
            "hub.topic": self.topic,
            **{f"hub.{name}": value for name, value in changes.items()},
        }
        return await hub.take(
            self.store, self.press, self.publication, form, peer="192.0.2.1", clock=self.clock
        )

    async def call(self, *, allow_private: bool = True) -> hub.Called:
        return await hub.call(
            self.store,
            self.publication,
            allow_private=allow_private,
            clock=self.clock,
            stop=self.stop,
        )

    async def subscribe(self, reader: Reader, **changes: str) -> None:
        assert await self.ask(reader, **changes) is None
        assert (await self.call()).agreed == 1

    async def claim_questions(self) -> list[Question]:
        async with self.store.write() as connection:
            return await intents.claim(
                connection,
                busy={},
                limit=100,
                now=self.clock(),
                lease_ends=self.clock() + timedelta(minutes=1),
            )

    async def take(self, question: Question) -> bool:
        async with self.store.write() as connection:
            return await intents.take(connection, question)

    async def deny_gone(self, press: Press) -> list[str]:
        return await hub.deny_gone(self.store, press, self.publication, clock=self.clock)

    async def claim(self, store: Store | None = None, *, limit: int = 100) -> list[Telling]:
        async with (store or self.store).write() as connection:
            return await callbacks.claim(
                connection,
                busy={},
                limit=limit,
                now=self.clock(),
                lease_ends=self.clock() + timedelta(minutes=1),
            )

    async def standing(self) -> Standing:
        async with self.store.read() as connection:
            return await callbacks.standing(connection, self.clock())

    async def document(self) -> FeedDocument:
        async with self.store.read() as connection:
            found = await feeds.get(connection, "all", Format.RSS)
        assert found is not None
        return found


@pytest.fixture
async def room(desk: Desk) -> HubDesk:
    """A site that has published one article."""
    made = HubDesk(desk)
    await made.publish("first")
    return made


@pytest.fixture
async def rig() -> AsyncIterator[WebRig]:
    async with WebRig() as opened:
        yield opened


@pytest.fixture
def reader(rig: WebRig) -> Reader:
    return Reader(rig)
