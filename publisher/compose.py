"""Make an occurrence into an issue: renditions, and a row for each recipient.

Who gets what is judged by the ledger, person by person, under a lock on the person. What is
frozen here is never changed: an edit of an article after this alters no mail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.errors import TemplateError
from publisher.model import (
    Article,
    Cadence,
    Issue,
    IssueState,
    Lane,
    Newsletter,
    Publication,
    Rendition,
)
from publisher.ports import Clock
from publisher.render import Templates
from publisher.renditions import digest
from publisher.store import composing, issues, renditions, subscribers
from publisher.store.engine import Store

log = structlog.get_logger()

_CHUNK = 1000


async def compose_due(
    store: Store,
    newsletter: Newsletter,
    *,
    publication: Publication,
    templates: Templates,
    clock: Clock,
) -> list[Issue]:
    """Compose every held issue whose grace is over and that is approved; give them as they are.

    An issue whose template fails stays held, says why in its note, and is tried again next
    time; the others go on.
    """
    async with store.read() as connection:
        held = await issues.listing(
            connection, newsletter=newsletter.slug, states=[IssueState.HELD]
        )
    done = []
    for issue in reversed(held):
        if not issue.approved or issue.opens > clock():
            continue
        try:
            done.append(
                await compose(
                    store,
                    issue,
                    newsletter,
                    publication=publication,
                    templates=templates,
                    clock=clock,
                )
            )
        except TemplateError as error:
            log.warning("issue not composed", issue=issue.id, reason=str(error))
            async with store.write() as connection:
                await issues.note(connection, issue.id, f"not composed: {error}")
    return done


async def compose(
    store: Store,
    issue: Issue,
    newsletter: Newsletter,
    *,
    publication: Publication,
    templates: Templates,
    clock: Clock,
) -> Issue:
    """Freeze an issue: who gets it, and what each gets; then open it. Give it as it then is.

    Resumes what a crash left unfinished. Raises TemplateError; the issue then stays held.
    """
    async with store.write() as connection:
        cut, last = await composing.begin(connection, issue, clock())
        floor = await _floor(connection, newsletter, issue.cadence)
        _, oldest = await composing.oldest_cover(connection, newsletter.slug, issue.cadence)
        candidates = await composing.candidates(connection, newsletter, _later(oldest, floor), cut)
        issue = await issues.get(connection, issue.id) or issue
    work = _Composition(
        issue=issue,
        newsletter=newsletter,
        publication=publication,
        templates=templates,
        candidates=candidates,
        floor=floor,
        cut=cut,
    )
    while (reached := await _chunk(store, work, last, clock)) is not None:
        last = reached
    async with store.write() as connection:
        await composing.finish(connection, issue.id)
        issue = await issues.get(connection, issue.id) or issue
    log.info("issue composed", issue=issue.id, state=issue.state, audience=issue.audience)
    return issue


@dataclass(frozen=True, slots=True, kw_only=True)
class _Composition:
    issue: Issue
    newsletter: Newsletter
    publication: Publication
    templates: Templates
    candidates: Sequence[Article]
    floor: datetime | None
    cut: datetime

    def choose(self, reader: composing.Reader, had: frozenset[int]) -> tuple[Article, ...]:
        """Choose what a person has not been considered for and has not had."""
        after = _later(reader.covered, self.floor)
        return tuple(
            article
            for article in self.candidates
            if article.id not in had and (after is None or (article.eligible or after) > after)
        )

    def render(self, chosen: Sequence[Article], now: datetime) -> Rendition:
        return digest(
            self.templates,
            publication=self.publication,
            newsletter=self.newsletter,
            issue=self.issue,
            articles=chosen,
            now=now,
        )


async def _chunk(store: Store, work: _Composition, last: int, clock: Clock) -> int | None:
    """Deal with the next readers in one transaction; None when there are none left."""
    async with store.write() as connection:
        readers = await composing.next_readers(connection, work.issue, last, _CHUNK)
        if not readers:
            return None
        had = await composing.received(
            connection,
            [reader.subscriber for reader in readers],
            [article.id for article in work.candidates],
        )
        frozen: dict[tuple[Article, ...], int] = {}
        rendition_of: dict[int, int] = {}
        considered: list[int] = []
        for reader in readers:
            chosen = work.choose(reader, had.get(reader.subscriber, frozenset()))
            if 0 < len(chosen) < work.newsletter.min_articles:
                continue  # too few for a mail: they wait, uncovered, for the next issue
            considered.append(reader.subscription)
            if chosen:
                if chosen not in frozen:
                    rendition = await asyncio.to_thread(work.render, chosen, clock())
                    frozen[chosen] = await renditions.add(connection, rendition)
                rendition_of[reader.subscriber] = frozen[chosen]
        await composing.add_deliveries(
            connection,
            lane=Lane.ISSUE,
            newsletter=work.newsletter.slug,
            issue=work.issue.id,
            rendition_of=rendition_of,
            due=work.issue.opens,
            now=clock(),
        )
        reached = readers[-1].subscriber
        if not await composing.composed(
            connection,
            work.issue.id,
            come_from=last,
            go_to=reached,
            added=len(rendition_of),
            considered=considered,
            cut=work.cut,
        ):
            await connection.rollback()
            log.info("issue composed elsewhere", issue=work.issue.id)
            return None
        return reached


async def preview(
    store: Store,
    newsletter: Newsletter,
    cadence: Cadence,
    *,
    publication: Publication,
    templates: Templates,
    clock: Clock,
) -> Rendition | None:
    """Render the next issue as a reader who missed none would get it now; None if it is empty."""
    now = clock()
    async with store.read() as connection:
        covered = await subscribers.last_cut(connection, newsletter.slug, cadence.name)
        floor = await _floor(connection, newsletter, cadence.name)
        chosen = await composing.candidates(connection, newsletter, _later(covered, floor), now)
    if not chosen:
        return None
    return digest(
        templates,
        publication=publication,
        newsletter=newsletter,
        issue=Issue(
            id=0,
            newsletter=newsletter.slug,
            cadence=cadence.name,
            slot=newsletter.local_text(now),
            due=now,
            number=None,
            state=IssueState.HELD,
            opens=now,
            approved=False,
            cut=None,
            audience=0,
            note="",
            created=now,
        ),
        articles=chosen,
        now=now,
    )


async def _floor(
    connection: AsyncConnection, newsletter: Newsletter, cadence: str
) -> datetime | None:
    """Give how far back a cadence looks at most: instant ones never before they existed."""
    for known in newsletter.cadences:
        if known.name == cadence and known.cron is None:
            return await issues.since(connection, newsletter.slug, cadence)
    return None


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Give the later of two bounds; None is no bound."""
    return max(filter(None, (one, other)), default=None)
