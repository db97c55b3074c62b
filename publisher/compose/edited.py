"""An issue as an editor wants it: what was decided about it, and what of its articles that leaves.

What is decided is taken once, when the first of an issue is frozen, and holds for all its waves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher import intros
from publisher.arranging import arranged, within
from publisher.model import Article, ArticleState, Cadence, Edits, Issue, Newsletter
from publisher.store import articles, edits
from publisher.store.edits import About


async def taken(
    connection: AsyncConnection, newsletter: Newsletter, issue: Issue, now: datetime
) -> Edits:
    """Give what holds for an issue that is being made. Raises TemplateError."""
    about = About.one(issue)
    await edits.lock(connection, issue.id)
    if not await edits.is_open(connection, issue.id):
        return await edits.get(connection, about) or Edits()
    await edits.take(connection, issue)
    decided = await edits.get(connection, about) or Edits()
    found = await _with_file(connection, newsletter, about, decided)
    if found != decided:
        await edits.put(connection, about, found, now)
    return found


async def expected(
    connection: AsyncConnection, newsletter: Newsletter, cadence: Cadence, instead: Edits | None
) -> Edits:
    """Give what would hold for the next issue of a cadence. Raises TemplateError.

    ``instead`` is what holds instead of what has been decided, None if nothing does.
    """
    coming = await edits.coming(connection, newsletter.slug, cadence.name)
    about = About(newsletter=newsletter.slug, cadence=cadence.name, issue=coming)
    decided = instead or await edits.get(connection, about)
    if decided is None and coming is not None:
        decided = await edits.get(connection, about.next)
    return await _with_file(connection, newsletter, about, decided or Edits())


async def _with_file(
    connection: AsyncConnection, newsletter: Newsletter, about: About, decided: Edits
) -> Edits:
    """Add what the newsletter's file says, unless an issue has said so already."""
    if not newsletter.intro or decided.intro:
        return replace(decided, from_file="")
    text = await asyncio.to_thread(intros.read, Path(newsletter.intro))
    if await edits.was_printed(connection, about, text):
        text = ""
    return replace(decided, from_file=text)


async def applied(
    connection: AsyncConnection,
    newsletter: Newsletter,
    decided: Edits,
    came: Sequence[Article],
    cut: datetime,
) -> tuple[list[Article], list[Article]]:
    """Give the articles of an issue in the order of print, and those that are left out.

    ``came`` are those that it would have by itself. What was put in and has been withdrawn since,
    or is not to be out yet, is not among them.
    """
    known = {article.id for article in came}
    brought = [id for id in decided.included if id not in known]
    found = await articles.by_ids(connection, brought) if brought else {}
    put_in = [
        article
        for article in found.values()
        if article.state is ArticleState.LIVE
        and article.dated <= cut
        and (article.eligible is None or article.eligible <= cut)
    ]
    left_out = [article for article in came if article.id in decided.excluded]
    carried = [article for article in came if article.id not in decided.excluded]
    ordered = arranged([*carried, *put_in], newsletter, decided.first)
    return within(ordered, decided.included, newsletter.max_articles), left_out
