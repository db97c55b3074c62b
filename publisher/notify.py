"""Mail the admin what somebody has to look at, and mailboxes what concerns them alone.

Nothing here is of the readers' ledger, and no reader's mail ever waits for it. A notice may come
twice where a line breaks at its end: better that than one that nobody gets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
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
    """From whom, to whom, and over which relay.

    ``senders`` maps newsletters to whom their mails are from; the admin hears from ``sender``.
    ``connect`` makes a connection to what carries a newsletter, "" for whatever works.
    """

    sender: Address
    admin: Address | None
    senders: Mapping[str, Address]
    connect: Callable[[str], Transport]


async def notify(store: Store, line: Line, *, clock: Clock, stop: asyncio.Event) -> int:
    """Send every notice that is due; give how many a relay took.

    What it does not take is tried again later and later, for a day. When ``stop`` is set, the one
    in hand is finished and the rest waits. Raises StoreError when the database stays away.
    """
    async with store.write() as connection:
        now = clock()
        due = await notices.claim(
            connection,
            has_admin=line.admin is not None,
            limit=_AT_ONCE,
            now=now,
            lease_ends=now + _LEASE,
        )
    if not due:
        return 0
    sent = 0
    away: dict[str, str] = {}
    transports: dict[str, Transport] = {}
    try:
        for each in due:
            if stop.is_set():
                break
            by = each.newsletter
            reply, is_taken = away.get(by, ""), False
            try:
                if by not in away:
                    transport = transports.setdefault(by, line.connect(by))
                    reply, is_taken = await _hand_over(transport, _message(line, each)), True
            except Unreachable as error:
                reply = away[by] = str(error)
            except (Refused, InDoubt, ValueError) as error:
                reply = str(error)
            await _settle(store, each, reply, is_taken=is_taken, clock=clock)
            sent += is_taken
    finally:
        for transport in transports.values():
            await transport.close()
    for reason in away.values():
        log.warning("notices not sent", reason=reason)
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
    sender = line.senders.get(each.newsletter, line.sender)
    recipient = line.admin if each.recipient is None else Address(mailbox=each.recipient)
    assert recipient is not None  # noqa: S101 -- what is for no admin is not claimed
    # The same in each attempt, so that who gets it twice may be shown it once.
    made = f"{each.created:%Y%m%d%H%M%S%f}"
    return note(
        sender=sender,
        recipient=recipient,
        subject=each.subject,
        text=each.text,
        date=each.created,
        message_id=f"<notice.{each.id}.{made}@{sender.domain}>",
    )
