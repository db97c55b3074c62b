"""What a source tells anew is stored: as an article that arrives, as an edit, or as a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.content.article import clean, fingerprint, place
from publisher.content.sameness import keys
from publisher.ingest.presence import Presence
from publisher.model import ArticleState, Publication, Rejection, SourceArticle
from publisher.store import arrivals, arriving, articles, leading, origins, sources
from publisher.store.identity import Namer, namer

log = structlog.get_logger()

# Of what must be looked at again in the next pass, since no source tells it.
NO_STAMP = ""


class Taking:
    """Stores what a pass is told, and notes which origins were met, and what was refused."""

    def __init__(
        self, *, source: str, publication: Publication, now: datetime, is_backlog: bool
    ) -> None:
        self.present = Presence()
        self.refused: set[str] = set()
        self.counts = {"changed": 0, "unchanged": 0}
        self._source = source
        self._publication = publication
        self._now = now
        self._is_backlog = is_backlog
        self._arrived = now

    async def begin(self, connection: AsyncConnection) -> None:
        """Begin a transaction: what it stores arrives at one instant."""
        self._arrived = await arrivals.instant(connection, self._now)

    async def add(self, connection: AsyncConnection, tellings: list[SourceArticle]) -> None:
        """Store articles that nobody has told before, held until the pass is over."""
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
                await self.refuse(connection, _refusal(told, error))
            else:
                added.append(told)
        if not rows:
            return
        ids = await arriving.add(connection, rows)
        come_from = [
            {
                "source": self._source,
                "guid": told.guid,
                "origin": told.origin,
                "stamp": told.stamp,
                "fingerprint": fingerprint(told),
                "article_id": article,
                "arrived": self._arrived,
                **keys(row),
            }
            for article, row, told in zip(ids, rows, added, strict=True)
        ]
        for number in await origins.add(connection, come_from):
            self.present.add(number)
        await sources.accept_again(connection, self._source, [told.origin for told in added])

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
            connection, self._source, fingerprint(told), keys(values)
        ):  # it may be its own, from where it stood before
            slug = await names.slug(told, may_differ=True)
        if slug is None:
            raise _Taken(f'its slug "{told.slug}" is that of another article; choose another')
        uri = names.uri(
            told, source=self._source, base_url=self._publication.base_url, now=self._now
        )
        return {
            **values,
            "source": self._source,
            "guid": told.guid,
            "uri": uri,
            "slug": slug,
            "first_seen": self._now,
            "eligible": self._eligible(values["published"]),
            "changed": self._now,
        }

    async def change(
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
        where: dict[str, Any] = {
            "origin": told.origin,
            "stamp": told.stamp,
            "fingerprint": mark,
            "gone": False,
        }
        if stored.fingerprint == mark and not stored.gone and not is_back:
            try:
                is_placed = await self._place(connection, stored, told)
            except ValueError as error:
                await self.refuse(connection, _refusal(told, error))
                return
            is_moved = stored.origin != told.origin
            self.counts["changed" if is_moved or is_placed else "unchanged"] += 1
        else:
            try:
                values = await asyncio.to_thread(clean, told, stored.slug, self._publication)
            except ValueError as error:
                await self.refuse(connection, _refusal(told, error))
                return
            where |= keys(values)
            # Only one source speaks for the article; when all have gone, the first to come back.
            # Of its guids the one that changed last does: guids made anew may be taken back.
            if stored.is_heard or stored.state is ArticleState.WITHDRAWN:
                await self._edit(connection, stored, values)
            else:
                self.counts["unchanged"] += 1
        await origins.change(connection, stored.id, where)
        if stored.gone:
            await arriving.come_back(connection, stored.article, self._arrived, self._now)
        await sources.accept_again(connection, self._source, [told.origin])

    async def _edit(
        self, connection: AsyncConnection, stored: origins.Stored, values: dict[str, Any]
    ) -> None:
        if (
            stored.eligible is not None
            and max(stored.eligible, values["published"] or self._arrived) > self._arrived
        ):  # its time had not come yet, or has been put off
            values["eligible"] = self._eligible(values["published"])
        await articles.change(connection, stored.article, {**values, "changed": self._now})
        self.counts["changed"] += 1
        if not stored.leads:
            await leading.lead(connection, stored.id)

    async def _place(
        self, connection: AsyncConnection, stored: origins.Stored, told: SourceArticle
    ) -> bool:
        """Give an article that says the same another place in issues, if it is told another one.

        Raises ValueError if there is no such place.
        """
        values = place(told)
        if not stored.leads or values == {"weight": stored.weight, "pinned": stored.pinned}:
            return False
        await articles.change(connection, stored.article, values)
        return True

    def _eligible(self, published: datetime | None) -> datetime | None:
        """Say from when an article that arrives now may be mailed."""
        if published is not None and published > self._arrived:
            return published
        return None if self._is_backlog else self._arrived

    async def refuse(self, connection: AsyncConnection, rejection: Rejection) -> None:
        """Note a refusal; what is published from there stays as it is, and is there."""
        self.refused.add(rejection.origin)
        published = await origins.known(connection, self._source, [rejection.origin])
        for known in published.values():
            self.present.add(known.id)
        if await sources.reject(connection, self._source, rejection, self._now):
            log.warning(
                "article rejected",
                source=self._source,
                origin=rejection.origin,
                reason=rejection.reason,
            )


class _Taken(ValueError):
    """Another article has the name: to be judged again each time, till that one has gone."""


def _refusal(told: SourceArticle, error: ValueError) -> Rejection:
    stamp = NO_STAMP if isinstance(error, _Taken) else told.stamp
    return Rejection(origin=told.origin, stamp=stamp, reason=str(error))
