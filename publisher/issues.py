"""Make the occurrences of newsletters when their slots fall due, and stop them by hand.

Nothing here depends on a clock ringing in time, or once: what is due is computed from the
rows. `publisher.compose` makes mails of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher import slots
from publisher.model import Cadence, Issue, IssueState, Newsletter
from publisher.ports import Clock
from publisher.store import composing, issues, recall, subscribers
from publisher.store.engine import Store

log = structlog.get_logger()

# After a longer stop, slots further back than this get no row of their own.
_REMEMBERED = timedelta(days=31)


async def ring(store: Store, newsletter: Newsletter, *, clock: Clock) -> list[Issue]:
    """Make a row for every occurrence that has fallen due and has none; give the new rows.

    After a stop the latest slot is made up for if it is not later than ``max_lateness``; the
    ones before it become missed, since their articles are in the latest.
    """
    made: list[Issue] = []
    for cadence in newsletter.cadences:
        async with store.write() as connection:
            now = clock()
            since = await issues.in_force(
                connection, newsletter.slug, cadence.name, cadence.cron or "", now
            )
            if cadence.cron is None:
                made += await _ring_instant(connection, newsletter, cadence, since, now)
            else:
                made += await _ring_slots(connection, newsletter, cadence, since, now)
    for issue in made:
        log.debug(
            "issue occurred",
            issue=issue.id,
            newsletter=issue.newsletter,
            cadence=issue.cadence,
            slot=issue.slot,
            state=issue.state,
        )
    return made


async def _ring_slots(
    connection: AsyncConnection,
    newsletter: Newsletter,
    cadence: Cadence,
    since: datetime,
    now: datetime,
) -> list[Issue]:
    last = await issues.last_due(connection, newsletter.slug, cadence.name, now)
    after = max(since, last or since, now - max(_REMEMBERED, newsletter.max_lateness))
    due = slots.between(cadence.cron or "", newsletter.timezone, after, now)
    made = []
    for slot in due:
        is_latest = slot is due[-1]
        is_late = now - slot.instant > newsletter.max_lateness
        if is_late:
            note = f"not made: more than {newsletter.max_lateness} late (max_lateness)"
        elif not is_latest:
            note = f"not made: its articles are in the issue of {due[-1].label}"
        else:
            note = ""
        issue = await issues.occur(
            connection,
            newsletter=newsletter.slug,
            cadence=cadence.name,
            slot=slot.label,
            due=slot.instant,
            state=IssueState.MISSED if note else IssueState.HELD,
            opens=slot.instant + newsletter.grace,
            approved=not newsletter.approval,
            note=note,
            now=now,
        )
        if issue is not None:
            made.append(issue)
    return made


async def _ring_instant(
    connection: AsyncConnection,
    newsletter: Newsletter,
    cadence: Cadence,
    since: datetime,
    now: datetime,
) -> list[Issue]:
    """Make an occurrence if articles came that no instant issue has considered.

    Its slot is the time of the newest of them, so that two clocks make the same one.
    """
    has_readers, oldest = await composing.oldest_cover(
        connection, newsletter.slug, cadence.name, is_instant=True
    )
    waiting = await issues.listing(connection, newsletter=newsletter.slug, states=[IssueState.HELD])
    if not has_readers or any(issue.cadence == cadence.name for issue in waiting):
        return []
    cut = await subscribers.last_cut(connection, newsletter.slug, cadence.name)
    after = max(since, cut or since, oldest or since)
    fresh = await composing.candidates(connection, newsletter, after, now)
    if len(fresh) < newsletter.min_articles:
        return []
    newest = max(article.eligible for article in fresh if article.eligible)
    issue = await issues.occur(
        connection,
        newsletter=newsletter.slug,
        cadence=cadence.name,
        slot=newsletter.local_text(newest),
        due=newest,
        state=IssueState.HELD,
        opens=newest + newsletter.grace,
        approved=not newsletter.approval,
        note="",
        now=now,
    )
    return [] if issue is None else [issue]


async def occur_now(
    store: Store, newsletter: Newsletter, cadence: Cadence, *, clock: Clock
) -> Issue:
    """Make an occurrence by hand: due now, approved, without grace."""
    async with store.write() as connection:
        now = clock()
        await issues.in_force(connection, newsletter.slug, cadence.name, cadence.cron or "", now)
        issue = await issues.occur(
            connection,
            newsletter=newsletter.slug,
            cadence=cadence.name,
            slot=newsletter.local_text(now),
            due=now,
            state=IssueState.HELD,
            opens=now,
            approved=True,
            note="",
            now=now,
        )
    assert issue is not None  # noqa: S101 -- no two instants have the same microsecond
    return issue


async def stop(store: Store, issue: Issue, *, clock: Clock) -> int | None:
    """Stop an issue for good; give how many people it no longer goes to, None if it cannot be.

    Its articles go to those people with the next issue, unless they are withdrawn.
    """
    stoppable = (IssueState.HELD, IssueState.OPEN, IssueState.PAUSED)
    async with store.write() as connection:
        if not await issues.change_state(
            connection, issue.id, come_from=stoppable, go_to=IssueState.STOPPED
        ):
            return None
        return await recall.skip_pending(connection, issue.id, recall.STOPPED, clock())
