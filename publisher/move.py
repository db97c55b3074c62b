"""A person goes to another address. The new mailbox confirms it; the old one may stop it.

To the ledger they stay who they are. What is written to either mailbox is a notice
(`publisher.notify`) and no delivery, since it goes to a mailbox and not to whoever a row is of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.errors import PublisherError, TokenEnded
from publisher.mail.address import key
from publisher.model import (
    Address,
    MoveState,
    Newsletter,
    Notice,
    Publication,
    Subscription,
    SuppressionReason,
)
from publisher.ports import Clock
from publisher.render import Templates
from publisher.render.languages import Translations
from publisher.store import moves, notices, subscribers, suppressions
from publisher.store.engine import Store
from publisher.store.moves import Move
from publisher.tokens import Purpose, Tokens

CONFIRM_WITHIN = timedelta(days=3)
STOP_WITHIN = timedelta(days=7)

_GONE = "this change of address is no longer there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movers:
    """Changes addresses, and writes to those whom it concerns."""

    store: Store
    publication: Publication
    newsletters: Mapping[str, Newsletter]
    templates: Templates
    tokens: Tokens
    clock: Clock

    async def ask(self, reader: Subscription, to: Address) -> None:
        """Write to the mailbox that a reader wants to go to; nothing changes by it.

        The caller learns nothing of that mailbox (A13): not whether it reads something, nor whether
        it is suppressed or has been asked too often, in which case no mail goes there. Whoever
        reads there already is told so by the mail. Raises TemplateError.
        """
        new = key(to)
        async with self.store.write() as connection:
            now = self.clock()
            found = await suppressions.among(connection, [new], now, newsletter=reader.newsletter)
            barred = [
                each for each in found.get(new, []) if each.reason is not SuppressionReason.ERASED
            ]
            if barred or new == key(reader.address):
                return
            id = await moves.ask(
                connection,
                subscriber=reader.subscriber,
                newsletter=reader.newsletter,
                former=reader.address.mailbox,
                mailbox=to.mailbox,
                address_key=new,
                now=now,
            )
            if id is not None:
                is_known = await moves.has_readers(connection, new)
                letter = self._asking(reader, to.mailbox, id, is_known=is_known)
                await notices.add(connection, letter, now)

    async def asked(self, token: str) -> tuple[Move, Subscription]:
        """Find the change that the mail to a new mailbox is about. Changes nothing.

        Raises TokenError, and TokenEnded if it is too late, or it was stopped.
        """
        id, *_ = self.tokens.read(Purpose.MOVE, token)
        async with self.store.read() as connection:
            move, reader = await self._of(connection, id)
        is_late = move.state is MoveState.ASKED and self.clock() - move.created > CONFIRM_WITHIN
        if move.state is MoveState.STOPPED or is_late:
            raise TokenEnded(_GONE)
        return move, reader

    async def confirm(self, token: str) -> tuple[Move, Subscription]:
        """Carry out a change, and tell the old mailbox; harmless if it was done before.

        Who confirms at a mailbox may be mailed there, whatever wish of their own was against it.
        Raises TokenError, and TokenEnded also if somebody reads there by now.
        """
        move, reader = await self.asked(token)
        if move.state is MoveState.ASKED:
            async with self.store.write() as connection:
                now, to = self.clock(), Address(mailbox=move.mailbox)
                if await moves.settle(connection, move, MoveState.DONE, now):
                    if not await moves.carry_out(
                        connection, move.subscriber, to, move.address_key, now
                    ):
                        raise TokenEnded("somebody reads there already")
                    await suppressions.lift_own(connection, move.address_key, move.newsletter, now)
                    await self._tell_former(connection, move, reader)
        return await self.asked(token)

    async def stoppable(self, token: str) -> tuple[Move, Subscription]:
        """Find the change that the mail to an old mailbox is about. Changes nothing.

        Raises TokenError, and TokenEnded if it is too late.
        """
        id, *_ = self.tokens.read(Purpose.KEEP, token)
        async with self.store.read() as connection:
            move, reader = await self._of(connection, id)
        if move.settled is None or self.clock() - move.settled > STOP_WITHIN:
            raise TokenEnded(_GONE)
        return move, reader

    async def stop(self, token: str) -> tuple[Move, Subscription]:
        """Bring a person back to the old mailbox, wherever they have gone since.

        Harmless if it was done before. For a month no other change is asked for. Raises TokenError,
        and TokenEnded also if somebody else reads there by now.
        """
        move, _ = await self.stoppable(token)
        former = Address(mailbox=move.former)
        async with self.store.write() as connection:
            now = self.clock()
            if await moves.settle(connection, move, MoveState.STOPPED, now):
                await moves.stop_later(connection, move, now)
                if not await moves.carry_out(connection, move.subscriber, former, key(former), now):
                    raise TokenEnded("somebody else reads there by now")
        return await self.stoppable(token)

    async def _of(self, connection: AsyncConnection, id: int) -> tuple[Move, Subscription]:
        move = await moves.get(connection, id)
        if move is None or move.newsletter not in self.newsletters:
            raise TokenEnded(_GONE)
        bonds = await subscribers.bonds(connection, [move.subscriber], move.newsletter)
        if move.subscriber not in bonds:
            raise TokenEnded(_GONE)
        return move, bonds[move.subscriber]

    async def _tell_former(
        self, connection: AsyncConnection, move: Move, reader: Subscription
    ) -> None:
        former = key(Address(mailbox=move.former))
        now = self.clock()
        if former not in await suppressions.among(connection, [former], now):
            await notices.add(connection, self._moved(reader, move), now)

    def _asking(self, reader: Subscription, to: str, id: int, *, is_known: bool) -> Notice:
        subject = self._spoken(reader).gettext("Please confirm your new address for %(title)s")
        url = f"{self.publication.base_url}/move/{self.tokens.sign(Purpose.MOVE, id)}"
        return self._letter("move", subject, reader, to, url=url, is_known=is_known)

    def _moved(self, reader: Subscription, move: Move) -> Notice:
        subject = self._spoken(reader).gettext("%(title)s goes to another address")
        url = f"{self.publication.base_url}/keep/{self.tokens.sign(Purpose.KEEP, move.id)}"
        return self._letter("moved", subject, reader, move.former, url=url)

    def _letter(
        self, name: str, subject: str, reader: Subscription, to: str, **context: object
    ) -> Notice:
        newsletter = self.newsletters[reader.newsletter]
        return Notice(
            key=f"{name} {context['url']}",
            subject=subject % {"title": newsletter.title},
            text=self.templates.text(
                f"email/{name}.txt",
                publication=self.publication,
                newsletter=newsletter,
                language=newsletter.language_for(reader.wishes.language),
                **context,
            ),
            recipient=to,
            newsletter=newsletter.slug,
        )

    def _spoken(self, reader: Subscription) -> Translations:
        newsletter = self.newsletters[reader.newsletter]
        return self.templates.translated(newsletter.language_for(reader.wishes.language))


async def by_hand(store: Store, former: Address, to: Address, *, clock: Clock) -> None:
    """Give a person another address at once, since an admin vouches for it.

    Raises PublisherError if there is nobody, or the new address is suppressed or read at.
    """
    async with store.write() as connection:
        person = await subscribers.by_key(connection, key(former))
        if person is None:
            raise PublisherError(f"nobody is known under {former.mailbox}")
        for each in (await suppressions.among(connection, [key(to)], clock())).get(key(to), []):
            raise PublisherError(f"{to.mailbox} is suppressed ({each.reason})")
        if not await moves.carry_out(connection, person, to, key(to), clock()):
            raise PublisherError(
                f"{to.mailbox} reads something already, and two people cannot be made one;"
                f" `publisher subscribers remove {former.mailbox}` ends what goes to the old one"
            )
