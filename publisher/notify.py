"""Mail the admin what somebody has to look at.

Nothing here is of the readers' ledger, and no reader's mail ever waits for it. A notice may come
twice where a line breaks at its end: better that than one that nobody gets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from publisher.errors import InDoubt, Refused, Unreachable
from publisher.mail.note import note
from publisher.model import Address, Message
from publisher.ports import Clock, Transport
from publisher.store import notices
from publisher.store.engine import Store
from publisher.store.notices import Noted

log = structlog.get_logger()

_AT_ONCE = 20
_LEASE = timedelta(minutes=15)  # longer than any answer is waited for
_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=1)
_GIVE_UP = timedelta(days=1)
# More doublings than that make no difference.
_MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """From whom, to whom, and over which relay."""

    sender: Address
    admin: Address
    connect: Callable[[], Transport]


async def notify(store: Store, line: Line, *, clock: Clock, stop: asyncio.Event) -> int:
    """Send the admin every notice that is due; give how many the relay took.

    What it does not take is tried again later and later, for a day. When ``stop`` is set, the one
    in hand is finished and the rest waits. Raises StoreError when the database stays away.
    """
    async with store.write() as connection:
        now = clock()
        due = await notices.claim(connection, limit=_AT_ONCE, now=now, lease_ends=now + _LEASE)
    if not due:
        return 0
    sent = 0
    away = ""
    transport = line.connect()
    try:
        for each in due:
            if stop.is_set():
                break
            reply, is_taken = away, False
            try:
                if not away:
                    reply, is_taken = await _hand_over(transport, _message(line, each)), True
            except Unreachable as error:
                reply = away = str(error)
            except (Refused, InDoubt, ValueError) as error:
                reply = str(error)
            await _settle(store, each, reply, is_taken=is_taken, clock=clock)
            sent += is_taken
    finally:
        await transport.close()
    if away:
        log.warning("admin not told", reason=away)
    return sent


async def _hand_over(transport: Transport, message: Message) -> str:
    await transport.offer(message)
    reply = await transport.transmit()
    return f"{reply.code} {reply.text}"


async def _settle(store: Store, each: Noted, reply: str, *, is_taken: bool, clock: Clock) -> None:
    now = clock()
    wait = min(_FIRST_RETRY * 2 ** min(each.attempts - 1, _MOST_DOUBLINGS), _LONGEST_RETRY)
    is_over = is_taken or now - each.created >= _GIVE_UP
    if is_over and not is_taken:
        log.error("notice given up", notice=each.id, subject=each.subject, reason=reply)
    async with store.write() as connection:
        await notices.settle(
            connection,
            each,
            due=None if is_over else now + wait,
            sent=now if is_taken else None,
            reply=reply,
        )


def _message(line: Line, each: Noted) -> Message:
    # The same in each attempt, so that who gets it twice may be shown it once.
    made = f"{each.created:%Y%m%d%H%M%S%f}"
    return note(
        sender=line.sender,
        recipient=line.admin,
        subject=each.subject,
        text=each.text,
        date=each.created,
        message_id=f"<notice.{each.id}.{made}@{line.sender.domain}>",
    )
