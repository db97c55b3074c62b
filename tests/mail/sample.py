"""A rendition, a reader and their message, which each test changes in one place."""

from __future__ import annotations

import email
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default

from publisher.mail.compose import Headers, ListFields, prepare
from publisher.mail.slots import Slot, marker
from publisher.model import Address, Message, Rendition

DATE = datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
RENDITION = Rendition(
    id=1,
    newsletter="digest",
    issue=12,
    key="12/en",
    language="en",
    subject="Five stories",
    text=f"Dear {marker(Slot.NAME)},\n",
    html=f"<p>Dear {marker(Slot.NAME)},</p>\n",
    parts=(("digest", (1,)),),
    created=DATE,
)
TRANSACTIONAL = Headers(sender=Address(mailbox="news@example.org", name="News"), date=DATE)
LIST = replace(
    TRANSACTIONAL,
    reply_to=Address(mailbox="editor@example.org", name="Chief Editor"),
    mailing_list=ListFields(
        title="The Digest",
        identifier="digest.example.org",
        archive="https://example.org/newsletters/digest",
    ),
)
READER = Address(mailbox="ann@example.net", name="Ann")
VALUES = {
    Slot.NAME: "Ann",
    Slot.ADDRESS: "ann@example.net",
    Slot.UNSUBSCRIBE_URL: "https://example.org/u/abc",
    Slot.PREFERENCES_URL: "https://example.org/preferences/abc",
    Slot.CONFIRM_URL: "https://example.org/confirm/abc",
}


def composed(
    *,
    rendition: Rendition = RENDITION,
    headers: Headers = LIST,
    recipient: Address = READER,
    values: dict[Slot, str] | None = None,
    message_id: str = "<abc@example.org>",
    leaves_by: str | None = None,
) -> Message:
    return prepare(rendition, headers).message(
        recipient=recipient,
        envelope_sender="bounce+abc@example.org",
        message_id=message_id,
        values=VALUES | (values or {}),
        leaves_by=leaves_by,
    )


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def bodies(message: EmailMessage) -> list[tuple[str, str]]:
    """Give type and text of each part, with lines ended as in Python."""
    return [
        (part.get_content_type(), part.get_content().replace("\r\n", "\n"))
        for part in message.iter_parts()
        if isinstance(part, EmailMessage)
    ]
