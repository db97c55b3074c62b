"""The long-running service: web, clock and worker, together or apart, and the config they obey.

A config that changes is read when its file changes or on SIGHUP. A faulty one is refused with
its faults and the old one stays in force; a good one replaces it between two transactions:
the parts finish what they are at, and begin again with the new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from watchfiles import awatch

from publisher.app import App, opened
from publisher.config import Config, load
from publisher.errors import ConfigError, PublisherError, first_cause
from publisher.receiver import receive
from publisher.scheduler import keep_time
from publisher.worker import work

if TYPE_CHECKING:  # a worker and a clock need no web
    from starlette.types import ASGIApp, Receive, Scope, Send

    from publisher.web.site import Site

log = structlog.get_logger()

# How long transactions under way may take to finish once we are told to stop.
_PATIENCE_SECONDS = 30
# How soon a process has other keys: sooner than one signs (publisher.store.keys.SETTLING).
_KEYS_SECONDS = 60


class Part(enum.StrEnum):
    """A process type of the Procfile."""

    WEB = "web"
    CLOCK = "clock"
    WORKER = "worker"


async def serve(config_path: Path, parts: frozenset[Part], *, capture: bool = False) -> None:
    """Run parts of the service until SIGTERM or SIGINT; with all of them, migrate first.

    ``capture`` adds the mail server that keeps what it catches. Raises ConfigError or
    StoreError when it cannot start, and PublisherError when a part cannot go on.
    """
    config = await asyncio.to_thread(load, config_path, os.environ)
    stop, reload = asyncio.Event(), asyncio.Event()
    front = _Front()
    try:
        with _signals(stop, reload):
            async with (
                _capturing(config) if capture else nullcontext(),
                asyncio.TaskGroup() as tasks,
            ):
                tasks.create_task(_watch(config_path, reload, stop))
                if Part.WEB in parts:
                    from publisher.web.serve import serve as serve_web

                    host, port = config.web
                    tasks.create_task(serve_web(front, host, port, stop=stop))
                tasks.create_task(
                    _generations(config, parts, front, stop=stop, reload=reload, capture=capture)
                )
    except ExceptionGroup as group:
        raise first_cause(group) from group
    log.info("stopped")


async def _generations(
    config: Config,
    parts: frozenset[Part],
    front: _Front,
    *,
    stop: asyncio.Event,
    reload: asyncio.Event,
    capture: bool,
) -> None:
    """Work under one config after the other, until told to stop.

    The site of a config is closed when the next one is shown and no request uses it any more.
    """
    async with AsyncExitStack() as last:
        while not stop.is_set():
            this = AsyncExitStack()
            app = await this.enter_async_context(opened(config, migrated=parts == frozenset(Part)))
            if Part.WEB in parts:
                from publisher.web.app import application

                await front.show(application(site_for(app, capture=capture)))
            await last.aclose()
            last.push_async_exit(this)
            config = await _work(app, parts, stop=stop, reload=reload)


async def _work(
    app: App, parts: frozenset[Part], *, stop: asyncio.Event, reload: asyncio.Event
) -> Config:
    """Keep time and send under one config; give the one to work under next."""
    over, work_waits = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        if Part.CLOCK in parts:
            tasks.create_task(keep_time(app, over, work_waits))
            tasks.create_task(receive(app, over))
        if Part.WORKER in parts:
            tasks.create_task(work(app, over, work_waits))
        tasks.create_task(_watch_keys(app, over, reload))
        log.info("at work", parts=" ".join(sorted(parts)), url=app.config.publication.base_url)
        new = await _next_config(app, stop, reload)
        log.info("finishing what is under way")
        over.set()
        deadline = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, _give_up)
    deadline.cancel()
    return new


async def _watch_keys(app: App, over: asyncio.Event, reload: asyncio.Event) -> None:
    """Ask for a reload when `publisher keys` has changed the keys that sign links."""
    while not over.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), _KEYS_SECONDS)
        if await _has_old_keys(app):
            reload.set()


async def _has_old_keys(app: App) -> bool:
    try:
        return await app.has_old_keys()
    except PublisherError:  # the others say that the database is away
        return False


async def _next_config(app: App, stop: asyncio.Event, reload: asyncio.Event) -> Config:
    """Wait until the service is to stop, or has another config without a fault, or other keys."""
    config = app.config
    while True:
        waits = [asyncio.ensure_future(event.wait()) for event in (stop, reload)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if stop.is_set():
            return config
        reload.clear()
        try:
            new = await asyncio.to_thread(load, config.path, os.environ)
        except ConfigError as error:
            log.error("config refused, the old one stays in force", faults=error.faults)  # noqa: TRY400
            continue
        if new == config:
            if await _has_old_keys(app):
                log.info("keys changed")
                return config
            continue
        try:
            async with opened(new):
                pass
        except PublisherError as error:
            log.error("config refused, the old one stays in force", faults=[str(error)])  # noqa: TRY400
            continue
        log.info("config changed")
        if new.web != config.web:
            log.warning("the new web.listen takes effect at the next start")
        return new


def site_for(app: App, *, capture: bool, is_static: bool = False) -> Site:
    """Give what pages need of a site; ``capture`` says whether caught mails are shown."""
    from publisher.web.site import Site

    return Site(
        store=app.store,
        publication=app.config.publication,
        press=app.press,
        serving=app.config.serving,
        newsletters=app.config.newsletters,
        templates=app.templates,
        tokens=app.tokens,
        clock=app.clock,
        caught=app.config.capture.folder if capture else None,
        coming=app,
        pushing=app.sources if app.sources.push_tokens else None,
        webhooks=app.config.webhooks,
        hooks=app.returns if app.returns.providers else None,
        sign_ups=app.config.sign_ups,
        is_static=is_static,
    )


class _Front:
    """What the web server calls: the application of the config in force.

    Every request comes by here, so there is no lock: between two awaits nobody else moves.
    """

    def __init__(self) -> None:
        self._current: ASGIApp | None = None
        self._in_use: Counter[ASGIApp] = Counter()
        self._shown = asyncio.Event()
        self._left = asyncio.Event()

    async def show(self, current: ASGIApp) -> None:
        """Send every new request to this application, and wait until the one before is idle."""
        last, self._current = self._current, current
        self._shown.set()
        if last is not None:
            while self._in_use[last]:
                self._left.clear()
                await self._left.wait()
            del self._in_use[last]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._current is None:
            await self._shown.wait()
        current = self._current
        assert current is not None  # noqa: S101 -- just waited for
        self._in_use[current] += 1
        try:
            await current(scope, receive, send)
        finally:
            self._in_use[current] -= 1
            if current is not self._current:
                self._left.set()


@asynccontextmanager
async def _capturing(config: Config) -> AsyncIterator[None]:
    from publisher.capture import CaptureServer

    server = CaptureServer(*config.capture.listen, config.capture.folder)
    await server.start()
    log.info(
        "catching mail",
        listen=f"{config.capture.listen.host}:{server.port}",
        url=f"{config.publication.base_url}/caught/",
    )
    try:
        yield
    finally:
        await server.stop()


async def _watch(path: Path, reload: asyncio.Event, stop: asyncio.Event) -> None:
    """Ask for a reload whenever the config file changes, also when it is replaced."""
    async for changes in awatch(path.parent, stop_event=stop, recursive=False):
        if any(Path(changed).name == path.name for _, changed in changes):
            reload.set()


@contextmanager
def _signals(stop: asyncio.Event, reload: asyncio.Event) -> Iterator[None]:
    """Turn signals into events. A second SIGINT or SIGTERM ends the process at once."""
    loop = asyncio.get_running_loop()

    def asked_to_stop() -> None:
        if stop.is_set():
            _give_up()
        stop.set()

    handlers = {
        signal.SIGTERM: asked_to_stop,
        signal.SIGINT: asked_to_stop,
        signal.SIGHUP: reload.set,
    }
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


def _give_up() -> None:
    """End at once. Rows under way are in doubt, as after a crash: the ledger knows them."""
    log.error("stopped before everything was finished")
    os._exit(1)
