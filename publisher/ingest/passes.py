"""One pass over a source: each thing told is taken in, in chunks, and what was met is noted.

Memory does not grow with what a source has: a chunk of articles, and a bit for each origin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.content.article import clean, fingerprint
from publisher.errors import SourceError
from publisher.ingest.legible import bounded, legible
from publisher.ingest.presence import Presence
from publisher.model import (
    ArticleState,
    Publication,
    Rejection,
    SourceArticle,
    Unchanged,
    Unseen,
)
from publisher.store import arrivals, arriving, articles, origins, sources
from publisher.store.engine import Store
from publisher.store.identity import Namer, namer

log = structlog.get_logger()

_CHUNK = 50
_PAGE = 500
# How many articles that may have moved are kept until all are met; of more, only where they are.
_MOST_WAITING = 1000

# Of what must be looked at again in the next pass, since no source tells it.
_NO_STAMP = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """An article that stands elsewhere than it did; the next pass reads what it says."""

    guid: str
    origin: str


class Pass:
    """What a pass has met so far. Whether any of it is new is for `reconcile` to say."""

    def __init__(
        self,
        *,
        store: Store,
        source: str,
        publication: Publication,
        now: datetime,
        is_backlog: bool,
    ) -> None:
        self.source = source
        self.present = Presence()
        self.told = 0
        self.counts = {"changed": 0, "unchanged": 0}
        self._store = store
        self._publication = publication
        self._now = now
        self._is_backlog = is_backlog
        self._arrived = now
        self._chunk: dict[str, SourceArticle | Rejection] = {}
        self._waiting: list[SourceArticle | _Place] = []
        self._refused: set[str] = set()
        # What the source has asked for last: it tells most of that as unchanged at once.
        self._known: Mapping[str, origins.Known] = {}
        self._known_refused: Mapping[str, str] = {}

    async def known(self, places: Collection[str]) -> Mapping[str, str]:
        """Answer what the source asks; see `publisher.ports.Known`."""
        as_asked = {legible(place): place for place in places}
        async with self._store.read() as connection:
            self._known = await origins.known(connection, self.source, as_asked)
            self._known_refused = await sources.refused(connection, self.source, as_asked)
        # What was refused last is what stands there, even where an earlier state is published.
        # A guid that was made anew and is taken back is read again, though it says what it did.
        stamps = {
            place: found.stamp
            for place, found in self._known.items()
            if found.leader is None or found.leader in as_asked
        }
        stamps |= self._known_refused
        return {as_asked[place]: stamp for place, stamp in stamps.items()}

    async def take(self, told: SourceArticle | Unchanged | Unseen | Rejection) -> None:
        """Take in one thing told."""
        if isinstance(told, Unseen):
            await self._keep_below(told)
            return
        self.told += 1
        if isinstance(told, Unchanged):
            await self._keep(legible(told.origin))
            return
        clean_told = bounded(legible(told))
        # Keyed so that a chunk holds no guid twice: the second is to find the first stored.
        if isinstance(clean_told, SourceArticle):
            key = f"guid {clean_told.guid}"
        else:
            key = f"at {clean_told.origin}"
        if key in self._chunk:
            await self._take_chunk()
        self._chunk[key] = clean_told
        if len(self._chunk) == _CHUNK:
            await self._take_chunk()

    async def finish(self) -> None:
        """Take in the rest: whoever stood here first, and still does, keeps its place."""
        await self._take_chunk()
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), _CHUNK):
            async with self._store.write() as connection:
                self._arrived = await arrivals.instant(connection, self._now)
                part = waiting[start : start + _CHUNK]
                stored = await origins.find(connection, self.source, [told.guid for told in part])
                for told in part:
                    await self._move(connection, stored[told.guid], told)

    async def refuse_emptiness(self) -> None:
        """Raise SourceError if nothing is there any more.

        A disk that is not mounted is more likely than an editor who withdrew everything.
        """
        if self.told:
            return
        async with self._store.read() as connection:
            left = await origins.count_present(connection, self.source)
        if left:
            raise SourceError(
                f"nothing is there, where {left} articles were before; they stay published "
                "(if that is meant, withdraw them with `publisher articles withdraw`)"
            )

    async def withdraw(self, connection: AsyncConnection) -> int:
        """Withdraw what was not met; give how many articles have gone with that."""
        withdrawn, gone = 0, []
        async for number in origins.not_gone(connection, self.source):
            if number not in self.present:
                gone.append(number)
        for start in range(0, len(gone), _PAGE):
            withdrawn += await origins.go(connection, gone[start : start + _PAGE], self._now)
        return withdrawn

    async def forget_rejections(self, connection: AsyncConnection) -> None:
        """Forget the refusals of what is not there any more."""
        await sources.forget_missing_rejections(connection, self.source, self._refused)

    # --- what is told as it was

    async def _keep(self, place: str) -> None:
        if place not in self._known and place not in self._known_refused:
            await self.known([place])
        known = self._known.get(place)
        if known is not None:
            self.present.add(known.id)
        if place in self._known_refused:
            self._refused.add(place)
        elif known is None or not known.is_arriving:
            self.counts["unchanged"] += 1

    async def _keep_below(self, told: Unseen) -> None:
        async with self._store.read() as connection:
            async for number in origins.below(connection, self.source, legible(told.origin)):
                self.present.add(number)
                self.told += 1
                self.counts["unchanged"] += 1

    # --- what is told anew

    async def _take_chunk(self) -> None:
        chunk, self._chunk = list(self._chunk.values()), {}
        if not chunk:
            return
        tellings = [told for told in chunk if isinstance(told, SourceArticle)]
        async with self._store.write() as connection:
            self._arrived = await arrivals.instant(connection, self._now)
            stored = await origins.find(connection, self.source, [told.guid for told in tellings])
            new: list[SourceArticle] = []
            for told in chunk:
                if isinstance(told, Rejection):
                    await self._refuse(connection, told)
                elif (known := stored.get(told.guid)) is None:
                    new.append(told)
                elif known.gone or (known.origin == told.origin and known.leader is None):
                    await self._change(connection, known, told)
                else:
                    # Moved, or a second one with the same guid, or a guid that may be taken
                    # back: known when all were met.
                    place = _Place(guid=told.guid, origin=told.origin)
                    self._waiting.append(told if len(self._waiting) < _MOST_WAITING else place)
            await self._add(connection, new)

    async def _add(self, connection: AsyncConnection, tellings: list[SourceArticle]) -> None:
        if not tellings:
            return
        names = await namer(connection, tellings)
        slugs = [await names.slug(told, may_differ=False) for told in tellings]
        cleaned = await asyncio.to_thread(self._clean_all, tellings, slugs)
        rows, added = [], []
        for told, slug, values in zip(tellings, slugs, cleaned, strict=True):
            try:
                rows.append(await self._row(connection, names, told, slug, values))
            except ValueError as error:
                await self._refuse(connection, _refusal(told, error))
            else:
                added.append(told)
        if not rows:
            return
        ids = await arriving.add(connection, rows)
        come_from = [
            {
                "source": self.source,
                "guid": told.guid,
                "origin": told.origin,
                "stamp": told.stamp,
                "fingerprint": fingerprint(told),
                "article_id": article,
                "arrived": self._arrived,
            }
            for article, told in zip(ids, added, strict=True)
        ]
        for number in await origins.add(connection, come_from):
            self.present.add(number)
        await sources.accept_again(connection, self.source, [told.origin for told in added])

    def _clean_all(
        self, tellings: Sequence[SourceArticle], slugs: Sequence[str | None]
    ) -> list[dict[str, Any] | ValueError]:
        """Clean articles that are new; one that cannot be is the reason why."""
        cleaned: list[dict[str, Any] | ValueError] = []
        for told, slug in zip(tellings, slugs, strict=True):
            try:
                cleaned.append(clean(told, slug or told.slug or "", self._publication))
            except ValueError as error:
                cleaned.append(error)
        return cleaned

    async def _row(
        self,
        connection: AsyncConnection,
        names: Namer,
        told: SourceArticle,
        slug: str | None,
        values: dict[str, Any] | ValueError,
    ) -> dict[str, Any]:
        """Make an article of what was told. Raises ValueError with the reason to refuse it."""
        if isinstance(values, ValueError):
            raise values
        if slug is None and await origins.is_alike(
            connection, self.source, fingerprint(told), values["url_key"], values["text_key"]
        ):  # it may be its own, from where it stood before
            slug = await names.slug(told, may_differ=True)
        if slug is None:
            raise _Taken(f'its slug "{told.slug}" is that of another article; choose another')
        uri = names.uri(
            told, source=self.source, base_url=self._publication.base_url, now=self._now
        )
        return {
            **values,
            "source": self.source,
            "guid": told.guid,
            "uri": uri,
            "slug": slug,
            "first_seen": self._now,
            "eligible": self._eligible(values["published"]),
            "changed": self._now,
        }

    async def _change(
        self,
        connection: AsyncConnection,
        stored: origins.Stored,
        told: SourceArticle,
        *,
        is_back: bool = False,
    ) -> None:
        """Take what is told of a known one; ``is_back`` says that its guid was taken back."""
        self.present.add(stored.id)
        mark = fingerprint(told)
        where = {"origin": told.origin, "stamp": told.stamp, "fingerprint": mark, "gone": False}
        if stored.fingerprint == mark and not stored.gone and not is_back:
            is_moved = stored.origin != told.origin
            self.counts["changed" if is_moved else "unchanged"] += 1
        # Only one source speaks for the article; when all have gone, the first to come back. Of
        # its guids the one that changed last does: guids that were made anew may be taken back.
        elif not stored.is_heard and stored.state is not ArticleState.WITHDRAWN:
            self.counts["unchanged"] += 1
        else:
            try:
                values = await asyncio.to_thread(clean, told, stored.slug, self._publication)
            except ValueError as error:
                await self._refuse(connection, _refusal(told, error))
                return
            if (
                stored.eligible is not None
                and max(stored.eligible, values["published"] or self._arrived) > self._arrived
            ):  # its time had not come yet, or has been put off
                values["eligible"] = self._eligible(values["published"])
            await articles.change(connection, stored.article, {**values, "changed": self._now})
            self.counts["changed"] += 1
            if not stored.leads:
                await origins.lead(connection, stored.id)
        await origins.change(connection, stored.id, where)
        if stored.gone:
            await arriving.come_back(connection, stored.article, self._arrived, self._now)
        await sources.accept_again(connection, self.source, [told.origin])

    async def _move(
        self, connection: AsyncConnection, stored: origins.Stored, told: SourceArticle | _Place
    ) -> None:
        if stored.id in self.present and stored.origin != told.origin:
            reason = f'its guid "{told.guid}" is that of {stored.origin}; give each article its own'
            rejection = Rejection(origin=told.origin, stamp=_NO_STAMP, reason=reason)
            await self._refuse(connection, rejection)
        elif isinstance(told, SourceArticle):
            is_back = stored.leader is not None and stored.leader not in self.present
            await self._change(connection, stored, told, is_back=is_back)
        else:
            self.present.add(stored.id)
            place = {"origin": told.origin, "stamp": _NO_STAMP, "gone": False}
            await origins.change(connection, stored.id, place)
            self.counts["changed"] += 1

    def _eligible(self, published: datetime | None) -> datetime | None:
        """Say from when an article that arrives now may be mailed."""
        if published is not None and published > self._arrived:
            return published
        return None if self._is_backlog else self._arrived

    async def _refuse(self, connection: AsyncConnection, rejection: Rejection) -> None:
        self._refused.add(rejection.origin)
        published = await origins.known(connection, self.source, [rejection.origin])
        for known in published.values():  # stays as it is
            self.present.add(known.id)
        if await sources.reject(connection, self.source, rejection, self._now):
            log.warning(
                "article rejected",
                source=self.source,
                origin=rejection.origin,
                reason=rejection.reason,
            )


class _Taken(ValueError):
    """Another article has the name: to be judged again each time, till that one has gone."""


def _refusal(told: SourceArticle, error: ValueError) -> Rejection:
    stamp = _NO_STAMP if isinstance(error, _Taken) else told.stamp
    return Rejection(origin=told.origin, stamp=stamp, reason=str(error))
