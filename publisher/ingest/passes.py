"""One pass over a source: each thing told is taken in, in chunks, and what was met is noted.

Memory does not grow with what a source has: a chunk of articles, and a bit for each origin.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.errors import SourceError
from publisher.ingest.legible import bounded, legible
from publisher.ingest.presence import Presence
from publisher.ingest.taking import NO_STAMP, Taking
from publisher.model import Publication, Rejection, SourceArticle, Unchanged, Unseen
from publisher.store import leading, origins, sources
from publisher.store.engine import Store

_CHUNK = 50
_PAGE = 500
# How many articles that may have moved are kept until all are met; of more, only where they are.
_MOST_WAITING = 1000


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
        self.told = 0
        self._taking = Taking(
            source=source, publication=publication, now=now, is_backlog=is_backlog
        )
        self._store = store
        self._now = now
        self._chunk: dict[str, SourceArticle | Rejection] = {}
        self._waiting: list[SourceArticle | _Place] = []
        # What the source has asked for last: it tells most of that as unchanged at once.
        self._known: Mapping[str, origins.Known] = {}
        self._known_refused: Mapping[str, str] = {}

    @property
    def present(self) -> Presence:
        """Which origins were met."""
        return self._taking.present

    @property
    def counts(self) -> dict[str, int]:
        """How many articles were told that are known: "changed" and "unchanged"."""
        return self._taking.counts

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
                await self._taking.begin(connection)
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
            withdrawn += await leading.go(connection, gone[start : start + _PAGE], self._now)
        return withdrawn

    async def forget_rejections(self, connection: AsyncConnection) -> None:
        """Forget the refusals of what is not there any more."""
        await sources.forget_missing_rejections(connection, self.source, self._taking.refused)

    # --- what is told as it was

    async def _keep(self, place: str) -> None:
        if place not in self._known and place not in self._known_refused:
            await self.known([place])
        known = self._known.get(place)
        if known is not None:
            self.present.add(known.id)
        if place in self._known_refused:
            self._taking.refused.add(place)
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
            await self._taking.begin(connection)
            stored = await origins.find(connection, self.source, [told.guid for told in tellings])
            new: list[SourceArticle] = []
            for told in chunk:
                if isinstance(told, Rejection):
                    await self._taking.refuse(connection, told)
                elif (known := stored.get(told.guid)) is None:
                    new.append(told)
                elif known.gone or (known.origin == told.origin and known.leader is None):
                    await self._taking.change(connection, known, told)
                else:
                    # Moved, or a second one with the same guid, or a guid that may be taken
                    # back: known when all were met.
                    place = _Place(guid=told.guid, origin=told.origin)
                    self._waiting.append(told if len(self._waiting) < _MOST_WAITING else place)
            await self._taking.add(connection, new)

    async def _move(
        self, connection: AsyncConnection, stored: origins.Stored, told: SourceArticle | _Place
    ) -> None:
        if stored.id in self.present and stored.origin != told.origin:
            reason = f'its guid "{told.guid}" is that of {stored.origin}; give each article its own'
            rejection = Rejection(origin=told.origin, stamp=NO_STAMP, reason=reason)
            await self._taking.refuse(connection, rejection)
        elif isinstance(told, SourceArticle):
            is_back = stored.leader is not None and stored.leader not in self.present
            await self._taking.change(connection, stored, told, is_back=is_back)
        else:
            self.present.add(stored.id)
            place = {"origin": told.origin, "stamp": NO_STAMP, "gone": False}
            await origins.change(connection, stored.id, place)
            self.counts["changed"] += 1
