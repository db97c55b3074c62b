"""People of a list from elsewhere come in as they stand there: who reads, who left, who bounced.

Nobody who has left here, or is never mailed, comes back by a list, however often it is read; so a
list that was broken off is read again from its beginning, and what was done is done once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.importing.deciding import ERASED, Became, Decisions
from publisher.mail.address import key
from publisher.model import (
    Cadence,
    Entry,
    Lane,
    Newsletter,
    Publication,
    SubscriptionState,
    SuppressionReason,
)
from publisher.ports import Clock
from publisher.render import Templates
from publisher.renditions import confirmation
from publisher.store import composing, keys, lists, renditions, subscriptions, suppressions
from publisher.store.engine import Store
from publisher.store.lists import Becoming, Bond
from publisher.store.rehearsal import Rehearsal
from publisher.store.suppressions import Hashes, Wanted

__all__ = ["Became", "Importer"]


@dataclass(kw_only=True)
class Importer:
    """Takes in a list for a newsletter, some thousand people in each transaction.

    ``state`` is that of people of whom the list does not say: None asks them by mail. Those who
    name no cadence get the ``usual`` one. ``consent`` is what is noted of everybody. With a
    ``rehearsal`` nothing is changed: it knows what would have been, so that what is told is exact.
    """

    store: Store
    newsletter: Newsletter
    usual: Cadence
    state: SubscriptionState | None
    consent: Mapping[str, str]
    publication: Publication
    templates: Templates
    clock: Clock
    rehearsal: Rehearsal | None = None
    _secret: bytes | None = None

    @cached_property
    def consent_text(self) -> str:
        """What is noted of those of whom the list says nothing else."""
        return _as_text(self.consent)

    async def take(self, entries: Sequence[Entry]) -> Counter[Became]:
        """Take some people in, all in one transaction; count what became of them."""
        people = [(key(entry.address), entry) for entry in entries]
        # Before the transaction: meanwhile others have their turn.
        hashes = suppressions.hashes(await self._site_secret(), {each for each, _ in people})
        if self.rehearsal is not None:
            async with self.store.read() as connection:
                chunk = self._chunk(connection, hashes)
                await chunk.look()
            chunk.bonds.update(self.rehearsal.bonds(address_key for address_key, _ in people))
            chunk.barred.update(self.rehearsal.barred(address_key for address_key, _ in people))
            chunk.decide(people)
            self.rehearsal.note(chunk.bonds, chunk.suppressing)
        else:
            async with self.store.write() as connection:
                await lists.make_room(connection, len(people))
                chunk = self._chunk(connection, hashes)
                await chunk.admit(people)
                chunk.decide(people)
                await chunk.carry_out()
        return chunk.counts

    async def _site_secret(self) -> bytes:
        if self._secret is None:
            async with self.store.read() as connection:
                self._secret = await keys.site_secret(connection)
        return self._secret

    def _chunk(self, connection: AsyncConnection, hashes: Hashes) -> _Chunk:
        return _Chunk(
            importer=self,
            connection=connection,
            hashes=hashes,
            state=self.state,
            consent=self.consent,
            now=self.clock(),
        )


@dataclass(kw_only=True)
class _Chunk(Decisions):
    """Some people of a list within one transaction."""

    importer: Importer
    connection: AsyncConnection
    hashes: Hashes
    starts: dict[str, datetime | None] = field(default_factory=dict)

    async def look(self) -> None:
        """Find out how these people stand."""
        self.barred = await self._barred()
        self.bonds = await self._bonds()

    async def admit(self, people: Sequence[tuple[str, Entry]]) -> None:
        """Let those have a row who may, and find out how the others stand."""
        self.barred = await self._barred()
        welcome = {
            address_key: entry.address
            for address_key, entry in people
            if not self.barred or self.is_welcome(address_key, entry)
        }
        are_known = await lists.add_people(self.connection, welcome, self.now)
        if are_known or self.barred:
            self.bonds = await self._bonds()

    async def _bonds(self) -> dict[str, Bond]:
        those = self.hashes.own.values()
        return await lists.bonds(self.connection, self.importer.newsletter.slug, those)

    async def _barred(self) -> dict[str, str]:
        """Map those who are never mailed to why, before all that they were erased."""
        found = await suppressions.found(
            self.connection, self.hashes, self.now, newsletter=self.importer.newsletter.slug
        )
        return {
            address_key: ERASED if any(one.address_key is None for one in why) else why[0].reason
            for address_key, why in found.items()
        }

    async def carry_out(self) -> None:
        """Do what was decided."""
        slug = self.importer.newsletter.slug
        await self._find_starts(slug)
        joining = {
            address_key: self._becoming(entry, state)
            for address_key, (entry, state) in self.joining.items()
        }
        changing = [
            (bond, self._becoming(entry, state, bond))
            for bond, entry, state in self.changing.values()
        ]
        await lists.add(self.connection, slug, joining, self.now)
        await lists.change(self.connection, slug, changing, self.now)
        await suppressions.add(
            self.connection,
            [
                Wanted(address_key=address_key, reason=SuppressionReason(reason), created=self.now)
                for address_key, reason in self.suppressing.items()
            ],
        )
        await self._ask()

    async def _find_starts(self, slug: str) -> None:
        """Find out for each cadence up to where articles are behind those who join it now."""
        cadences = {entry.cadence for entry, _ in self.joining.values()}
        cadences |= {bond.cadence for bond, *_ in self.changing.values()}
        for cadence in {each or self.importer.usual.name for each in cadences}:
            self.starts[cadence] = await subscriptions.start(
                self.connection, slug, cadence, self.now
            )

    def _becoming(
        self, entry: Entry, state: SubscriptionState, bond: Bond | None = None
    ) -> Becoming:
        is_active, is_ended = state is SubscriptionState.ACTIVE, state is SubscriptionState.ENDED
        # How long they may take to confirm is counted from here: elsewhere it may long be over.
        is_pending = state is SubscriptionState.PENDING
        cadence = bond.cadence if bond else entry.cadence or self.importer.usual.name
        confirmed = entry.confirmed or entry.created or self.now
        return Becoming(
            state=state,
            cadence=cadence,
            topics=" ".join(entry.topics),
            language=entry.language,
            own_time=entry.own_time,
            created=self.now if is_pending else entry.created or self.now,
            confirmed=confirmed if is_active else entry.confirmed,
            ended=(entry.ended or self.now) if is_ended else None,
            paused_until=entry.paused_until,
            covered=self.starts[cadence] if is_active else None,
            consent=self._consent(entry, bond, is_ended=is_ended),
            told=_told(state, cadence, entry.topics, entry.language),
        )

    def _consent(self, entry: Entry, bond: Bond | None, *, is_ended: bool) -> str:
        if bond is None:
            told = {**self.importer.consent, **entry.consent}
            return _as_text(told) if entry.consent else self.importer.consent_text
        # Who leaves has agreed as they did.
        told = {} if is_ended else {**self.importer.consent, **entry.consent}
        return _as_text({**bond.consent, **told})

    async def _ask(self) -> None:
        """Put a confirmation mail into the ledger for everybody who is to be asked."""
        importer = self.importer
        by_language: dict[str, list[str]] = {}
        for address_key, wanted in self.asking.items():
            language = importer.newsletter.language_for(wanted)
            by_language.setdefault(language, []).append(address_key)
        for language, address_keys in by_language.items():
            rendition = await renditions.add(
                self.connection,
                confirmation(
                    importer.templates,
                    publication=importer.publication,
                    newsletter=importer.newsletter,
                    language=language,
                    now=self.now,
                ),
            )
            people = await lists.ids(self.connection, address_keys)
            await composing.add_deliveries(
                self.connection,
                lane=Lane.CONFIRMATION,
                newsletter=importer.newsletter.slug,
                issue=None,
                rendition_of=dict.fromkeys(people, rendition),
                due=self.now,
                now=self.now,
            )


@lru_cache(maxsize=1000)
def _told(state: SubscriptionState, cadence: str, topics: tuple[str, ...], language: str) -> str:
    told = {"state": state, "cadence": cadence, "topics": topics, "language": language}
    return json.dumps({name: value for name, value in told.items() if value})


def _as_text(consent: Mapping[str, str]) -> str:
    return json.dumps(dict(consent), ensure_ascii=False)
