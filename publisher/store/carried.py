"""What the ledger says of one person and one article."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import DeliveryState, Selection
from publisher.store import terms
from publisher.store.tables import (
    articles,
    deliveries,
    issues,
    rendition_articles,
    subscribers,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A row that carries the article to the person. ``counts`` says whether they have had it.

    ``newsletter`` is whose article it is there, ``mail_of`` whose mail.
    """

    newsletter: str
    mail_of: str
    cadence: str
    number: int | None
    state: DeliveryState
    settled: datetime | None
    due: datetime
    reply: str
    counts: bool


async def to_person(connection: AsyncConnection, address_key: str, article: int) -> list[Carried]:
    """List what carries an article to a person, the oldest first."""
    rows = await connection.execute(
        select(
            rendition_articles.c.newsletter,
            deliveries.c.newsletter.label("mail_of"),
            issues.c.cadence,
            issues.c.number,
            deliveries.c.state,
            deliveries.c.settled,
            deliveries.c.due,
            deliveries.c.reply,
            deliveries.c.doubted,
        )
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .join(rendition_articles, rendition_articles.c.rendition_id == deliveries.c.rendition_id)
        .join(issues, issues.c.id == deliveries.c.issue_id)
        .where(subscribers.c.address_key == address_key, rendition_articles.c.article_id == article)
        .order_by(deliveries.c.id)
    )
    return [
        Carried(
            newsletter=row.newsletter,
            mail_of=row.mail_of,
            cadence=row.cadence,
            number=row.number,
            state=DeliveryState(row.state),
            settled=row.settled,
            due=row.due,
            reply=row.reply,
            counts=row.state != DeliveryState.SKIPPED or row.doubted,
        )
        for row in rows
    ]


async def is_selected(connection: AsyncConnection, article: int, selection: Selection) -> bool:
    """Say whether a selection covers an article."""
    query = select(articles.c.id).where(articles.c.id == article, *terms.chosen(selection))
    return (await connection.execute(query)).first() is not None
