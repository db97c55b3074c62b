"""The receiver: brings in what comes back, from every mailbox, until told to stop.

It runs beside the clock, of which there is one: two would read each mail twice, which does no harm
but is of no use, and only one can listen for LMTP.
"""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from publisher.app import App
from publisher.errors import PublisherError
from publisher.mailboxes import Mailbox

log = structlog.get_logger()

_SHORTEST_REST_SECONDS = 2.0
_LONGEST_REST_SECONDS = 300.0
# How long a mailbox may take to end once we are told to stop.
_PATIENCE_SECONDS = 15.0


async def receive(app: App, stop: asyncio.Event) -> None:
    """Take in mails until ``stop`` is set; those in hand are finished first."""
    async with asyncio.TaskGroup() as lines:
        for mailbox in app.returns.mailboxes():
            lines.create_task(_keep_receiving(app, mailbox, stop))


async def _keep_receiving(app: App, mailbox: Mailbox, stop: asyncio.Event) -> None:
    """Follow a mailbox; when it cannot be used, leave it alone for longer and longer."""
    loop = asyncio.get_running_loop()
    rest = _SHORTEST_REST_SECONDS
    while not stop.is_set():
        begun = loop.time()
        try:
            await _follow(app, mailbox, stop)
        except PublisherError as error:
            if loop.time() - begun > _LONGEST_REST_SECONDS:
                rest = _SHORTEST_REST_SECONDS  # it had worked for a while
            log.warning(
                "bounces not fetched", mailbox=mailbox.name, seconds=rest, reason=str(error)
            )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await stop.wait()
            rest = min(rest * 2, _LONGEST_REST_SECONDS)


async def _follow(app: App, mailbox: Mailbox, stop: asyncio.Event) -> None:
    """Follow a mailbox; one whose server hangs when we are told to stop is cut off."""
    following = asyncio.create_task(mailbox.follow(app.bounces.take, stop))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([following, stopping], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([following], timeout=_PATIENCE_SECONDS)
    finally:
        stopping.cancel()
        # Nothing is lost by it: a mail that is not let go of comes again.
        following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
