"""A site that people's own programs read, over a socket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from publisher.model import AutomaticFeeds, Feed, SourceArticle, TermKind
from publisher.publish import Press
from publisher.tokens import Tokens
from publisher.web.app import application
from publisher.web.site import Site
from tests.readers.programs import PROGRAMS, Program, Seen
from tests.rig import builders
from tests.rig.desk import Desk
from tests.web.conftest import listening

EVERY_KIND = replace(builders.AUTOMATIC, kinds=tuple(TermKind))

Reading = Callable[..., Awaitable[dict[str, list[Seen]]]]


@pytest.fixture
def kind() -> str:
    """SQLite alone: readers see nothing of the database."""
    return "sqlite"


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our server is on this machine: no proxy of the environment's is to be asked for it."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(params=PROGRAMS, ids=lambda program: program.name)
def program(request: pytest.FixtureRequest) -> Program:
    """Each of the readers. Where tests are the rule (CI), none may be missing."""
    named: Program = request.param
    if "CI" not in os.environ and not named.is_installed():
        pytest.skip(f"{named.name} is not installed; see .ci/run")
    return named


@dataclass(slots=True, kw_only=True)
class Served:
    """A site on a socket: its press, its address, and the path and status of each answer."""

    press: Press
    url: str = ""
    answers: list[tuple[str, int]] = field(default_factory=list)

    def watched(self, app: ASGIApp) -> ASGIApp:
        """Note what an application answers."""

        async def pass_on(scope: Scope, receive: Receive, send: Send) -> None:
            async def note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self.answers.append((scope["path"], message["status"]))
                await send(message)

            await app(scope, receive, note)

        return pass_on


Serving = Callable[..., Awaitable[Served]]


@pytest.fixture
async def serving(desk: Desk) -> AsyncIterator[Serving]:
    """Serve a feed, that of the newsletter and automatic ones, as the desk's articles stand."""
    async with AsyncExitStack() as stack:

        async def serve(feed: Feed, automatic: AutomaticFeeds = builders.AUTOMATIC) -> Served:
            newsletters = (desk.newsletter,)
            press = builders.press(desk, feed, automatic=automatic, newsletters=newsletters)
            await press.publish()
            site = Site(
                store=desk.store,
                press=press,
                publication=desk.publication,
                serving=builders.SERVING,
                newsletters=newsletters,
                templates=desk.templates,
                tokens=Tokens({1: b"k" * 32}, 1),
                clock=desk.clock,
                caught=None,
                coming=builders.Uneventful(),
            )
            served = Served(press=press)
            client = await stack.enter_async_context(listening(served.watched(application(site))))
            served.url = str(client.base_url).rstrip("/")
            return served

        yield serve


@pytest.fixture
def read(serving: Serving, program: Program, tmp_path: Path) -> Reading:
    """Let the program read a feed, or what stands at these paths, in every format it knows."""

    async def read(feed: Feed, *paths: str) -> dict[str, list[Seen]]:
        served = await serving(feed, EVERY_KIND if paths else builders.AUTOMATIC)
        found = [f"{path}.{format}" for path in paths or [feed.path] for format in program.formats]
        urls = [served.url + path for path in found]
        return dict(zip(found, await asyncio.to_thread(program.read, urls, tmp_path), strict=True))

    return read


async def meant(desk: Desk, *told: SourceArticle) -> list[Seen]:
    """Say what of these articles every reader is to see, in this order."""
    known = {article.guid: article for article in await desk.all_articles()}
    return [
        Seen(
            id=known[each.guid].uri,
            title=each.title,
            link=each.url or f"{desk.publication.base_url}/articles/{known[each.guid].slug}",
            published=each.published or known[each.guid].first_seen,
            enclosures=tuple(enclosure.url for enclosure in each.enclosures),
        )
        for each in told
    ]
