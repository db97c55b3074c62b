"""The worker: sends readers, the hub and the admin what is due to them, until told to stop.

Any number of workers on any number of machines may run on one PostgreSQL; the ledger's leases
part the work. On SQLite there is one machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import asdict

import structlog

from publisher.app import App
from publisher.config import Webhook
from publisher.deliver import Sent
from publisher.errors import PublisherError
from publisher.hub import Called

log = structlog.get_logger()

# How long to sleep when nothing is due. A process of its own cannot be woken, so it looks
# whether any mail is due, which is quickly asked, several times in between.
_IDLE_SECONDS = 2.0
_GLANCE_SECONDS = 0.25
_GLANCE_WEIGHT = 20  # to look takes a twentieth of the time at most
# How long what is due and kept back, by a quota or by its hours, is left alone.
_KEPT_BACK_SECONDS = 1.0
_LONGEST_REST_SECONDS = 60.0


async def work(app: App, stop: asyncio.Event, work_waits: asyncio.Event) -> None:
    """Send over every relay until ``stop`` is set; transactions under way are finished first.

    ``work_waits`` wakes a worker that sleeps; it is cleared here.
    """
    async with asyncio.TaskGroup() as lines:
        for relay in app.relays.names():
            lines.create_task(_keep_sending(app, relay, stop, work_waits))
        lines.create_task(_keep_notifying(app, stop))
        for hook in app.config.webhooks:
            lines.create_task(_keep_calling(app, hook, stop))
        if app.config.publication.hub is not None:
            lines.create_task(_keep_telling(app, stop, work_waits))


async def _keep_sending(
    app: App, relay: str, stop: asyncio.Event, work_waits: asyncio.Event
) -> None:
    rest = _IDLE_SECONDS
    is_due = False
    while not stop.is_set():
        work_waits.clear()
        try:
            sent = await app.relays.deliver(relay, stop)
            now = asyncio.get_running_loop().time()
            rest = max(app.relays.standing.rest(relay, now), _IDLE_SECONDS)
        except PublisherError as error:
            sent = Sent(error=str(error))
            rest = min(rest * 2, _LONGEST_REST_SECONDS)
        if sent != Sent(error=sent.error):
            log.info(
                "mail sent",
                relay=relay,
                accepted=sent.accepted,
                failed=sent.failed,
                deferred=sent.deferred,
                in_doubt=sent.in_doubt,
            )
        if sent.error is None:
            is_kept_back = is_due and sent == Sent()
            is_due = await _rest(app, relay, stop, work_waits, is_kept_back=is_kept_back)
        else:
            # Nobody's row is blamed: the relay is left alone for longer and longer (F13), and
            # another one takes over if there is one.
            log.warning("relay resting", relay=relay, seconds=round(rest, 1), reason=sent.error)
            work_waits.set()
            await _any_of(stop.wait(), within=rest)


async def _rest(
    app: App, relay: str, stop: asyncio.Event, work_waits: asyncio.Event, *, is_kept_back: bool
) -> bool:
    """Rest until mail is due, or for as long as an idle worker does; say whether any is."""
    loop = asyncio.get_running_loop()
    glance = _KEPT_BACK_SECONDS if is_kept_back else _GLANCE_SECONDS
    over = loop.time() + _IDLE_SECONDS
    while not await _any_of(stop.wait(), work_waits.wait(), within=glance):
        began = loop.time()
        try:
            is_due = await app.relays.is_due(relay)
        except PublisherError:
            return False  # the next run says why
        # It takes longer where only the many mails wait that are another relay's share.
        glance = max(glance, _GLANCE_WEIGHT * (loop.time() - began))
        if is_due or loop.time() >= over:
            return is_due
    return False


async def _keep_telling(app: App, stop: asyncio.Event, work_waits: asyncio.Event) -> None:
    """Tell readers of news. What failed has its own time to be tried again, in its row."""
    is_looked_through = False
    while not stop.is_set():
        work_waits.clear()
        try:
            if not is_looked_through:
                await app.deny_gone()
                is_looked_through = True
            called = await app.tell(stop)
        except PublisherError as error:
            log.error("readers not told", reason=str(error))  # noqa: TRY400
        else:
            if isinstance(called, Called) and called != Called():
                log.info("readers called", **asdict(called))
        await _any_of(stop.wait(), work_waits.wait(), within=_IDLE_SECONDS)


async def _keep_calling(app: App, hook: Webhook, stop: asyncio.Event) -> None:
    """Tell a webhook what has happened; what it does not take has its own time, in its row."""
    while not stop.is_set():
        try:
            if taken := await app.tell_webhook(hook, stop):
                log.info("webhook told", webhook=hook.name, events=taken)
        except PublisherError as error:
            log.error("webhook not told", webhook=hook.name, reason=str(error))  # noqa: TRY400
        await _any_of(stop.wait(), within=_IDLE_SECONDS)


async def _keep_notifying(app: App, stop: asyncio.Event) -> None:
    """Mail what is noted for the admin or a mailbox; each notice has its own time to be tried."""
    while not stop.is_set():
        try:
            if sent := await app.relays.notify(stop):
                log.info("notices sent", notices=sent)
        except PublisherError as error:
            log.error("notices not sent", reason=str(error))  # noqa: TRY400
        await _any_of(stop.wait(), within=_IDLE_SECONDS)


async def _any_of(*waits: Awaitable[object], within: float) -> bool:
    """Wait for any of these, but not longer than so many seconds; say whether one is over."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for task in tasks:
            task.cancel()
