"""Reports made for programs: of delivery (RFC 3464), of feedback (RFC 5965), of reading (RFC 8098).

They are known by the parts that a mail consists of, wherever these stand: lists and gateways wrap
reports up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message

from publisher.mail.incoming import opened
from publisher.mail.incoming.failures import failure, statuses
from publisher.model import BounceKind

_DIAGNOSTIC_CHARACTERS = 500
_TYPE = re.compile(r"^[\w.-]{1,40};\s*")  # "rfc822;" and "smtp;", RFC 3464 §2.1.2

# RFC 3464 §2.3.3. A relayed mail went to where no reports are made, an expanded one to several.
_ARRIVED = frozenset({"delivered", "relayed", "expanded"})
# Of several recipients that our one stands for, who fared best says whether it works.
_BEST_FIRST = (
    BounceKind.DELIVERED,
    BounceKind.DELAYED,
    BounceKind.POLICY,
    BounceKind.SOFT,
    BounceKind.HARD,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a mail says, whoever it is about."""

    kind: BounceKind
    address: str = ""
    status: str = ""
    diagnostic: str = ""


def report(message: Message) -> Told | None:
    """Read a report; None if the mail is none."""
    return _of_delivery(message) or _of_feedback(message) or _of_reading(message)


def _of_delivery(message: Message) -> Told | None:
    part = opened.first(message, "message/delivery-status", "message/global-delivery-status")
    told = [_recipient(block) for block in opened.blocks(part)] if part is not None else []
    found = [each for each in told if each is not None]
    return min(found, key=lambda each: _BEST_FIRST.index(each.kind), default=None)


def _recipient(block: Message) -> Told | None:
    """Read the fields of one recipient (RFC 3464 §2.3); None for those of the whole mail."""
    action = opened.value(block, "Action").partition(" ")[0].lower()
    status = opened.value(block, "Status")
    if not action and not status:
        return None
    diagnostic = _TYPE.sub("", opened.value(block, "Diagnostic-Code"))[:_DIAGNOSTIC_CHARACTERS]
    # Of a status without an action its class says as much (RFC 3463 §2).
    classes = [kind for kind, _ in statuses(status)]
    first = classes[0] if classes else 0
    if action in _ARRIVED or (not action and first == 2):
        kind, code = BounceKind.DELIVERED, status[:20]
    elif action == "delayed" or (not action and first == 4):
        kind, code = BounceKind.DELAYED, status[:20]
    elif action == "failed" or first == 5:
        kind, code = failure(status, diagnostic)
    else:
        return None
    address = opened.value(block, "Original-Recipient", "Final-Recipient")
    return Told(kind=kind, address=_TYPE.sub("", address)[:320], status=code, diagnostic=diagnostic)


def _of_feedback(message: Message) -> Told | None:
    part = opened.first(message, "message/feedback-report")
    block = next(iter(opened.blocks(part)), None) if part is not None else None
    if block is not None and (kind := opened.value(block, "Feedback-Type").lower()[:40]):
        address = opened.value(block, "Original-Rcpt-To", "Removal-Recipient").strip("<>")[:320]
        # RFC 5965 §3.1: other types (RFC 6650 has the list) ask for something else than to stop.
        is_abuse = kind == "abuse"
        return Told(
            kind=BounceKind.COMPLAINT if is_abuse else BounceKind.FEEDBACK,
            address=address,
            status=kind,
            diagnostic=opened.value(block, "User-Agent")[:_DIAGNOSTIC_CHARACTERS],
        )
    # Microsoft's programme for senders has a form of its own: the mail, with a field in its header.
    back = opened.returned(message)
    if back is not None and (told := opened.value(back, "X-HmXmrOriginalRecipient")):
        return Told(kind=BounceKind.COMPLAINT, address=told.strip("<>")[:320], status="abuse")
    return None


def _of_reading(message: Message) -> Told | None:
    part = opened.first(message, "message/disposition-notification")
    return None if part is None else Told(kind=BounceKind.AUTO_REPLY)


def sender_told(message: Message) -> list[str]:
    """Give the envelope senders that a report names for the mail that it is about."""
    named = []
    part = opened.first(message, "message/feedback-report")
    for block in opened.blocks(part) if part is not None else ():
        named += opened.values(block, "Original-Mail-From")  # RFC 5965 §3.2
    back = opened.returned(message)
    return named + (opened.values(back, "Return-Path") if back is not None else [])
