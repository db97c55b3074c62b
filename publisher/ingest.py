"""Take in what a source tells: clean it, give it an identity, and say what became of it.

An article's identity is (source, guid). One bad article is refused with a reason and changes
nothing else; a source that fails as a whole changes nothing at all. What a complete source no
longer tells is withdrawn, unless it suddenly tells nothing: an empty folder is more likely a
disk that is not mounted than an editor who withdrew everything.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.content.article import clean, fingerprint
from publisher.content.characters import clean_characters
from publisher.errors import SourceError
from publisher.model import (
    ArticleState,
    Enclosure,
    Person,
    Publication,
    Rejection,
    SourceArticle,
    Unchanged,
)
from publisher.ports import Clock, Source
from publisher.store import arrivals, articles, identity, sources
from publisher.store.engine import Store

log = structlog.get_logger()

_CHUNK = 20

# Of what is refused for another article's sake: no source tells it, so that it is judged
# again each time, and taken in once the other has gone.
_NO_STAMP = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What a pass over a source brought. ``error`` is why it failed, None if it did not."""

    source: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    rejected: tuple[Rejection, ...] = ()
    error: str | None = None

    @property
    def is_news(self) -> bool:
        """Whether anything that is published became different."""
        return bool(self.new or self.changed or self.withdrawn)


async def ingest(
    store: Store, source: Source, *, publication: Publication, mailed: int | None, clock: Clock
) -> Intake:
    """Make one pass over a source.

    ``mailed`` is how many of the newest articles of its very first pass may be mailed; None
    for all. A SourceError is recorded and reported, not raised; a StoreError is raised.
    """
    async with store.read() as connection:
        known = await sources.stamps(connection, source.name)
        before = await sources.status(connection, source.name)
        refused = await sources.rejected(connection, source.name)
    is_backlog = mailed is not None and not before.first_load_done
    intake = _Pass(
        store=store,
        source=source,
        publication=publication,
        now=clock(),
        is_backlog=is_backlog,
        refused=frozenset(rejection.origin for rejection in refused),
    )
    try:
        pending: list[SourceArticle | Rejection] = []
        async for told in source.articles(known):
            if isinstance(told, Unchanged):
                intake.keep(told)
                continue
            pending.append(_legible(told))
            if len(pending) == _CHUNK:
                await intake.take(pending)
                pending = []
        await intake.take(pending)
        await intake.take_deferred()
        withdrawn = await intake.withdraw()
    except SourceError as error:
        async with store.write() as connection:
            await sources.record_failed(connection, source.name, str(error), clock())
        log.warning("source failed", source=source.name, reason=str(error))
        return intake.report(error=str(error))
    async with store.write() as connection:
        if is_backlog and mailed:
            arrived = await arrivals.instant(connection, clock())
            await arrivals.release_backlog(connection, source.name, mailed, arrived)
        rejected = tuple(await sources.rejected(connection, source.name))
        counts = {**intake.counts, "withdrawn": withdrawn, "rejected": len(rejected)}
        await sources.record_good(connection, source.name, counts, clock())
    return intake.report(withdrawn=withdrawn, rejected=rejected)


