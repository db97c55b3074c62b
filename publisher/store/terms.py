"""What articles have in common: kept beside them, so that a choice of them is one query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import ArticleState, Person, Selection, TermKind
from publisher.store.tables import articles, origins, terms
from publisher.terms import term_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A term that articles have, and what would make its feed another one.

    ``shown`` counts the live articles whose time has come; ``dated`` is the newest date of
    these, and ``changed`` when any article of the term, gone or not, last changed.
    """

    kind: TermKind
    key: str
    name: str
    shown: int
    dated: datetime | None
    changed: datetime


async def put(connection: AsyncConnection, contents: Mapping[int, Mapping[str, Any]]) -> None:
    """Note the terms of articles, in place of earlier ones; ``contents`` maps ids to columns."""
    await connection.execute(delete(terms).where(terms.c.article_id.in_(contents)))
    rows = [
        {"article_id": article, "kind": kind, "key": key, "name": name}
        for article, values in contents.items()
        for (kind, key), name in _of(values).items()
    ]
    if rows:
        await connection.execute(insert(terms), rows)


def _of(values: Mapping[str, Any]) -> dict[tuple[TermKind, str], str]:
    people: tuple[Person, ...] = values["authors"]
    named = [(TermKind.TAG, tag) for tag in values["tags"]]
    named += [(TermKind.AUTHOR, person.name) for person in people]
    named += [(TermKind.SECTION, values["section"]), (TermKind.LANGUAGE, values["language"])]
    found: dict[tuple[TermKind, str], str] = {}
    for kind, name in named:
        if name:
            found.setdefault((kind, term_key(name)), name)
    return found


async def drop(connection: AsyncConnection, article: int) -> None:
    """Forget the terms of an article that is about to be deleted."""
    await connection.execute(delete(terms).where(terms.c.article_id == article))


def chosen(selection: Selection) -> list[ColumnElement[bool]]:
    """Give the conditions under which an article is selected."""
    conditions: list[ColumnElement[bool]] = []
    if selection.sources:
        also = select(origins.c.article_id).where(
            origins.c.source.in_(selection.sources),
            # What has gone from a source with the article's other sources is still its own.
            or_(~origins.c.gone, articles.c.state != ArticleState.LIVE),
            origins.c.article_id == articles.c.id,
        )
        conditions.append(or_(articles.c.source.in_(selection.sources), also.exists()))
    for kind, names in (
        (TermKind.TAG, selection.tags),
        (TermKind.SECTION, selection.sections),
        (TermKind.AUTHOR, selection.authors),
    ):
        if names:
            conditions.append(_has(kind, terms.c.key.in_([term_key(name) for name in names])))
    if selection.languages:
        wanted = [term_key(language) for language in selection.languages]
        regions = [terms.c.key.startswith(f"{key}-", autoescape=True) for key in wanted]
        conditions.append(_has(TermKind.LANGUAGE, or_(terms.c.key.in_(wanted), *regions)))
    return conditions


def _has(kind: TermKind, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return articles.c.id.in_(select(terms.c.article_id).where(terms.c.kind == kind, condition))


async def listing(
    connection: AsyncConnection, kind: TermKind, now: datetime, *, key: str | None = None
) -> list[Term]:
    """List the terms of a kind that articles have or had, by key; one of them if it is named.

    The name is the spelling that comes first in the alphabet.
    """
    dated = func.coalesce(articles.c.published, articles.c.first_seen)
    is_shown = and_(articles.c.state == ArticleState.LIVE, dated <= now)
    condition: ColumnElement[bool]
    if kind is TermKind.SOURCE:
        keys, names = origins.c.source, origins.c.source
        joined = origins.join(articles, articles.c.id == origins.c.article_id)
        condition = literal(value=True)
    else:
        keys, names = terms.c.key, terms.c.name
        joined = terms.join(articles, articles.c.id == terms.c.article_id)
        condition = terms.c.kind == kind
    query = (
        select(
            keys.label("key"),
            func.min(names).label("name"),
            func.count(articles.c.id.distinct()).filter(is_shown).label("shown"),
            func.max(dated).filter(is_shown).label("dated"),
            func.max(articles.c.changed).label("changed"),
        )
        .select_from(joined)
        .where(condition, or_(articles.c.hold.is_(None), articles.c.state == ArticleState.LIVE))
        .group_by(keys)
        .order_by(keys)
    )
    if key is not None:
        query = query.where(keys == key)
    rows = await connection.execute(query)
    return [
        Term(
            kind=kind,
            key=row.key,
            name=row.name,
            shown=row.shown,
            dated=row.dated,
            changed=row.changed,
        )
        for row in rows
    ]
