"""A claimed delivery becomes a message: the rendition's bytes, the recipient's values, the token.

Everything that can be made once for a rendition is; see `publisher.mail.compose`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from publisher.errors import AddressError
from publisher.mail import compose
from publisher.mail.address import clean_name
from publisher.mail.feedback import feedback_id
from publisher.mail.slots import Slot
from publisher.mail.verp import verp
from publisher.model import (
    Address,
    Claim,
    Issue,
    Lane,
    Message,
    Newsletter,
    Publication,
    Rendition,
)
from publisher.store import corrections, issues, renditions
from publisher.store.engine import Store
from publisher.tokens import Purpose, Tokens

_KEPT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Stationery:
    """What every message of a site is written with.

    ``secret`` keys Message-IDs. ``bounce`` is where bounces go, in VERP form; None sends them
    to the newsletter's own address, as it is.
    """

    publication: Publication
    newsletters: Mapping[str, Newsletter]
    tokens: Tokens
    secret: bytes
    bounce: Address | None

    def message_id(
        self, newsletter: str, subscriber: int, *, issue: int | None, delivery: int
    ) -> str:
        """Give the Message-ID of a person's mail: of an issue, or of a confirmation."""
        return compose.message_id(
            self.secret,
            f"confirmation-{delivery}" if issue is None else issue,
            subscriber,
            domain=self.newsletters[newsletter].sender.domain,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A rendition that is ready for its recipients."""

    message: compose.Prepared
    corrects: int | None


class Letters:
    """Writes messages; keeps the renditions that it prepared last."""

    def __init__(self, store: Store, stationery: Stationery) -> None:
        self._store = store
        self._with = stationery
        self._prepared: OrderedDict[int, _Kept] = OrderedDict()
        self._turn = asyncio.Lock()

    async def write(self, claim: Claim) -> Message:
        """Make the message of a delivery: the same bytes in every attempt.

        Raises ValueError or AddressError if no message can be made for this person.
        """
        kept = self._prepared.get(claim.rendition) or await self._keep(claim)
        newsletter = self._with.newsletters[claim.newsletter]

        def message_id(issue: int | None) -> str:
            return self._with.message_id(
                claim.newsletter, claim.subscriber, issue=issue, delivery=claim.delivery
            )

        return self.fill(
            kept.message,
            claim.address,
            claim.subscription,
            rendition=claim.rendition,
            envelope_sender=self._envelope_sender(newsletter, claim.delivery),
            message_id=message_id(claim.issue),
            in_reply_to=None if kept.corrects is None else message_id(kept.corrects),
        )

    async def _keep(self, claim: Claim) -> _Kept:
        """Prepare a rendition, unless another connection has done so meanwhile."""
        async with self._turn:
            if (kept := self._prepared.get(claim.rendition)) is not None:
                return kept
            async with self._store.read() as connection:
                rendition = await renditions.get(connection, claim.rendition)
                issue = None if claim.issue is None else await issues.get(connection, claim.issue)
                carried = None
                if claim.issue is not None:
                    carried = await corrections.carried_by(connection, claim.issue)
                if carried is not None:
                    issue = await issues.get(connection, carried.issue)
            kept = _Kept(
                message=self.prepare(rendition, is_list=claim.lane is Lane.ISSUE, issue=issue),
                corrects=None if carried is None else carried.issue,
            )
            self._prepared[claim.rendition] = kept
            if len(self._prepared) > _KEPT:
                self._prepared.popitem(last=False)
            return kept

    def prepare(
        self, rendition: Rendition, *, is_list: bool, issue: Issue | None = None
    ) -> compose.Prepared:
        """Encode what is the same for all; ``is_list`` adds the List-* fields of a digest.

        ``issue`` is None for what has no page in the archive, and of which nobody is to complain.
        """
        publication = self._with.publication
        newsletter = self._with.newsletters[rendition.newsletter]
        archive = f"{publication.base_url}/newsletters/{newsletter.slug}"
        archived_at = feedback = None
        if issue is not None and issue.number is not None:
            archived_at = f"{archive}/issues/{issue.number}"
            feedback = feedback_id(
                newsletter=newsletter.slug,
                cadence=issue.cadence,
                number=issue.number,
                domain=newsletter.sender.domain,
            )
        mailing_list = compose.ListFields(
            title=newsletter.title,
            identifier=compose.list_identifier(newsletter.slug, publication.base_url),
            archive=archive,
        )
        return compose.prepare(
            rendition,
            compose.Headers(
                sender=newsletter.sender,
                date=rendition.created,
                reply_to=newsletter.reply_to,
                mailing_list=mailing_list if is_list else None,
                archived_at=archived_at,
                feedback_id=feedback,
            ),
        )

    def fill(
        self,
        prepared: compose.Prepared,
        recipient: Address,
        subscription: int,
        *,
        envelope_sender: str,
        message_id: str,
        in_reply_to: str | None = None,
        rendition: int | None = None,
    ) -> Message:
        """Make one person's message. An odd name that the database has of them is cleaned here.

        ``rendition`` is as in `values`. Raises ValueError or AddressError if no message can be made
        for this person.
        """
        name = clean_name(recipient.name)
        values = self.values(recipient, subscription, prepared.slots, rendition=rendition)
        return prepared.message(
            recipient=recipient if name == recipient.name else replace(recipient, name=name),
            envelope_sender=envelope_sender,
            message_id=message_id,
            in_reply_to=in_reply_to,
            values=values,
            leaves_by=self._leaves_by(values[Slot.UNSUBSCRIBE_URL]) if prepared.is_list else None,
        )

    def _leaves_by(self, url: str) -> str | None:
        """Give the address that does what a link for leaving does; None if there can be none."""
        if self._with.bounce is None:
            return None
        try:
            return verp(self._with.bounce, url.rpartition("/")[2])
        except AddressError:  # it is longer than a bounce's, and there is a link
            return None

    def values(
        self,
        address: Address,
        subscription: int,
        slots: Collection[Slot] = frozenset(Slot),
        *,
        rendition: int | None = None,
    ) -> dict[Slot, str]:
        """Give what goes into these slots of one person's mail.

        ``rendition`` is that of the mail: its link leaves all newsletters that share it, since
        whoever follows it wants no more such mails, and proves that this one has arrived.
        """
        left = (subscription,) if rendition is None else (subscription, rendition)
        return {slot: self._value(slot, address, subscription, left) for slot in slots}

    def _value(self, slot: Slot, address: Address, subscription: int, left: Sequence[int]) -> str:
        base, sign = self._with.publication.base_url, self._with.tokens.sign
        match slot:
            case Slot.NAME:
                return clean_name(address.name)
            case Slot.ADDRESS:
                return address.mailbox
            case Slot.UNSUBSCRIBE_URL:
                return f"{base}/u/{sign(Purpose.UNSUBSCRIBE, *left)}"
            case Slot.PREFERENCES_URL:
                return f"{base}/preferences/{sign(Purpose.PREFERENCES, subscription)}"
            case Slot.CONFIRM_URL:
                return f"{base}/confirm/{sign(Purpose.CONFIRM, subscription)}"

    def _envelope_sender(self, newsletter: Newsletter, delivery: int) -> str:
        if self._with.bounce is None:
            return newsletter.sender.mailbox
        return verp(self._with.bounce, self._with.tokens.sign(Purpose.BOUNCE, delivery))
