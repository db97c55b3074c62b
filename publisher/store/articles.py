"""Articles as rows. Times in and out are aware UTC."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, case, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Article, ArticleState, Enclosure, Origin, Person, Selection
from publisher.store import arrivals, terms
from publisher.store import origins as origins_of
from publisher.store.tables import articles, origins

_PAGE = 200
DATED = func.coalesce(articles.c.published, articles.c.first_seen).label("dated")


async def taken_slugs(connection: AsyncConnection, slugs: Collection[str]) -> set[str]:
    """Give those of these slugs that an article has, in whatever state it is."""
    rows = await connection.execute(select(articles.c.slug).where(articles.c.slug.in_(slugs)))
    return set(rows.scalars())


async def taken_uris(connection: AsyncConnection, uris: Collection[str]) -> set[str]:
    """Give those of these identities by which an article already goes."""
    rows = await connection.execute(select(articles.c.uri).where(articles.c.uri.in_(uris)))
    return set(rows.scalars())


async def change(connection: AsyncConnection, article: int, values: Mapping[str, Any]) -> None:
    """Set columns of an article; whoever sets any of its content sets all of it."""
    await connection.execute(
        update(articles).where(articles.c.id == article).values(**plain(values))
    )
    if "tags" in values:
        await terms.put(connection, {article: values})


async def set_state(
    connection: AsyncConnection, slug: str, state: ArticleState, now: datetime
) -> bool:
    """Hold, withdraw or release an article by hand; False if no article has the slug."""
    article: int | None = await connection.scalar(
        update(articles)
        .where(articles.c.slug == slug)
        .values(
            state=state,
            changed=now,
            by_hand=state is not ArticleState.LIVE,
            # Whoever lets it out has decided; whoever holds it has not.
            hold=None if state is ArticleState.LIVE else articles.c.hold,
        )
        .returning(articles.c.id)
    )
    if article is not None and state is ArticleState.LIVE:
        await arrivals.come_back(connection, article, await arrivals.instant(connection, now))
    return article is not None


async def pin(connection: AsyncConnection, slug: str, *, is_pinned: bool) -> None:
    """Let issues begin with an article, or not, whatever its source tells."""
    await connection.execute(
        update(articles).where(articles.c.slug == slug).values(pinned_by_hand=is_pinned)
    )


# --- reading ----------------------------------------------------------------------------


async def newest(
    connection: AsyncConnection, select_: Selection, now: datetime, *, limit: int
) -> list[Article]:
    """Give the newest live articles of a selection whose time has come, newest first."""
    query = _shown(select(articles), select_, now).limit(limit)
    return await _values(connection, (await connection.execute(query)).all())


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An article in a feed, and since when it is as it is: another mark, another fragment."""

    id: int
    changed: datetime
    dated: datetime

    @property
    def moment(self) -> datetime:
        """From when a reader of the feed could see it as it is."""
        return max(self.changed, self.dated)


async def marks(
    connection: AsyncConnection, select_: Selection, now: datetime, *, limit: int | None
) -> list[Mark]:
    """Give the marks of the newest live articles whose time has come, newest first."""
    query = _shown(select(articles.c.id, articles.c.changed, DATED), select_, now).limit(limit)
    rows = await connection.execute(query)
    return [Mark(id=row.id, changed=row.changed, dated=row.dated) for row in rows]


def _shown(query: Select[Any], select_: Selection, now: datetime) -> Select[Any]:
    return query.where(
        articles.c.state == ArticleState.LIVE, DATED.element <= now, *terms.chosen(select_)
    ).order_by(DATED.element.desc(), articles.c.id.desc())


async def count(connection: AsyncConnection, select_: Selection, now: datetime) -> int:
    """Count the live articles of a selection whose time has come."""
    query = select(func.count()).where(
        articles.c.state == ArticleState.LIVE, DATED.element <= now, *terms.chosen(select_)
    )
    return int(await connection.scalar(query) or 0)


async def tide(connection: AsyncConnection, now: datetime) -> tuple[object, ...]:
    """Give what is different whenever other articles, or articles otherwise, are shown."""
    newest = select(func.max(articles.c.changed), func.max(articles.c.id))
    changed, last = (await connection.execute(newest)).one()
    dated = await connection.scalar(
        select(func.max(DATED.element)).where(
            articles.c.state == ArticleState.LIVE, DATED.element <= now
        )
    )
    return changed, last, dated


async def by_ids(connection: AsyncConnection, ids: Collection[int]) -> dict[int, Article]:
    """Map these ids to their articles."""
    query = select(articles).where(articles.c.id.in_(ids))
    rows = (await connection.execute(query)).all()
    return {article.id: article for article in await _values(connection, rows)}


