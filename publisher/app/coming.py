"""The next issue as one reader would get it now."""

from __future__ import annotations

import email
import email.policy
import email.utils
from dataclasses import dataclass
from email.message import EmailMessage
from typing import TYPE_CHECKING

from publisher.errors import PublisherError
from publisher.mail.address import key, parse
from publisher.mail.slots import split
from publisher.mail.verp import verp
from publisher.model import (
    Address,
    Cadence,
    Edits,
    Message,
    Newsletter,
    Rendition,
    Subscription,
    SubscriptionState,
    Wishes,
)
from publisher.store import subscribers
from publisher.tokens import Purpose

if TYPE_CHECKING:
    from publisher.app import App

# Subscriptions are numbered from 1, so tokens of this one lead nowhere.
NOBODY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A message as a mail program reads it. Lines of ``html`` and ``text`` end with LF."""

    sender: str
    recipient: str
    subject: str
    html: str
    text: str
    raw: bytes

    @classmethod
    def of(cls, message: Message) -> Read:
        """Read a message of ours back from its bytes."""
        parsed = email.message_from_bytes(message.content, policy=email.policy.default)
        return cls(
            sender=str(parsed["From"]),
            recipient=str(parsed["To"]),
            subject=str(parsed["Subject"]),
            html=_body(parsed, "html"),
            text=_body(parsed, "plain"),
            raw=message.content,
        )


async def next_rendition(
    app: App,
    newsletter: Newsletter,
    cadence: Cadence,
    reader: Subscription | None = None,
    language: str = "",
    decided: Edits | None = None,
) -> Rendition | None:
    """Render the next issue, as one of its readers would get it; None if there would be none.

    ``decided`` is what holds instead of what an editor has decided. Raises TemplateError.
    """
    if reader is not None and reader.id == NOBODY:
        reader = None
    rendition = await app.composer.preview(
        newsletter, cadence, reader=reader, language=language, decided=decided
    )
    if rendition is not None and len(rendition.article_ids) < newsletter.min_articles:
        return None
    return rendition


async def reader(app: App, newsletter: Newsletter, text: str | None) -> Subscription:
    """Give whom a preview is for, with what we know of them; somebody made up if nobody is named.

    Who does not read the newsletter gets it in its default cadence. Raises AddressError.
    """
    address = parse(text or "reader@example.org")
    async with app.store.read() as connection:
        known = await subscribers.page(
            connection, newsletter=newsletter.slug, address_key=key(address)
        )
    if text is not None and known:
        return known[0]
    now = app.clock()
    return Subscription(
        id=NOBODY,
        subscriber=NOBODY,
        address=address,
        newsletter=newsletter.slug,
        wishes=Wishes(cadence=newsletter.default_cadence.name),
        state=SubscriptionState.ACTIVE,
        created=now,
        confirmed=now,
        ended=None,
        ended_by="",
        consent={},
    )


def message(app: App, newsletter: Newsletter, rendition: Rendition, to: Address) -> Message:
    """Make the message as a reader's is made, with links that belong to nobody.

    Raises PublisherError if none can be made, such as of a template that spoils a slot.
    """
    bounce = app.config.bounces.address
    _require_slots(newsletter, rendition)
    try:
        return app.letters.fill(
            app.letters.prepare(rendition, is_list=True),
            to,
            NOBODY,
            envelope_sender=verp(bounce, app.tokens.sign(Purpose.BOUNCE, NOBODY))
            if bounce
            else newsletter.sender.mailbox,
            message_id=email.utils.make_msgid(domain=newsletter.sender.domain),
        )
    except ValueError as error:
        raise PublisherError(f"{newsletter.slug}: no mail can be made of it: {error}") from error


def _require_slots(newsletter: Newsletter, rendition: Rendition) -> None:
    bodies = {
        "its subject": rendition.subject,
        "the HTML part": rendition.html,
        "the text part": rendition.text,
    }
    for part, body in bodies.items():
        try:
            split(body)
        except ValueError as error:
            raise PublisherError(
                f"{newsletter.slug}: the template of {part} spoils what each reader's own value is"
                f" put in place of: {error}. Print recipient.name, recipient.address and the three"
                " URLs without a filter, and never compare or cut them"
            ) from error


def _body(parsed: EmailMessage, subtype: str) -> str:
    part = parsed.get_body((subtype,))
    assert part is not None  # noqa: S101 -- every message of ours has both
    return str(part.get_content()).replace("\r\n", "\n")
