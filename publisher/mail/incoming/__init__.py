"""Mail that comes to the bounce address: what it says, and of which of our mails.

`read` looks at one raw mail and asks nobody. Whatever the mail is, the answer is a verdict; who
may believe it is decided where the tokens are verified.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from email.message import Message

from publisher.mail.incoming import automatic, opened
from publisher.mail.incoming.guessing import guess
from publisher.mail.incoming.opened import LIMIT_BYTES, Unreadable
from publisher.mail.incoming.reports import Told, report, sender_told
from publisher.mail.verp import verp_token
from publisher.model import Address, BounceKind, Verdict

__all__ = ["LIMIT_BYTES", "read"]

# Who delivered it, where it was sent to; RFC 9228 has the first.
_RECIPIENT_FIELDS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
_MAILBOX = re.compile(r"[^\s<>,;:\"()\[\]]{1,64}@[^\s<>,;:\"()\[\]]{1,255}")
_LINK = re.compile(r"/u/([A-Za-z2-7]{20,60})(?![A-Za-z0-9])")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")


def read(raw: bytes, recipients: Sequence[str], bounce: Address) -> Verdict:
    """Read a mail; ``recipients`` are those of its envelope, as far as whoever brought it knows.

    Never raises: what cannot be read is a verdict with its reason.
    """
    try:
        return _read(raw, recipients, bounce)
    except Unreadable as error:
        reason = str(error)
    except Exception as error:  # hostile mails find what parsers have not met yet
        reason = f"stops the parser: {error!r}"[:200]
    return Verdict(
        kind=BounceKind.UNPARSED,
        digest=hashlib.sha256(raw).hexdigest(),
        tokens=_tokens(recipients, bounce),
        reason=reason,
    )


def _read(raw: bytes, recipients: Sequence[str], bounce: Address) -> Verdict:
    message = opened.opened(raw)
    told, reason = _told(raw, message)
    back = opened.returned(message)
    tokens = _tokens([*recipients, *opened.values(message, *_RECIPIENT_FIELDS)], bounce)
    links: tuple[str, ...] = ()
    if not tokens:
        tokens = _tokens(sender_told(message), bounce)
        left = opened.values(back, "List-Unsubscribe") if back is not None else []
        links = tuple(dict.fromkeys(token for each in left for token in _LINK.findall(each)))[:5]
    return Verdict(
        kind=told.kind,
        digest=_digest(raw, message, told.kind, tokens),
        tokens=tokens,
        links=links,
        message_id=_message_id(back),
        address=told.address,
        status=told.status,
        diagnostic=told.diagnostic,
        reason=reason,
    )


def _told(raw: bytes, message: Message) -> tuple[Told, str]:
    """Say what a mail is, by what is surest first; and why it is not known, if it is not."""
    if (found := report(message)) is not None:
        return found, ""
    is_from_daemon = automatic.is_from_daemon(message)
    if not is_from_daemon and (kind := automatic.kind(message)) is not None:
        return Told(kind=kind), ""
    if (guessed := guess(raw, message, is_from_daemon=is_from_daemon)) is not None:
        return guessed, ""
    reason = "is a bounce in a form that is not known" if is_from_daemon else "is no bounce"
    return Told(kind=BounceKind.UNPARSED), reason


def _tokens(named: Iterable[str], bounce: Address) -> tuple[str, ...]:
    """Give the tokens in addresses that are ours, without verifying them."""
    mailboxes = (mailbox for each in named for mailbox in _MAILBOX.findall(each[:4000]))
    tokens = (verp_token(mailbox, bounce) for mailbox in mailboxes)
    return tuple(dict.fromkeys(token.lower() for token in tokens if token))[:5]


def _message_id(back: Message | None) -> str:
    found = None if back is None else _MESSAGE_ID.search(opened.value(back, "Message-ID"))
    return "" if found is None else found[0]


def _digest(raw: bytes, message: Message, kind: BounceKind, tokens: tuple[str, ...]) -> str:
    """Give what copies of a report share: its own Message-ID, else every byte of it."""
    own = opened.value(message, "Message-ID")
    known_by = f"{own}\0{kind}\0{' '.join(tokens)}".encode("utf-8", "replace") if own else raw
    return hashlib.sha256(known_by).hexdigest()
