"""Articles as rows. Times in and out are aware UTC."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, case, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Article, ArticleState, Enclosure, Person
from publisher.store import arrivals
from publisher.store.tables import articles

_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What ingest needs to know of an article that is already here."""

    id: int
    guid: str
    slug: str
    origin: str
    fingerprint: str
    eligible: datetime | None
    state: ArticleState
    by_hand: bool

    @property
    def has_gone(self) -> bool:
        """Whether it was withdrawn because its source told it no more."""
        return self.state is ArticleState.WITHDRAWN and not self.by_hand


async def find(connection: AsyncConnection, source: str, guid: str) -> Stored | None:
    """Find an article of a source by its guid, withdrawn or not."""
    found = await _stored(connection, articles.c.source == source, articles.c.guid == guid)
    return found[0] if found else None


async def find_twins(connection: AsyncConnection, source: str, fingerprint: str) -> list[Stored]:
    """Find the articles of a source with the same content, in case one has moved."""
    return await _stored(
        connection,
        articles.c.source == source,
        articles.c.fingerprint == fingerprint,
        articles.c.state != ArticleState.WITHDRAWN,
    )


async def _stored(connection: AsyncConnection, *conditions: Any) -> list[Stored]:
    rows = await connection.execute(
        select(
            articles.c.id,
            articles.c.guid,
            articles.c.slug,
            articles.c.origin,
            articles.c.fingerprint,
            articles.c.eligible,
            articles.c.state,
            articles.c.by_hand,
        )
        .where(*conditions)
        .order_by(articles.c.id)
    )
    return [
        Stored(
            id=row.id,
            guid=row.guid,
            slug=row.slug,
            origin=row.origin,
            fingerprint=row.fingerprint,
            eligible=row.eligible,
            state=ArticleState(row.state),
            by_hand=row.by_hand,
        )
        for row in rows
    ]


async def taken_slugs(connection: AsyncConnection, stem: str) -> set[str]:
    """Give every slug that is the stem, or the stem with a number."""
    pattern = articles.c.slug.startswith(f"{stem}-", autoescape=True)
    rows = await connection.execute(
        select(articles.c.slug).where(or_(articles.c.slug == stem, pattern))
    )
    return set(rows.scalars())


async def has_uri(connection: AsyncConnection, uri: str) -> bool:
    """Say whether an article already goes by this identity."""
    found = await connection.execute(select(articles.c.id).where(articles.c.uri == uri))
    return found.first() is not None


async def add(connection: AsyncConnection, values: Mapping[str, Any]) -> int:
    """Insert an article; the keys are column names. Give its id."""
    result = await connection.execute(insert(articles).values(**_plain(values)))
    assert result.inserted_primary_key is not None  # noqa: S101 -- an insert always has one
    return int(result.inserted_primary_key[0])


async def change(connection: AsyncConnection, article: int, values: Mapping[str, Any]) -> None:
    """Set columns of an article."""
    await connection.execute(
        update(articles).where(articles.c.id == article).values(**_plain(values))
    )


async def withdraw_missing(
    connection: AsyncConnection, source: str, present: Collection[str], now: datetime
) -> int:
    """Withdraw the articles of a source whose origin is not present; give how many."""
    rows = await connection.execute(
        select(articles.c.id, articles.c.origin).where(
            articles.c.source == source, articles.c.state != ArticleState.WITHDRAWN
        )
    )
    gone = [row.id for row in rows if row.origin not in present]
    for start in range(0, len(gone), _PAGE):
        await connection.execute(
            update(articles)
            .where(articles.c.id.in_(gone[start : start + _PAGE]))
            .values(state=ArticleState.WITHDRAWN, changed=now)
        )
    return len(gone)


async def count_present(connection: AsyncConnection, source: str) -> int:
    """Count the articles of a source that are not withdrawn."""
    return int(
        await connection.scalar(
            select(func.count())
            .select_from(articles)
            .where(articles.c.source == source, articles.c.state != ArticleState.WITHDRAWN)
        )
        or 0
    )


async def set_state(
    connection: AsyncConnection, slug: str, state: ArticleState, now: datetime
) -> bool:
    """Hold, withdraw or release an article by hand; False if no article has the slug."""
    article: int | None = await connection.scalar(
        update(articles)
        .where(articles.c.slug == slug)
        .values(state=state, changed=now, by_hand=state is not ArticleState.LIVE)
        .returning(articles.c.id)
    )
    if article is not None and state is ArticleState.LIVE:
        await arrivals.come_back(connection, article, await arrivals.instant(connection, now))
    return article is not None


# --- reading ----------------------------------------------------------------------------


async def newest(connection: AsyncConnection, now: datetime) -> AsyncGenerator[Article, None]:
    """Yield live articles whose time has come, newest first; stop reading when you have enough.

    Pages are read by key, so that nothing is held between them.
    """
    dated = func.coalesce(articles.c.published, articles.c.first_seen)
    edge: tuple[datetime, int] | None = None
    while True:
        query = (
            select(articles)
            .where(articles.c.state == ArticleState.LIVE, dated <= now)
            .order_by(dated.desc(), articles.c.id.desc())
            .limit(_PAGE)
        )
        if edge is not None:
            when, last = edge
            query = query.where(or_(dated < when, (dated == when) & (articles.c.id < last)))
        page = [from_row(row) for row in await connection.execute(query)]
        for article in page:
            yield article
        if len(page) < _PAGE:
            return
        edge = (page[-1].dated, page[-1].id)


async def withdrawn(connection: AsyncConnection) -> AsyncGenerator[Article, None]:
    """Yield articles that left, the last to leave first."""
    query = (
        select(articles)
        .where(articles.c.state != ArticleState.LIVE)
        .order_by(articles.c.changed.desc(), articles.c.id.desc())
        .limit(_PAGE)
    )
    async with aclosing(_streamed(connection, query)) as found:
        async for article in found:
            yield article


async def eligible_between(
    connection: AsyncConnection, after: datetime | None, until: datetime
) -> AsyncGenerator[Article, None]:
    """Yield the live articles that became eligible in (after, until], newest first."""
    query = select(articles).where(
        articles.c.state == ArticleState.LIVE, articles.c.eligible <= until
    )
    if after is not None:
        query = query.where(articles.c.eligible > after)
    dated = func.coalesce(articles.c.published, articles.c.first_seen)
    query = query.order_by(dated.desc(), articles.c.id.desc())
    async with aclosing(_streamed(connection, query)) as found:
        async for article in found:
            yield article


async def by_slug(connection: AsyncConnection, slug: str) -> Article | None:
    """Find an article by its slug, in any state."""
    query = select(articles).where(articles.c.slug == slug)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else from_row(row)


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
        query = query.where(articles.c.source == source)
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
        async for row in rows:
            yield from_row(row)
    finally:
        # As a context manager it leaves the cursor open when its reader stops early.
        await rows.close()


# --- rows and values --------------------------------------------------------------------


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Put people and enclosures into the shape in which their JSON columns keep them."""
    plain = dict(values)
    for column in ("authors", "contributors", "enclosures"):
        if column in plain:
            plain[column] = [asdict(value) for value in plain[column]]
    if "tags" in plain:
        plain["tags"] = list(plain["tags"])
    return plain


def from_row(row: Row[Any]) -> Article:
    """Make the value of a row of the table."""
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
    )
