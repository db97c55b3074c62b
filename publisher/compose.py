"""Make an occurrence into an issue: renditions, and a row for each recipient.

Who gets what is judged by the ledger, person by person, under a lock on the person. What is
frozen here is never changed: an edit of an article after this alters no mail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

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
from publisher.renditions import Part, digest
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
        held = await composing.begin(connection, issue.id, clock())
        issue = await issues.get(connection, issue.id) or issue
        if not held or issue.cut is None:
            return issue
        last = await composing.reached(connection, issue.id)
        _, after = await composing.oldest_cover(
            connection,
            newsletter.slug,
            issue.cadence,
            is_instant=_is_instant(newsletter, issue.cadence),
        )
        candidates = await composing.candidates(connection, newsletter, after, issue.cut)
    work = _Composition(
        newsletter=newsletter,
        publication=publication,
        templates=templates,
        candidates=candidates,
        after=after,
        cut=issue.cut,
    )
    try:
        while (reached := await _chunk(store, work, issue, last, clock)) is not None:
            last = reached
    except _ComposedElsewhere:
        log.info("issue composed elsewhere", issue=issue.id)
    else:
        async with store.write() as connection:
            await composing.finish(connection, issue.id)
    async with store.read() as connection:
        issue = await issues.get(connection, issue.id) or issue
    log.debug("issue made", issue=issue.id, state=issue.state, audience=issue.audience)
    return issue


class _ComposedElsewhere(Exception):
    """Another composer moved the issue, or it was stopped: undo the chunk, and let it be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Composition:
    """What is the same for every chunk. ``candidates`` are all that came behind ``after``."""

    newsletter: Newsletter
    publication: Publication
    templates: Templates
    candidates: Sequence[Article]
    after: datetime | None
    cut: datetime

    def reaches(self, reader: composing.Reader) -> bool:
        """Say whether the candidates go back as far as this person does.

        They do not for one who came from another cadence while this issue was being made.
        """
        return self.after is None or (reader.covered is not None and reader.covered >= self.after)

    def choose(self, covered: datetime | None, had: frozenset[int]) -> tuple[int, ...]:
        """Choose what a person has not been considered for and has not had, by id."""
        return tuple(
            article.id
            for article in self.candidates
            if article.id not in had
            and (covered is None or (article.eligible or covered) > covered)
        )

    def render(self, issue: Issue, chosen: Sequence[Article], now: datetime) -> Rendition:
        return digest(
            self.templates,
            publication=self.publication,
            issue=issue,
            parts=[Part(newsletter=self.newsletter, articles=chosen)],
            language=self.newsletter.language,
            now=now,
        )


async def _chunk(
    store: Store, work: _Composition, issue: Issue, last: int, clock: Clock
) -> int | None:
    """Deal with the next readers in one transaction; give the last of them, None for none left."""
    async with store.write() as connection:
        readers = await composing.next_readers(
            connection,
            issue,
            last,
            _CHUNK,
            is_instant=_is_instant(work.newsletter, issue.cadence),
        )
        if not readers:
            return None
        had = await composing.received(
            connection,
            [reader.subscriber for reader in readers],
            [article.id for article in work.candidates],
        )
        # Nearly everybody of an audience stands alike, and is judged once.
        choose = cache(work.choose)
        chosen_for: dict[int, tuple[int, ...]] = {}
        considered: list[int] = []
        for reader in readers:
            if not work.reaches(reader):
                continue  # the next issue is made for them as well
            chosen = choose(reader.covered, had.get(reader.subscriber, frozenset()))
            if 0 < len(chosen) < work.newsletter.min_articles:
                continue  # too few for a mail: they wait, uncovered, for the next issue
            considered.append(reader.subscription)
            if chosen:
                chosen_for[reader.subscriber] = chosen
        rendition_of = await _freeze(connection, work, issue, chosen_for, clock)
        await composing.add_deliveries(
            connection,
            lane=Lane.ISSUE,
            newsletter=issue.newsletter,
            issue=issue.id,
            rendition_of=rendition_of,
            due=issue.opens,
            now=clock(),
        )
        reached = readers[-1].subscriber
        if not await composing.composed(
            connection,
            issue.id,
            come_from=last,
            go_to=reached,
            added=len(rendition_of),
            considered=considered,
            cut=work.cut,
        ):
            raise _ComposedElsewhere
        return reached


async def _freeze(
    connection: AsyncConnection,
    work: _Composition,
    issue: Issue,
    chosen_for: Mapping[int, tuple[int, ...]],
    clock: Clock,
) -> dict[int, int]:
    """Make a rendition of each set of articles; map each person to theirs."""
    if not chosen_for:
        return {}
    await composing.give_number(connection, issue)
    numbered = await issues.get(connection, issue.id) or issue
    by_id = {article.id: article for article in work.candidates}
    frozen: dict[tuple[int, ...], int] = {}
    for ids in dict.fromkeys(chosen_for.values()):
        chosen = [by_id[id] for id in ids]
        rendition = await asyncio.to_thread(work.render, numbered, chosen, clock())
        frozen[ids] = await renditions.add(connection, rendition)
    return {person: frozen[chosen] for person, chosen in chosen_for.items()}


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
        if covered is None and cadence.cron is None:
            covered = await issues.since(connection, newsletter.slug, cadence.name)
        chosen = await composing.candidates(connection, newsletter, covered, now)
    if not chosen:
        return None
    return digest(
        templates,
        publication=publication,
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
        parts=[Part(newsletter=newsletter, articles=chosen)],
        language=newsletter.language,
        now=now,
    )


def _is_instant(newsletter: Newsletter, cadence: str) -> bool:
    return any(known.name == cadence and known.cron is None for known in newsletter.cadences)
