"""The making of one wave, chunk by chunk, each in a transaction of its own.

While the rows of one chunk are written, the next is read and judged, where the database knows
more than one writer. A chunk whose people need a rendition that is not there is judged twice:
renditions are made between transactions, since hundreds of them take seconds, and nobody should
wait for the lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.compose.choosing import Choice, Part, Pool, Shelf
from publisher.compose.printing import Printer
from publisher.model import Edits, Issue, Lane, Rendition, Subscription, Wave
from publisher.ports import Clock
from publisher.store import audience, composing, edits, issues, renditions, subscribers, waves
from publisher.store.audience import Reader
from publisher.store.composing import Account
from publisher.store.edits import About
from publisher.store.engine import Store

_CHUNK = 5000  # people
_AT_ONCE = 20  # renditions


class ComposedElsewhere(Exception):
    """Another composer moved the wave, or its issue was stopped or edited: undo the chunk.

    An issue that was edited is made by the next look.
    """


@dataclass(kw_only=True)
class _Chunk:
    """What comes of some readers: who gets what, and which subscriptions were considered."""

    people_of: dict[Choice, list[int]]
    considered: list[int]


@dataclass(kw_only=True)
class Making:
    """The making of one wave of an issue.

    ``others`` are issues of other newsletters that are due at the same instant, with what they
    have: whoever reads them too gets one mail. ``accounts`` say, by newsletter, whose mails count.
    """

    store: Store
    clock: Clock
    wave: Wave
    issue: Issue
    pool: Pool
    others: Sequence[tuple[Issue, Pool]]
    accounts: Mapping[str, Account]
    shelf: Shelf
    printer: Printer
    _writing: asyncio.Task[None] | None = field(default=None, init=False)

    async def run(self) -> None:
        """Make it to the end, from where a crash left it.

        Raises ComposedElsewhere, TemplateError and PreflightError.
        """
        async with self.store.read() as connection:
            last: int | None = await waves.reached(connection, self.wave.id)
        try:
            while last is not None:
                last = await self._next(last)
        finally:
            await self._written()

    async def _next(self, last: int) -> int | None:
        """Deal with the next readers; give the last of them, None for none left.

        Gives the one that came before them if they wanted what was not made yet; it is then.
        """
        async with AsyncExitStack() as transaction:
            connection = await transaction.enter_async_context(self.store.write())
            readers = await audience.next_readers(
                connection, self.pool.circle, self.issue.id, last, _CHUNK
            )
            if not readers:
                return None
            chunk = await self._judge(connection, readers)
            unmade = [choice for choice in chunk.people_of if self.shelf.ids[choice] is None]
            if not unmade:
                reached = readers[-1].subscriber
                await self._written()
                await self._take(connection, chunk, last, reached)
                writing = self._write(transaction.pop_all(), connection, chunk)
                self._writing = asyncio.create_task(writing)
                return reached
            await composing.give_number(connection, self.issue)
            issue = await issues.get(connection, self.issue.id) or self.issue
            people_of = {
                choice: (chunk.people_of[choice][0], chunk.people_of[choice][-1])
                for choice in unmade
            }
            readers_by_id = await subscribers.bonds(
                connection, {one for two in people_of.values() for one in two}, issue.newsletter
            )
        for start in range(0, len(unmade), _AT_ONCE):
            asked = {
                choice: [readers_by_id[person] for person in dict.fromkeys(people_of[choice])]
                for choice in unmade[start : start + _AT_ONCE]
            }
            printed = await asyncio.to_thread(self._print, issue, asked)
            async with self.store.write() as connection:
                await edits.lock(connection, self.issue.id)
                await self._require_unedited(connection)
                for choice, rendition in printed.items():
                    self.shelf.ids[choice] = await renditions.add(connection, rendition)
        return last

    async def _written(self) -> None:
        """Wait till the chunk before is committed; raises what went wrong with it."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            await writing

    def _print(
        self, issue: Issue, asked: Mapping[Choice, Sequence[Subscription]]
    ) -> dict[Choice, Rendition]:
        """Render what these readers are to get, each choice with some of its own."""
        languages = self.shelf.languages
        printed = {}
        for choice, readers in asked.items():
            is_first = choice.language not in languages
            languages.add(choice.language)
            printed[choice] = self.printer.approved(issue, choice, readers, is_first=is_first)
        return printed

    async def _take(
        self, connection: AsyncConnection, chunk: _Chunk, last: int, reached: int
    ) -> None:
        """Claim a chunk for this composer, till its transaction ends.

        This locks the issue: an editor has been at it before, or comes too late. It waits for
        nobody while others wait for its people, since the chunk before is committed.
        """
        people = sum(map(len, chunk.people_of.values()))
        if not await waves.move_on(
            connection, self.wave, come_from=last, go_to=reached, added=people
        ):
            raise ComposedElsewhere
        await self._require_unedited(connection)

    async def _write(
        self, transaction: AsyncExitStack, connection: AsyncConnection, chunk: _Chunk
    ) -> None:
        async with transaction:
            rendition_of = {
                person: id
                for choice, people in chunk.people_of.items()
                if (id := self.shelf.ids[choice]) is not None
                for person in people
            }
            await composing.add_deliveries(
                connection,
                lane=Lane.ISSUE,
                newsletter=self.issue.newsletter,
                issue=self.issue.id,
                rendition_of=dict(sorted(rendition_of.items())),
                due=self.wave.opens,
                now=self.clock(),
            )
            pools = [self.pool, *(pool for _, pool in self.others)]
            covered = min(pool.covered for pool in pools)
            await audience.cover(connection, chunk.considered, covered)

    async def _require_unedited(self, connection: AsyncConnection) -> None:
        """Raise ComposedElsewhere if an editor has been at it since its articles were read."""
        decided = await edits.get(connection, About.one(self.issue))
        if (decided or Edits()) != self.pool.edits:
            raise ComposedElsewhere

    async def _judge(self, connection: AsyncConnection, readers: Sequence[Reader]) -> _Chunk:
        people = [reader.subscriber for reader in readers]
        had = await self._had(connection, self.pool, people)
        beside = [
            (
                pool,
                await audience.readers_among(connection, pool.circle, issue.id, people),
                await self._had(connection, pool, people),
            )
            for issue, pool in self.others
        ]
        chunk = _Chunk(people_of={}, considered=[])
        # People who are to get the same, each with the subscriptions that it is for.
        alike: dict[tuple[str, tuple[Part, ...]], list[tuple[int, list[int]]]] = {}
        for reader in readers:
            if not self.pool.reaches(reader):
                continue  # the next issue is made for them as well
            chosen = self.pool.choose(reader, had.get(reader.subscriber, frozenset()))
            if self.pool.is_too_little(chosen):
                continue
            if not chosen:
                chunk.considered.append(reader.subscription)
                continue
            parts = [(self.issue.newsletter, chosen)]
            considered = [reader.subscription]
            for pool, theirs, had_there in beside:
                if (also := theirs.get(reader.subscriber)) is None or not pool.reaches(also):
                    continue
                told = frozenset(id for _, ids in parts for id in ids)
                more = pool.choose(also, had_there.get(also.subscriber, frozenset()) | told)
                if more and not pool.is_too_little(more):
                    parts.append((pool.newsletter.slug, more))
                    considered.append(also.subscription)
            language = self.pool.newsletter.language_for(reader.language)
            alike.setdefault((language, tuple(parts)), []).append((reader.subscriber, considered))
        for wanted, group in alike.items():
            choice = Choice(*wanted)
            settled = self.shelf.settle(choice)
            if settled is not None:
                chunk.people_of.setdefault(settled, []).extend(person for person, _ in group)
            if settled == choice:
                chunk.considered += [id for _, ids in group for id in ids]
        return chunk

    async def _had(
        self, connection: AsyncConnection, pool: Pool, people: Sequence[int]
    ) -> dict[int, frozenset[int]]:
        return await composing.received(
            connection, people, pool.article_ids, self.accounts[pool.newsletter.slug]
        )
