"""A site on a real socket: uvicorn through our own ``serve``, and a client that talks to it."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn.server
from playwright.async_api import Browser
from starlette.types import ASGIApp

from publisher.app import App
from publisher.service import site_for
from publisher.tokens import Tokens
from publisher.web.app import application
from publisher.web.serve import serve
from publisher.web.site import Site
from tests.rig import axe, browser, builders
from tests.rig.chromium import find
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk
from tests.rig.house import House, at_home
from tests.rig.pushing import BEARER, at_the_press

Serving = Callable[[Site], Awaitable[httpx.AsyncClient]]
Publishing = Callable[[], Awaitable[None]]


# A client that makes its own reads all the authorities there are, and here nothing is encrypted.
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Brisk:
    """asyncio but for its sleep: uvicorn looks ten times a second whether it is to stop."""

    def __getattr__(self, name: str) -> object:
        return getattr(asyncio, name)

    @staticmethod
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / 20)


@pytest.fixture(scope="session", autouse=True)
def _brisk() -> Iterator[None]:
    """Have servers stop at once, of which there is one a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uvicorn.server, "asyncio", _Brisk())
        yield


@pytest.fixture
def kind() -> str:
    """SQLite alone: what differs between the databases ends in the store."""
    return "sqlite"


@pytest.fixture
def site(desk: Desk) -> Site:
    return Site(
        store=desk.store,
        press=builders.press(desk, builders.feed()),
        publication=desk.publication,
        serving=builders.SERVING,
        newsletters=(desk.newsletter,),
        templates=desk.templates,
        tokens=Tokens({1: b"k" * 32}, 1),
        clock=desk.clock,
        caught=None,
        coming=builders.Uneventful(),
    )


@pytest.fixture
async def serving() -> AsyncIterator[Serving]:
    """Serve sites until the test ends; give a client of each."""
    async with AsyncExitStack() as stack:

        async def open_site(site: Site) -> httpx.AsyncClient:
            return await stack.enter_async_context(listening(application(site)))

        yield open_site


@pytest.fixture
async def client(site: Site, serving: Serving) -> httpx.AsyncClient:
    """A client of the site as it is without changes."""
    return await serving(site)


@pytest.fixture
def built(site: Site) -> Publishing:
    """Build the site's feeds from what the desk has."""

    async def build() -> None:
        await site.press.publish()

    return build


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    stop = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(app, "127.0.0.1", 0, stop=stop, started=port.set_result))
        try:
            base = f"http://127.0.0.1:{await port}"
            async with httpx.AsyncClient(base_url=base, trust_env=False, verify=TLS) as client:
                yield client
        finally:
            stop.set()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A real browser; tests of whole journeys are left out where it or axe-core is missing."""
    if "CI" not in os.environ and not (find() and axe.is_installed()):
        pytest.skip("no Chromium or no axe-core on this machine; see `make pages`")
    async with browser.launched() as running:
        yield running


@pytest.fixture
async def house(tmp_path: Path, database_url: str, clock: SettableClock) -> AsyncIterator[House]:
    """A site that people visit, on a database of its own."""
    async with at_home(tmp_path, database_url, clock) as opened:
        yield opened


@pytest.fixture
async def press(tmp_path: Path, database_url: str, clock: SettableClock) -> AsyncIterator[App]:
    """A site that takes pushes, on a database of its own."""
    async with at_the_press(tmp_path, database_url, clock) as app:
        yield app


@pytest.fixture
async def api(press: App, serving: Serving) -> httpx.AsyncClient:
    """A client that shows the token of its source "press"."""
    client = await serving(site_for(press, capture=False))
    client.headers.update(BEARER)
    return client