async def withdrawn(
    connection: AsyncConnection, select_: Selection, *, limit: int
) -> list[tuple[str, datetime]]:
    """Give uri and time of leaving of articles that left, the last to leave first.

    Those that were never shown are not among them.
    """
    rows = await connection.execute(
        select(articles.c.uri, articles.c.changed)
        .where(
            articles.c.state != ArticleState.LIVE,
            articles.c.hold.is_(None),
            *terms.chosen(select_),
        )
        .order_by(articles.c.changed.desc(), articles.c.id.desc())
        .limit(limit)
    )
    return [(row.uri, row.changed) for row in rows]


async def eligible_between(
    connection: AsyncConnection,
    after: datetime | None,
    until: datetime,
    select_: Selection,
) -> AsyncGenerator[Article, None]:
    """Yield the live articles of a selection that became eligible in (after, until].

    The last to have become so comes first; of those that came at once, the newest.

    Where sources are selected, an article that some other source had brought before counts from
    when one of these has it too, and its ``eligible`` says so.
    """
    sources = select_.sources
    query = select(articles).where(
        articles.c.state == ArticleState.LIVE,
        articles.c.eligible <= until,
        *terms.chosen(select_),
    )
    if after is not None:
        came_since = exists().where(
            origins.c.article_id == articles.c.id,
            origins.c.source.in_(sources),
            origins.c.arrived > after,
        )
        since = articles.c.eligible > after
        query = query.where(or_(since, came_since) if sources else since)
    query = query.order_by(articles.c.eligible.desc(), DATED.element.desc(), articles.c.id.desc())
    async with aclosing(_streamed(connection, query)) as found:
        async for article in found:
            counted = _counted_from(article, sources)
            if after is None or (counted.eligible is not None and counted.eligible > after):
                yield counted


def _counted_from(article: Article, sources: Collection[str]) -> Article:
    theirs = [origin.arrived for origin in article.also_from if origin.source in sources]
    if article.source in sources or not theirs or article.eligible is None:
        return article
    return replace(article, eligible=max(article.eligible, *theirs))


async def next_embargo(connection: AsyncConnection, now: datetime) -> datetime | None:
    """Give the instant at which the next article is to be shown that is dated ahead."""
    found: datetime | None = await connection.scalar(
        select(func.min(articles.c.published)).where(
            articles.c.state == ArticleState.LIVE, articles.c.published > now
        )
    )
    return found


async def by_slug(connection: AsyncConnection, slug: str) -> Article | None:
    """Find an article by its slug, in any state."""
    query = select(articles).where(articles.c.slug == slug)
    found = await _values(connection, (await connection.execute(query)).all())
    return found[0] if found else None


async def listing(
    connection: AsyncConnection, *, source: str | None = None, limit: int | None = None
) -> AsyncGenerator[Article, None]:
    """Yield articles in every state, live ones first, newest first."""
    query = select(articles).order_by(
        case((articles.c.state == ArticleState.LIVE, 0), else_=1),
        func.coalesce(articles.c.published, articles.c.first_seen).desc(),
        articles.c.id.desc(),
    )
    if source is not None:
        told = select(origins.c.article_id).where(origins.c.source == source)
        query = query.where(articles.c.id.in_(told))
    if limit is not None:
        query = query.limit(limit)
    async with aclosing(_streamed(connection, query)) as found:
        async for article in found:
            yield article


async def _streamed(
    connection: AsyncConnection, query: Select[Any]
) -> AsyncGenerator[Article, None]:
    rows = await connection.stream(query)
    try:
        async for page in rows.partitions(_PAGE):
            for article in await _values(connection, page):
                yield article
    finally:
        # As a context manager it leaves the cursor open when its reader stops early.
        await rows.close()


# --- rows and values --------------------------------------------------------------------


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Put people and enclosures into the shape in which their JSON columns keep them."""
    plain = dict(values)
    for column in ("authors", "contributors", "enclosures"):
        if column in plain:
            plain[column] = [asdict(value) for value in plain[column]]
    if "tags" in plain:
        plain["tags"] = list(plain["tags"])
    return plain


async def _values(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Article]:
    """Make the values of rows of the table."""
    also_from = await origins_of.others(connection, [row.id for row in rows]) if rows else {}
    return [_from_row(row, also_from.get(row.id, ())) for row in rows]


def _from_row(row: Row[Any], also_from: tuple[Origin, ...]) -> Article:
    return Article(
        id=row.id,
        source=row.source,
        guid=row.guid,
        uri=row.uri,
        slug=row.slug,
        url=row.url,
        title=row.title,
        summary=row.summary,
        html=row.html,
        text=row.text,
        authors=tuple(Person(**person) for person in row.authors),
        contributors=tuple(Person(**person) for person in row.contributors),
        tags=tuple(row.tags),
        section=row.section,
        published=row.published,
        updated=row.updated,
        first_seen=row.first_seen,
        eligible=row.eligible,
        changed=row.changed,
        language=row.language,
        image=row.image,
        enclosures=tuple(Enclosure(**enclosure) for enclosure in row.enclosures),
        state=ArticleState(row.state),
        also_from=also_from,
        weight=row.weight,
        pinned=row.pinned if row.pinned_by_hand is None else row.pinned_by_hand,
    )
