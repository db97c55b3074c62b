"""Articles that have just come in, while it is not yet certain that they are new.

They are held, and shown nowhere, until their pass is over: then those that are known under
another guid, address or source become origins of the article that they are, and the others are
released together, or held for an alarm.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import ArticleState, Hold
from publisher.store import arrivals, leading, terms
from publisher.store.articles import by_ids, change, plain
from publisher.store.tables import articles
from publisher.store.tables import origins as all_origins

_PAGE = 500

# What an article takes over from a newcomer that turns out to be the same: all that its source
# says, and none of the names that it keeps for ever.
_CONTENT = (
    "url title summary html text authors contributors tags section published updated language"  # noqa: SIM905
    " image enclosures weight pinned".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """An article that came in this pass; ``origin`` is the number of the origin that it has.

    ``place`` is where in its source it stands.
    """

    id: int
    origin: int
    place: str
    fingerprint: str
    url_key: str | None
    title_key: str
    text_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An origin of an older article that may be the newcomer's, and what it said last."""

    origin: int
    source: str
    place: str
    gone: bool
    fingerprint: str
    article: int
    url_key: str | None
    title_key: str
    text_key: str | None


async def add(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert articles as arriving; the keys are column names. Give their ids, in order."""
    held = {"state": ArticleState.HELD, "hold": Hold.ARRIVING}
    result = await connection.execute(
        insert(articles).returning(articles.c.id, sort_by_parameter_order=True),
        [plain({**row, **held}) for row in rows],
    )
    ids = list(result.scalars())
    await terms.put(connection, dict(zip(ids, rows, strict=True)))
    return ids


async def page(connection: AsyncConnection, source: str, after: int) -> list[Newcomer]:
    """Give the next newcomers of a source behind an id, by id; none when there are no more."""
    rows = await connection.execute(
        select(
            articles.c.id,
            all_origins.c.id.label("origin"),
            all_origins.c.origin.label("place"),
            all_origins.c.fingerprint,
            all_origins.c.url_key,
            all_origins.c.title_key,
            all_origins.c.text_key,
        )
        .join(all_origins, all_origins.c.article_id == articles.c.id)
        .where(
            articles.c.source == source,
            articles.c.hold == Hold.ARRIVING,
            articles.c.state == ArticleState.HELD,
            articles.c.id > after,
            all_origins.c.source == source,
            all_origins.c.guid == articles.c.guid,
        )
        .order_by(articles.c.id)
        .limit(_PAGE)
    )
    return [Newcomer(**row._mapping) for row in rows]


async def matches(
    connection: AsyncConnection, source: str, newcomers: Sequence[Newcomer]
) -> dict[int, list[Match]]:
    """Map newcomers to the origins of older articles that have something in common with them.

    That is the same content in the same source, or the same address or words in any, as one of
    the article's origins said it last. All origins of such an article are given, by its id.
    """
    mine, theirs, every = (all_origins.alias(name) for name in ("mine", "theirs", "every"))
    found: dict[int, dict[int, Match]] = {}
    by_content = and_(theirs.c.source == source, theirs.c.fingerprint == mine.c.fingerprint)
    # One query for each way, since no index serves an OR of them.
    for way in (
        by_content,
        theirs.c.url_key == mine.c.url_key,
        theirs.c.text_key == mine.c.text_key,
    ):
        rows = await connection.execute(
            select(
                mine.c.article_id.label("newcomer"),
                every.c.id.label("origin"),
                every.c.source,
                every.c.origin.label("place"),
                every.c.gone,
                every.c.fingerprint,
                every.c.article_id.label("article"),
                every.c.url_key,
                every.c.title_key,
                every.c.text_key,
            )
            .select_from(mine)
            .join(theirs, and_(way, theirs.c.article_id < mine.c.article_id))
            .join(every, every.c.article_id == theirs.c.article_id)
            .where(mine.c.id.in_([newcomer.origin for newcomer in newcomers]))
            .distinct()
        )
        for row in rows:
            values = dict(row._mapping)
            newcomer = values.pop("newcomer")
            found.setdefault(newcomer, {})[row.origin] = Match(**values)
    return {
        newcomer: sorted(by_origin.values(), key=lambda match: (match.article, match.origin))
        for newcomer, by_origin in found.items()
    }


async def shared_addresses(
    connection: AsyncConnection, source: str, newcomers: Sequence[Newcomer]
) -> set[str]:
    """Give the addresses of these newcomers that several newcomers of the source have."""
    rows = await connection.execute(
        select(all_origins.c.url_key)
        .join(articles, articles.c.id == all_origins.c.article_id)
        .where(
            articles.c.source == source,
            articles.c.hold == Hold.ARRIVING,
            all_origins.c.url_key.in_({each.url_key for each in newcomers if each.url_key}),
        )
        .group_by(all_origins.c.url_key)
        .having(func.count() > 1)
    )
    return set(rows.scalars())


async def merge(
    connection: AsyncConnection,
    newcomer: Newcomer,
    article: int,
    *,
    leads: bool,
    arrived: datetime,
    now: datetime,
) -> None:
    """Make a newcomer's origins those of an older article, and drop the newcomer.

    It has several if an earlier pass broke off: another source may have told it meanwhile.
    ``leads`` says whether the article takes its content from it from now on.
    """
    found = (await by_ids(connection, [newcomer.id]))[newcomer.id]
    await leading.hand_over(connection, newcomer.id, article)
    await terms.drop(connection, newcomer.id)
    await connection.execute(delete(articles).where(articles.c.id == newcomer.id))
    if leads:
        await leading.lead(connection, newcomer.origin)
        content = {name: getattr(found, name) for name in _CONTENT}
        await change(connection, article, {**content, "changed": now})
    await come_back(connection, article, arrived, now)


async def come_back(
    connection: AsyncConnection, article: int, arrived: datetime, now: datetime
) -> None:
    """Let an article that its sources had ceased to tell be there again, if it is not.

    One that a person has withdrawn stays withdrawn, and one that was on hold is held.
    """
    returned = await connection.execute(
        update(articles)
        .where(
            articles.c.id == article,
            articles.c.state == ArticleState.WITHDRAWN,
            articles.c.by_hand.is_(False),
        )
        .values(
            state=case((articles.c.hold.is_(None), ArticleState.LIVE), else_=ArticleState.HELD),
            changed=now,
        )
    )
    if returned.rowcount:
        await arrivals.come_back(connection, article, arrived)


async def release(
    connection: AsyncConnection, ids: Sequence[int], arrived: datetime, now: datetime
) -> None:
    """Let these newcomers out: those that may be mailed are new from this moment on."""
    for start in range(0, len(ids), _PAGE):
        await _let_out(connection, articles.c.id.in_(ids[start : start + _PAGE]), arrived, now)


async def hold(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Hold these newcomers until somebody decides."""
    for start in range(0, len(ids), _PAGE):
        await connection.execute(
            update(articles)
            .where(articles.c.id.in_(ids[start : start + _PAGE]))
            .values(hold=Hold.ALARM)
        )


async def count_held(connection: AsyncConnection, source: str) -> int:
    """Count what is held for an alarm."""
    return int(
        await connection.scalar(
            select(func.count()).select_from(articles).where(*_held_for_alarm(source))
        )
        or 0
    )


async def release_held(
    connection: AsyncConnection, source: str, now: datetime, *, mailed: bool
) -> int:
    """Let out what is held for an alarm, to be mailed or only to be shown; give how many."""
    arrived = await arrivals.instant(connection, now)
    held = and_(*_held_for_alarm(source))
    if not mailed:
        await connection.execute(update(articles).where(held).values(eligible=None))
    return await _let_out(connection, held, arrived, now)


async def discard_held(connection: AsyncConnection, source: str) -> int:
    """Withdraw for good what is held for an alarm; give how many."""
    result = await connection.execute(
        update(articles)
        .where(*_held_for_alarm(source))
        .values(state=ArticleState.WITHDRAWN, by_hand=True)
    )
    return result.rowcount


def _held_for_alarm(source: str) -> Collection[Any]:
    return (
        articles.c.source == source,
        articles.c.hold == Hold.ALARM,
        articles.c.state == ArticleState.HELD,
    )


async def _let_out(
    connection: AsyncConnection, which: Any, arrived: datetime, now: datetime
) -> int:
    result = await connection.execute(
        update(articles)
        .where(which)
        .values(
            # A person may have laid hands on it meanwhile.
            state=case((articles.c.by_hand, articles.c.state), else_=ArticleState.LIVE),
            hold=None,
            eligible=case((articles.c.eligible < arrived, arrived), else_=articles.c.eligible),
            changed=now,
        )
    )
    return result.rowcount


async def usual_per_day(connection: AsyncConnection, source: str, until: datetime) -> float:
    """Give how many articles a day a source brought in the month up to then, by their dates."""
    month = timedelta(days=30)
    dated = func.coalesce(articles.c.published, articles.c.first_seen)
    count = await connection.scalar(
        select(func.count())
        .select_from(articles)
        .where(
            articles.c.source == source,
            articles.c.hold.is_(None),
            dated > until - month,
            dated <= until,
        )
    )
    return int(count or 0) / month.days
