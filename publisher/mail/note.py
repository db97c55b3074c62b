"""A mail to the admin: plain text, written once, by the standard library.

It is no list's and goes to one person, so nothing of `publisher.mail.compose` is needed.
Implements RFC 5322 and, so that no program answers it, RFC 3834 §5.
"""

from __future__ import annotations

import email.headerregistry
import email.policy
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from publisher.mail import wire
from publisher.mail.fields import CONTROL
from publisher.model import Address, Envelope, Message


def note(
    *,
    sender: Address,
    recipient: Address,
    subject: str,
    text: str,
    date: datetime,
    message_id: str,
) -> Message:
    """Write it. Control characters in subject and text, but line ends, are left out."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = _header(sender)
    message["To"] = _header(recipient)
    message["Subject"] = CONTROL.sub(" ", subject)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    lines = [CONTROL.sub("", line) for line in text.splitlines()]
    message.set_content("\n".join(lines) + "\n", cte="quoted-printable")
    envelope = Envelope(sender=sender.mailbox, recipient=recipient.mailbox)
    return wire.message(envelope, message.as_bytes())


def _header(address: Address) -> email.headerregistry.Address:
    return email.headerregistry.Address(
        display_name=CONTROL.sub(" ", address.name), addr_spec=address.mailbox
    )
