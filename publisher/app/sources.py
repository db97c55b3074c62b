"""Where articles come in: sources that are asked when they are due, and what is handed over."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import SecretStr

from publisher import ingest, websub
from publisher.config import Config, SourceEntry
from publisher.ingest.legible import bounded, legible
from publisher.model import Hold, Rejection, SourceArticle
from publisher.ports import Clock, Source
from publisher.sources.push import Pushed, PushSource, PushState
from publisher.sources.push import Settings as PushSettings
from publisher.store import articles, leading, origins, sources
from publisher.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The sources of a config."""

    config: Config
    store: Store
    clock: Clock
    # Passes over one source are made one after the other, whoever asks for them.
    turns: defaultdict[str, asyncio.Lock] = field(
        init=False, repr=False, default_factory=lambda: defaultdict(asyncio.Lock)
    )

    def make(self, name: str) -> Source:
        """Make a source of the config."""
        return self._entry(name).make(self.config.publication)

    async def ingest(self, name: str) -> ingest.Intake:
        """Make a pass over a source now, due or not."""
        async with self.turns[name]:
            return await _pass(self, self.make(name), _terms(self._entry(name)))

    @property
    def push_tokens(self) -> dict[str, SecretStr]:
        """Map each source of kind "push" to the token that opens it, in the config's order."""
        return {
            entry.name: entry.settings.token
            for entry in self.config.sources
            if isinstance(entry.settings, PushSettings)
        }

    async def push(self, name: str, told: SourceArticle) -> Pushed | Rejection:
        """Take in one article that was handed over to a source; the clock publishes it soon.

        Its origin is its guid. A rejection has changed nothing, and is kept nowhere: whoever
        pushed the article is the one to mend it.
        """
        bound = bounded(legible(told))
        if isinstance(bound, Rejection):
            return bound
        told = bound
        # It was handed over to be published: no part of a backlog, however early it comes.
        terms = replace(_terms(self._entry(name)), mailed=None)
        async with self.turns[name]:
            async with self.store.read() as connection:
                before = (await origins.find(connection, name, [told.guid])).get(told.guid)
            intake = await _pass(self, PushSource(name, told), terms)
            async with self.store.write() as connection:
                for rejection in intake.rejected:
                    if rejection.origin == told.origin:
                        await sources.accept_again(connection, name, [told.origin])
                        return rejection
                await sources.ask_soon(connection, name, self.clock())
                stored = (await origins.find(connection, name, [told.guid]))[told.guid]
                article = await articles.by_slug(connection, stored.slug)
        assert article is not None  # noqa: S101 -- articles are never deleted
        if before is None or before.gone or before.hold is Hold.ARRIVING:
            state = PushState.NEW
        else:
            state = PushState.CHANGED if intake.changed else PushState.UNCHANGED
        return Pushed(
            guid=told.guid,
            slug=article.slug,
            url=self.config.publication.article_url(article),
            state=state,
        )

    async def withdraw_pushed(self, name: str, guid: str) -> bool:
        """Let a source have an article no more; False if it has none of this guid."""
        async with self.turns[name], self.store.write() as connection:
            stored = (await origins.find(connection, name, [guid])).get(guid)
            if stored is None or stored.gone:
                return False
            await leading.go(connection, [stored.id], self.clock())
            await sources.ask_soon(connection, name, self.clock())
        return True

    async def due(self) -> list[str]:
        """Name the sources that are to be asked now, in the config's order."""
        entries = self.config.sources
        async with self.store.read() as connection:
            known = await sources.statuses(connection, [entry.name for entry in entries])
        now = self.clock()
        return [
            entry.name
            for entry in entries
            if (due := self.next_try(entry, known[entry.name])) is not None and due <= now
        ]

    def next_try(self, entry: SourceEntry, known: sources.SourceStatus) -> datetime | None:
        """Say when a source is to be asked next; None if it has gone for good."""
        return ingest.next_try(known, _terms(entry))

    async def follow_hub(self, name: str) -> None:
        """Let the hub that a source's feed names tell us of news."""
        entry = self._entry(name)
        async with self.store.read() as connection:
            memory = (await sources.status(connection, name)).memory
        await websub.follow(
            self.store,
            name,
            memory.get("hub"),
            base_url=self.config.publication.base_url,
            allow_private=getattr(entry.settings, "allow_private", False),
            clock=self.clock,
        )

    async def is_wanted(self, name: str) -> bool:
        """Say whether somebody has asked for a pass over a source outside its schedule."""
        async with self.store.read() as connection:
            return (await sources.status(connection, name)).is_wanted

    def _entry(self, name: str) -> SourceEntry:
        return next(entry for entry in self.config.sources if entry.name == name)


async def _pass(site: Sources, source: Source, terms: ingest.Terms) -> ingest.Intake:
    return await ingest.ingest(
        site.store, source, publication=site.config.publication, terms=terms, clock=site.clock
    )


def _terms(entry: SourceEntry) -> ingest.Terms:
    return ingest.Terms(
        every=entry.every,
        mailed=entry.start,
        has_breaker=entry.breaker,
        settings=entry.settings.model_dump_json(),
    )
