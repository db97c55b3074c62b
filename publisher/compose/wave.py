"""The making of one wave, chunk by chunk, each in a transaction of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.compose.choosing import Choice, Pool, Shelf
from publisher.model import Article, Issue, Lane, Rendition, Wave
from publisher.ports import Clock
from publisher.store import audience, composing, issues, renditions, waves
from publisher.store.audience import Reader
from publisher.store.composing import Account
from publisher.store.engine import Store

_CHUNK = 1000

Render: TypeAlias = Callable[[Issue, Choice, Mapping[int, Article]], Rendition]


class ComposedElsewhere(Exception):
    """Another composer moved the wave, or its issue was stopped: undo the chunk, and let it be."""


@dataclass(kw_only=True)
class _Chunk:
    """What comes of some readers: what each gets, and which subscriptions were considered."""

    choices: dict[int, Choice]
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
    render: Render

    async def run(self) -> None:
        """Make it to the end, from where a crash left it.

        Raises ComposedElsewhere, and TemplateError.
        """
        async with self.store.read() as connection:
            last: int | None = await waves.reached(connection, self.wave.id)
        while last is not None:
            last = await self._next(last)

    async def _next(self, last: int) -> int | None:
        """Deal with the next readers; give the last of them, None for none left."""
        async with self.store.write() as connection:
            readers = await audience.next_readers(
                connection, self.pool.circle, self.issue.id, last, _CHUNK
            )
            if not readers:
                return None
            chunk = await self._judge(connection, readers)
            rendition_of = await self._freeze(connection, chunk.choices)
            await composing.add_deliveries(
                connection,
                lane=Lane.ISSUE,
                newsletter=self.issue.newsletter,
                issue=self.issue.id,
                rendition_of=rendition_of,
                due=self.wave.opens,
                now=self.clock(),
            )
            reached = readers[-1].subscriber
            if not await waves.move_on(
                connection, self.wave, come_from=last, go_to=reached, added=len(rendition_of)
            ):
                raise ComposedElsewhere
            await audience.cover(connection, chunk.considered, self.pool.cut)
            return reached

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
        chunk = _Chunk(choices={}, considered=[])
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
            choice = Choice(language, tuple(parts))
            settled = self.shelf.settle(choice)
            if settled is not None:
                chunk.choices[reader.subscriber] = settled
            if settled == choice:
                chunk.considered += considered
        return chunk

    async def _had(
        self, connection: AsyncConnection, pool: Pool, people: Sequence[int]
    ) -> dict[int, frozenset[int]]:
        return await composing.received(
            connection, people, pool.article_ids, self.accounts[pool.newsletter.slug]
        )

    async def _freeze(
        self, connection: AsyncConnection, choices: Mapping[int, Choice]
    ) -> dict[int, int]:
        """Make a rendition of each choice that has none; map each person to theirs."""
        if not choices:
            return {}
        await composing.give_number(connection, self.issue)
        numbered = await issues.get(connection, self.issue.id) or self.issue
        made: dict[Choice, int] = {}
        for choice in dict.fromkeys(choices.values()):
            known = self.shelf.ids[choice]
            if known is None:
                rendition = await asyncio.to_thread(self.render, numbered, choice, self._by_id)
                known = await renditions.add(connection, rendition)
            made[choice] = known
        self.shelf.ids |= made
        return {person: made[choice] for person, choice in choices.items()}

    @cached_property
    def _by_id(self) -> dict[int, Article]:
        pools = [self.pool, *(pool for _, pool in self.others)]
        return {article.id: article for pool in pools for article in pool.articles}
