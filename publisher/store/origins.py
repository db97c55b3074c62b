"""Where articles come from: which guid of which source stands for which article.

An article's origin is (source, guid). Several origins may stand for one article; the one that
the article names itself (its source and guid) is where its content comes from.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import ArticleState, Hold, Origin
from publisher.store.tables import articles, origins

_PAGE = 500

# Whether an article takes its content from an origin.
leads = and_(origins.c.source == articles.c.source, origins.c.guid == articles.c.guid)
_leader = origins.alias("leader")
_is_led = and_(
    _leader.c.source == origins.c.source,
    _leader.c.source == articles.c.source,
    _leader.c.guid == articles.c.guid,
    _leader.c.guid != origins.c.guid,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An origin that is known, and what ingest needs to know of its article.

    ``leads`` says whether the article's content comes from here, and ``is_heard`` whether it
    comes from here or from another guid of the same source; ``leader`` is the number of that
    other one.
    """

    id: int
    source: str
    guid: str
    origin: str
    fingerprint: str
    gone: bool
    leads: bool
    is_heard: bool
    leader: int | None
    article: int
    slug: str
    eligible: datetime | None
    state: ArticleState
    by_hand: bool
    hold: Hold | None
    weight: int
    pinned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An origin that a source may ask for: the row's number and the stamp it was taken in with.

    ``is_arriving`` says that a pass that broke off brought it, so that it still counts as new.
    ``leader`` is where the article's content stands, if that is elsewhere in the same source.
    """

    id: int
    stamp: str
    is_arriving: bool
    leader: str | None


async def find(
    connection: AsyncConnection, source: str, guids: Collection[str]
) -> dict[str, Stored]:
    """Map those of these guids that the source has told before, gone or not."""
    found = await _stored(connection, origins.c.source == source, origins.c.guid.in_(guids))
    return {origin.guid: origin for origin in found}


async def _stored(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> list[Stored]:
    rows = await connection.execute(
        select(
            origins.c.id,
            origins.c.source,
            origins.c.guid,
            origins.c.origin,
            origins.c.fingerprint,
            origins.c.gone,
            leads.label("leads"),
            (origins.c.source == articles.c.source).label("is_heard"),
            _leader.c.id.label("leader"),
            articles.c.id.label("article"),
            articles.c.slug,
            articles.c.eligible,
            articles.c.state,
            articles.c.by_hand,
            articles.c.hold,
            articles.c.weight,
            articles.c.pinned,
        )
        .join(articles, articles.c.id == origins.c.article_id)
        .outerjoin(_leader, _is_led)
        .where(*conditions)
        .order_by(origins.c.id)
    )
    return [
        Stored(
            id=row.id,
            source=row.source,
            guid=row.guid,
            origin=row.origin,
            fingerprint=row.fingerprint,
            gone=row.gone,
            leads=bool(row.leads),
            is_heard=bool(row.is_heard),
            leader=row.leader,
            article=row.article,
            slug=row.slug,
            eligible=row.eligible,
            state=ArticleState(row.state),
            by_hand=row.by_hand,
            hold=None if row.hold is None else Hold(row.hold),
            weight=row.weight,
            pinned=row.pinned,
        )
        for row in rows
    ]


async def known(
    connection: AsyncConnection, source: str, places: Collection[str]
) -> dict[str, Known]:
    """Map those of these places that are taken in to number and stamp.

    What has gone is not among them: should it be told again, it comes back.
    """
    rows = await connection.execute(
        select(
            origins.c.id,
            origins.c.origin,
            origins.c.stamp,
            articles.c.hold,
            _leader.c.origin.label("leader"),
        )
        .join(articles, articles.c.id == origins.c.article_id)
        .outerjoin(_leader, _is_led)
        .where(origins.c.source == source, origins.c.origin.in_(places), not_(origins.c.gone))
    )
    return {
        row.origin: Known(
            id=row.id,
            stamp=row.stamp,
            is_arriving=row.hold == Hold.ARRIVING,
            leader=row.leader,
        )
        for row in rows
    }


async def is_alike(
    connection: AsyncConnection,
    source: str,
    fingerprint: str,
    keys: Mapping[str, str | None],
) -> bool:
    """Say whether some origin has the same content in this source, the same address or words."""
    ways = [and_(origins.c.source == source, origins.c.fingerprint == fingerprint)]
    ways += [
        origins.c[name] == keys[name] for name in ("url_key", "text_key") if keys[name] is not None
    ]
    for way in ways:
        found = await connection.execute(select(origins.c.id).where(way).limit(1))
        if found.first() is not None:
            return True
    return False


async def below(connection: AsyncConnection, source: str, place: str) -> AsyncGenerator[int, None]:
    """Yield the numbers of the origins that are there below a place, such as a folder."""
    async for id in _ids(
        connection,
        source,
        origins.c.origin.startswith(place, autoescape=True),
        not_(origins.c.gone),
    ):
        yield id


async def add(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert origins; the keys are column names. Give their numbers."""
    result = await connection.execute(insert(origins).returning(origins.c.id), rows)
    return list(result.scalars())


async def change(connection: AsyncConnection, origin: int, values: Mapping[str, Any]) -> None:
    """Set columns of an origin."""
    await connection.execute(update(origins).where(origins.c.id == origin).values(**values))


async def count_present(connection: AsyncConnection, source: str) -> int:
    """Count what a source tells."""
    return int(
        await connection.scalar(
            select(func.count())
            .select_from(origins)
            .where(origins.c.source == source, not_(origins.c.gone))
        )
        or 0
    )


async def not_gone(connection: AsyncConnection, source: str) -> AsyncGenerator[int, None]:
    """Yield the numbers of everything that a source tells, as far as is known."""
    async for id in _ids(connection, source, not_(origins.c.gone)):
        yield id


async def _ids(
    connection: AsyncConnection, source: str, *conditions: ColumnElement[bool]
) -> AsyncGenerator[int, None]:
    """Yield numbers in pages by key, so that nothing is held between them."""
    last = 0
    while True:
        rows = await connection.execute(
            select(origins.c.id)
            .where(origins.c.source == source, origins.c.id > last, *conditions)
            .order_by(origins.c.id)
            .limit(_PAGE)
        )
        page = list(rows.scalars())
        for id in page:
            yield id
        if len(page) < _PAGE:
            return
        last = page[-1]


async def others(
    connection: AsyncConnection, article_ids: Collection[int]
) -> dict[int, tuple[Origin, ...]]:
    """Map those of these articles that further sources have to these, in the order of arrival."""
    rows = await connection.execute(
        select(origins.c.article_id, origins.c.source, func.min(origins.c.arrived).label("arrived"))
        .join(articles, articles.c.id == origins.c.article_id)
        .where(
            origins.c.article_id.in_(article_ids),
            origins.c.source != articles.c.source,
            or_(not_(origins.c.gone), articles.c.state != ArticleState.LIVE),
        )
        .group_by(origins.c.article_id, origins.c.source)
        .order_by(func.min(origins.c.arrived))
    )
    found: dict[int, tuple[Origin, ...]] = {}
    for row in rows:
        origin = Origin(source=row.source, arrived=row.arrived)
        found[row.article_id] = (*found.get(row.article_id, ()), origin)
    return found
