"""Make the occurrences of newsletters when their slots fall due, and stop them by hand.

Nothing here depends on a clock ringing in time, or once: what is due is computed from the
rows. `publisher.compose` makes mails of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher import notices as words
from publisher import slots
from publisher.model import (
    Cadence,
    Issue,
    IssueState,
    MissedPolicy,
    Newsletter,
    OwnTime,
    WaveState,
)
from publisher.ports import Clock
from publisher.store import audience, composing, edits, issues, notices, recall, waves
from publisher.store.audience import Circle
from publisher.store.engine import Store

log = structlog.get_logger()

# After a longer stop, slots further back than this get no row of their own.
_REMEMBERED = timedelta(days=31)


async def ring(store: Store, newsletter: Newsletter, *, clock: Clock) -> list[Issue]:
    """Make what has fallen due and has no row; give the issues that have got a new wave.

    After a stop the latest slot is made up for if it is not later than ``max_lateness``; the
    ones before it become missed, since their articles are in the latest. What is later still
    goes by the newsletter's policy for what was missed. The admin is told of all of them.
    """
    made: list[Issue] = []
    for cadence in newsletter.cadences:
        async with store.write() as connection:
            now = clock()
            rung: list[Issue] = []
            late: dict[str, str] = {}
            if cadence.cron is None:
                rung += await _ring_instant(connection, newsletter, cadence, now)
            else:
                for whose in await _own_times(connection, newsletter, cadence):
                    clockwork = Clockwork(newsletter, cadence, cadence.cron, whose)
                    rung += await _ring_slots(connection, clockwork, now, late)
            await _tell(connection, newsletter, cadence, rung, late, now)
        made += rung
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


async def _tell(
    connection: AsyncConnection,
    newsletter: Newsletter,
    cadence: Cadence,
    rung: Sequence[Issue],
    late: Mapping[str, str],
    now: datetime,
) -> None:
    """Have the admin told of slots that were missed, and of issues that wait for approval."""
    if late:
        log.warning(
            "slots missed", newsletter=newsletter.slug, cadence=cadence.name, slots=len(late)
        )
        await notices.add(connection, words.slots_missed(newsletter, cadence, late), now)
    for issue in rung:
        if issue.state is IssueState.HELD and not issue.approved:
            await notices.add(connection, words.waits_for_approval(issue, newsletter), now)


async def _own_times(
    connection: AsyncConnection, newsletter: Newsletter, cadence: Cadence
) -> list[str | None]:
    """List the times at which a cadence falls due; None where it is one time for everybody."""
    chosen = []
    if cadence.own_time:
        chosen = await waves.own_times(connection, newsletter.slug, cadence.name)
    await issues.forget_own_times(connection, newsletter.slug, cadence.name, chosen)
    return ["", *chosen] if cadence.own_time else [None]


@dataclass(frozen=True, slots=True)
class Clockwork:
    """When a cadence falls due for some of its readers.

    ``whose`` is the text of their own time as they have it; None is all readers.
    """

    newsletter: Newsletter
    cadence: Cadence
    cron: str
    whose: str | None

    @property
    def zone(self) -> ZoneInfo:
        """Whose wall clock they go by."""
        return OwnTime.parse(self.whose or "").zone or self.newsletter.timezone

    def coming(self, after: datetime) -> Iterator[slots.Slot]:
        """Give the slots later than an instant, oldest first, without end."""
        hour = OwnTime.parse(self.whose or "").hour
        cron = self.cron if hour is None else slots.at_hour(self.cron, hour)
        return slots.following(cron, self.zone, after)

    def due(self, after: datetime, until: datetime) -> list[slots.Slot]:
        """Give the slots later than one instant and not later than another, oldest first."""
        return list(takewhile(lambda slot: slot.instant <= until, self.coming(after)))

    def label(self, slot: slots.Slot) -> str:
        """Name the occurrence that a slot is of: all own times of a day are of one."""
        usual = slots.time_of_day(self.cron)
        if not self.whose or usual is None:
            return slot.label
        return slots.Slot(
            local=datetime.combine(slot.local.date(), usual), instant=slot.instant
        ).label

    def name(self, slot: slots.Slot) -> str:
        """Name the slot of these readers, for people."""
        if not self.whose:
            return slot.label
        return f"{self.label(slot)} ({slot.local:%H:%M} {self.zone.key})"

    def is_late(self, slot: slots.Slot, now: datetime) -> bool:
        """Say whether a slot has passed by so long that the policy for what was missed holds."""
        return now - slot.instant > self.newsletter.max_lateness

    def stop(self, due: list[slots.Slot], slot: slots.Slot, now: datetime) -> str:
        """Say why a slot is not to be made; "" if it is."""
        if self.is_late(slot, now) and self.newsletter.missed is MissedPolicy.SKIP:
            return f"not made: more than {self.newsletter.max_lateness} late (max_lateness)"
        if slot is not due[-1] and self.newsletter.missed is not MissedPolicy.SEND:
            return f"not made: its articles are in the issue of {due[-1].label}"
        return ""


async def _ring_slots(
    connection: AsyncConnection, clockwork: Clockwork, now: datetime, late: dict[str, str]
) -> list[Issue]:
    """Make what has fallen due; note in ``late`` what became of each slot that was missed."""
    newsletter, cadence = clockwork.newsletter, clockwork.cadence
    since = await issues.in_force(
        connection,
        newsletter.slug,
        cadence.name,
        clockwork.cron,
        now,
        own_time=clockwork.whose or "",
    )
    last = await waves.last_due(connection, newsletter.slug, cadence.name, clockwork.whose, now)
    after = max(since, last or since, now - max(_REMEMBERED, newsletter.max_lateness))
    due = clockwork.due(after, now)
    made = []
    for slot in due:
        note = clockwork.stop(due, slot, now)
        opens = slot.instant + newsletter.grace
        issue = await issues.occur(
            connection,
            newsletter=newsletter.slug,
            cadence=cadence.name,
            slot=clockwork.label(slot),
            due=slot.instant,
            state=IssueState.MISSED if note else IssueState.HELD,
            opens=opens,
            approved=not newsletter.approval,
            note=note,
            now=now,
        )
        if await waves.occur(
            connection,
            issue,
            own_time=clockwork.whose,
            due=slot.instant,
            opens=opens,
            state=WaveState.MISSED if note else WaveState.DUE,
            now=now,
            # As if it had been in time: what came afterwards is for the slots behind it.
            cut=None if slot is due[-1] or note else opens,
        ):
            made.append(issue)
            if note or clockwork.is_late(slot, now):
                late[clockwork.name(slot)] = note or "made late"
    return made


async def _ring_instant(
    connection: AsyncConnection, newsletter: Newsletter, cadence: Cadence, now: datetime
) -> list[Issue]:
    """Make an occurrence if articles came that no instant issue has considered.

    Its slot is the time of the newest of them, so that two clocks make the same one.
    """
    since = await issues.in_force(connection, newsletter.slug, cadence.name, "", now)
    circle = Circle(
        newsletter=newsletter.slug, cadence=cadence.name, own_time=None, is_instant=True, now=now
    )
    people, oldest = await audience.oldest_cover(connection, circle)
    waiting = await issues.listing(connection, newsletter=newsletter.slug, states=[IssueState.HELD])
    if not people or any(issue.cadence == cadence.name for issue in waiting):
        return []
    cut = await waves.last_cut(connection, newsletter.slug, cadence.name)
    after = max(since, cut or since, oldest or since)
    fresh = await composing.candidates(connection, newsletter, after, now)
    if len(fresh) < newsletter.min_articles:
        return []
    newest = max(article.eligible for article in fresh if article.eligible)
    issue = await _occur_for_all(
        connection,
        newsletter,
        cadence,
        due=newest,
        opens=newest + newsletter.grace,
        approved=not newsletter.approval,
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
        issue = await _occur_for_all(
            connection, newsletter, cadence, due=now, opens=now, approved=True, now=now
        )
    assert issue is not None  # noqa: S101 -- no two instants have the same microsecond
    return issue


async def _occur_for_all(
    connection: AsyncConnection,
    newsletter: Newsletter,
    cadence: Cadence,
    *,
    due: datetime,
    opens: datetime,
    approved: bool,
    now: datetime,
) -> Issue | None:
    """Make an occurrence that no schedule made, with one wave for everybody; None if it is there"""
    issue = await issues.occur(
        connection,
        newsletter=newsletter.slug,
        cadence=cadence.name,
        slot=newsletter.local_text(due),
        due=due,
        state=IssueState.HELD,
        opens=opens,
        approved=approved,
        note="",
        now=now,
    )
    is_new = await waves.occur(
        connection, issue, own_time=None, due=due, opens=opens, state=WaveState.DUE, now=now
    )
    return issue if is_new else None


async def stop(store: Store, issue: Issue, *, clock: Clock) -> int | None:
    """Stop an issue for good; give how many people it no longer goes to, None if it cannot be.

    Its articles go to those people with the next issue, unless they are withdrawn.
    """
    stoppable = (IssueState.HELD, IssueState.OPEN, IssueState.PAUSED)
    async with store.write() as connection:
        now = clock()
        if not await issues.change_state(
            connection, issue.id, come_from=stoppable, go_to=IssueState.STOPPED, now=now
        ):
            return None
        await edits.give_back(connection, replace(issue, state=IssueState.STOPPED), now)
        return await recall.skip_pending(connection, issue.id, recall.STOPPED, now)