class _Pass:
    """One pass: what it has met so far, and what must wait until everything was met."""

    def __init__(
        self,
        *,
        store: Store,
        source: Source,
        publication: Publication,
        now: datetime,
        is_backlog: bool,
        refused: frozenset[str],
    ) -> None:
        self._store = store
        self._source = source
        self._publication = publication
        self._now = now
        self._is_backlog = is_backlog
        self._refused = refused
        self._arrived = now
        self._present: set[str] = set()
        self._deferred: list[SourceArticle] = []
        self.counts = {"new": 0, "changed": 0, "unchanged": 0}

    def report(
        self,
        *,
        withdrawn: int = 0,
        rejected: tuple[Rejection, ...] = (),
        error: str | None = None,
    ) -> Intake:
        return Intake(
            source=self._source.name,
            new=self.counts["new"],
            changed=self.counts["changed"],
            unchanged=self.counts["unchanged"],
            withdrawn=withdrawn,
            rejected=rejected,
            error=error,
        )

    def keep(self, told: Unchanged) -> None:
        self._present.add(told.origin)
        if told.origin not in self._refused:
            self.counts["unchanged"] += 1

    async def take(self, chunk: list[SourceArticle | Rejection]) -> None:
        if not chunk:
            return
        async with self._store.write() as connection:
            self._arrived = await arrivals.instant(connection, self._now)
            for told in chunk:
                self._present.add(told.origin)
                if isinstance(told, Rejection):
                    await self._refuse(connection, told)
                else:
                    await self._judge(connection, told)

    async def _judge(self, connection: AsyncConnection, told: SourceArticle) -> None:
        stored = await articles.find(connection, self._source.name, told.guid)
        if stored is None:
            if await articles.find_twins(connection, self._source.name, fingerprint(told)):
                # moved from where a twin stood, if nothing stands there any more
                self._deferred.append(told)
            else:
                await self._add(connection, told)
        elif stored.origin == told.origin or stored.has_gone:
            await self._change(connection, stored, told)
        else:  # moved, or a second one with the same guid: known when all were met
            self._deferred.append(told)

    async def take_deferred(self) -> None:
        """Decide moves and doubles: whoever stood here first, and still does, keeps its place."""
        if not self._deferred:
            return
        async with self._store.write() as connection:
            self._arrived = await arrivals.instant(connection, self._now)
            for told in self._deferred:
                stored = await articles.find(connection, self._source.name, told.guid)
                if stored is None:
                    twins = await articles.find_twins(
                        connection, self._source.name, fingerprint(told)
                    )
                    moved = [twin for twin in twins if twin.origin not in self._present]
                    if moved:
                        await self._change(connection, moved[0], told)
                    else:
                        await self._add(connection, told)
                elif stored.origin in self._present and stored.origin != told.origin:
                    await self._refuse(
                        connection,
                        Rejection(
                            origin=told.origin,
                            stamp=_NO_STAMP,
                            reason=f'its guid "{told.guid}" is that of {stored.origin}; '
                            "give each article its own",
                        ),
                    )
                else:
                    await self._change(connection, stored, told)

    async def withdraw(self) -> int:
        """Withdraw what is no longer told; give how many articles that were."""
        if not self._source.is_complete:
            return 0
        async with self._store.write() as connection:
            left = await articles.count_present(connection, self._source.name)
            if left and not self._present:
                raise SourceError(
                    f"nothing is there, where {left} articles were before; they stay published "
                    "(if that is meant, withdraw them with `publisher articles withdraw`)"
                )
            await sources.forget_missing_rejections(connection, self._source.name, self._present)
            return await articles.withdraw_missing(
                connection, self._source.name, self._present, self._now
            )

    async def _add(self, connection: AsyncConnection, told: SourceArticle) -> None:
        slug = await identity.free_slug(connection, told)
        if slug is None:
            reason = f'its slug "{told.slug}" is that of another article; choose another'
            await self._refuse(
                connection, Rejection(origin=told.origin, stamp=_NO_STAMP, reason=reason)
            )
            return
        try:
            values = await asyncio.to_thread(clean, told, slug, self._publication)
        except ValueError as error:
            await self._refuse(connection, _refusal(told, error))
            return
        await articles.add(
            connection,
            {
                **values,
                "source": self._source.name,
                "uri": await identity.mint_uri(
                    connection,
                    told,
                    source=self._source.name,
                    base_url=self._publication.base_url,
                    now=self._now,
                ),
                "slug": slug,
                "first_seen": self._now,
                "eligible": self._eligible(values["published"]),
                "changed": self._now,
                "state": ArticleState.LIVE,
            },
        )
        await sources.accept_again(connection, self._source.name, [told.origin])
        self.counts["new"] += 1

    async def _change(
        self, connection: AsyncConnection, stored: articles.Stored, told: SourceArticle
    ) -> None:
        where = {"guid": told.guid, "origin": told.origin, "stamp": told.stamp}
        if stored.fingerprint == fingerprint(told) and not stored.has_gone:
            await articles.change(connection, stored.id, where)
            moved = (stored.guid, stored.origin) != (told.guid, told.origin)
            self.counts["changed" if moved else "unchanged"] += 1
        else:
            try:
                values = await asyncio.to_thread(clean, told, stored.slug, self._publication)
            except ValueError as error:
                await self._refuse(connection, _refusal(told, error))
                return
            if stored.has_gone:
                values["state"] = ArticleState.LIVE
            if (
                stored.eligible is not None
                and max(stored.eligible, values["published"] or self._arrived) > self._arrived
            ):  # its time had not come yet, or has been put off
                values["eligible"] = self._eligible(values["published"])
            await articles.change(connection, stored.id, {**values, "changed": self._now})
            if stored.has_gone:
                await arrivals.come_back(connection, stored.id, self._arrived)
            self.counts["changed"] += 1
        await sources.accept_again(connection, self._source.name, [told.origin])

    def _eligible(self, published: datetime | None) -> datetime | None:
        """Say from when an article that arrives now may be mailed."""
        if published is not None and published > self._arrived:
            return published
        return None if self._is_backlog else self._arrived

    async def _refuse(self, connection: AsyncConnection, rejection: Rejection) -> None:
        if await sources.reject(connection, self._source.name, rejection, self._now):
            log.warning(
                "article rejected",
                source=self._source.name,
                origin=rejection.origin,
                reason=rejection.reason,
            )


def _legible(told: Any) -> Any:
    """Make every text in what was told one that a database can hold.

    A file's name may hold any octet, and a NUL ends a text on PostgreSQL.
    """
    match told:
        case str():
            return clean_characters(told.encode("utf-8", "backslashreplace").decode())
        case tuple():
            return tuple(map(_legible, told))
        case SourceArticle() | Rejection() | Person() | Enclosure():
            texts = {field.name: _legible(getattr(told, field.name)) for field in fields(told)}
            return replace(told, **texts)
        case _:
            return told


def _refusal(told: SourceArticle, error: ValueError) -> Rejection:
    return Rejection(origin=told.origin, stamp=told.stamp, reason=str(error))
