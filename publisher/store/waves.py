"""The readers of an issue for whom it falls due at the same time, as rows.

An issue has one wave for everybody, or, where readers may choose their own time, one for each
time that somebody chose. Each is made by itself, when it is due.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import EventKind, Issue, IssueState, SubscriptionState, Wave, WaveState
from publisher.store import arrivals
from publisher.store import issues as occurrences
from publisher.store.engine import insert_unless
from publisher.store.tables import issues, subscriptions, waves

_EVERYBODY = "*"

# Issues that may still get readers: one that is out already gets those of a later wave.
BEING_MADE = (IssueState.HELD, IssueState.OPEN, IssueState.PAUSED)


async def own_times(connection: AsyncConnection, newsletter: str, cadence: str) -> list[str]:
    """List the own times that readers of a cadence have chosen, in some steady order."""
    rows = await connection.execute(
        select(subscriptions.c.own_time)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.cadence == cadence,
            subscriptions.c.state == SubscriptionState.ACTIVE,
            subscriptions.c.own_time != "",
        )
        .distinct()
        .order_by(subscriptions.c.own_time)
    )
    return list(rows.scalars())


async def readers(connection: AsyncConnection) -> dict[tuple[str, str, str], int]:
    """Count who reads each newsletter in each cadence, by their own time, "" for none."""
    rows = await connection.execute(
        select(
            subscriptions.c.newsletter,
            subscriptions.c.cadence,
            subscriptions.c.own_time,
            func.count().label("people"),
        )
        .where(subscriptions.c.state == SubscriptionState.ACTIVE)
        .group_by(subscriptions.c.newsletter, subscriptions.c.cadence, subscriptions.c.own_time)
    )
    return {(row.newsletter, row.cadence, row.own_time): row.people for row in rows}


async def occur(
    connection: AsyncConnection,
    issue: Issue,
    *,
    own_time: str | None,
    due: datetime,
    opens: datetime,
    state: WaveState,
    now: datetime,
    cut: datetime | None = None,
) -> bool:
    """Make the row of a wave; False if it has one, whoever made it.

    ``cut`` is given for a wave that is to be made as if it had been in time. An issue that had
    nothing to do so far waits again.
    """
    made = await connection.scalar(
        insert_unless(connection, waves)
        .values(
            issue_id=issue.id,
            own_time=_EVERYBODY if own_time is None else own_time,
            due=due,
            opens=opens,
            state=state,
            cut=cut,
        )
        .on_conflict_do_nothing(index_elements=["issue_id", "own_time"])
        .returning(waves.c.id)
    )
    if made is None:
        return False
    if state is WaveState.DUE:
        await occurrences.change_state(
            connection,
            issue.id,
            come_from=(IssueState.EMPTY, IssueState.MISSED),
            go_to=IssueState.HELD,
            now=now,
            note="",
        )
    return True


async def last_due(
    connection: AsyncConnection,
    newsletter: str,
    cadence: str,
    own_time: str | None,
    now: datetime,
) -> datetime | None:
    """Give when a slot of these readers was due last that has a wave.

    One that is yet to come does not count: it was made while the clock was wrong. Nor does an
    occurrence that no schedule made, or a slot just before it would be passed over.
    """
    # Whether readers may choose a time may change; who chose none is of both kinds of wave.
    theirs = (own_time,) if own_time else ("", _EVERYBODY)
    found: datetime | None = await connection.scalar(
        select(func.max(waves.c.due))
        .join(issues, issues.c.id == waves.c.issue_id)
        .where(
            issues.c.newsletter == newsletter,
            issues.c.cadence == cadence,
            waves.c.own_time.in_(theirs),
            waves.c.due <= now,
            # `Newsletter.local_text` writes a fraction of a second, a schedule none.
            issues.c.slot.not_like("%.%"),
        )
    )
    return found


async def last_cut(connection: AsyncConnection, newsletter: str, cadence: str) -> datetime | None:
    """Give the instant up to which the last composed issue of a cadence considered articles."""
    found: datetime | None = await connection.scalar(
        select(func.max(waves.c.cut))
        .join(issues, issues.c.id == waves.c.issue_id)
        .where(issues.c.newsletter == newsletter, issues.c.cadence == cadence)
    )
    return found


async def of_issue(connection: AsyncConnection, issue: int) -> list[Wave]:
    """List the waves of an issue, by the time at which they are due."""
    rows = await connection.execute(
        select(waves).where(waves.c.issue_id == issue).order_by(waves.c.due, waves.c.id)
    )
    return [_wave(row) for row in rows]


async def to_make(
    connection: AsyncConnection, newsletter: str, now: datetime
) -> list[tuple[Issue, Wave]]:
    """List the waves whose grace is over and whose issue is approved, the first to be due first."""
    return await _with_issues(
        connection,
        issues.c.newsletter == newsletter,
        issues.c.approved.is_(True),
        waves.c.opens <= now,
    )


async def meeting(
    connection: AsyncConnection, newsletters: Collection[str], due: datetime
) -> list[tuple[Issue, Wave]]:
    """List the waves of these newsletters that are due at an instant and are yet to be made."""
    return await _with_issues(
        connection,
        issues.c.newsletter.in_(newsletters),
        issues.c.approved.is_(True),
        waves.c.due == due,
    )


async def _with_issues(
    connection: AsyncConnection, *conditions: ColumnElement[bool]
) -> list[tuple[Issue, Wave]]:
    rows = await connection.execute(
        select(waves)
        .join(issues, issues.c.id == waves.c.issue_id)
        .where(waves.c.state == WaveState.DUE, issues.c.state.in_(BEING_MADE), *conditions)
        .order_by(waves.c.due, waves.c.id)
    )
    found = []
    for row in rows.all():
        issue = await occurrences.get(connection, row.issue_id)
        assert issue is not None  # noqa: S101 -- the wave names it
        found.append((issue, _wave(row)))
    return found


async def begin(connection: AsyncConnection, wave: int, now: datetime) -> Wave | None:
    """Fix the cut of a wave, once; None if it is not to be made, or no longer."""
    await arrivals.take_turn(connection)
    row = (
        await connection.execute(
            update(waves)
            .where(
                waves.c.id == wave,
                waves.c.state == WaveState.DUE,
                waves.c.issue_id.in_(select(issues.c.id).where(issues.c.state.in_(BEING_MADE))),
            )
            .values(cut=func.coalesce(waves.c.cut, now))
            .returning(*waves.c)
        )
    ).one_or_none()
    return None if row is None else _wave(row)


async def reached(connection: AsyncConnection, wave: int) -> int:
    """Give the person that composing resumes behind."""
    query = select(waves.c.composed_to).where(waves.c.id == wave)
    return int((await connection.execute(query)).scalar_one())


async def move_on(
    connection: AsyncConnection, wave: Wave, *, come_from: int, go_to: int, added: int
) -> bool:
    """End a chunk: so many people more, and up to here.

    False when another composer has moved the wave meanwhile: roll the chunk back.
    """
    moved = await connection.execute(
        update(waves)
        .where(
            waves.c.id == wave.id,
            waves.c.composed_to == come_from,
            waves.c.state == WaveState.DUE,
        )
        .values(composed_to=go_to)
    )
    counted = await connection.execute(
        update(issues)
        .where(issues.c.id == wave.issue, issues.c.state.in_(BEING_MADE))
        .values(audience=issues.c.audience + added, finished=None)
    )
    return moved.rowcount == 1 and counted.rowcount == 1


async def finish(connection: AsyncConnection, wave: Wave, now: datetime) -> None:
    """End the making of a wave: open its issue, or mark it empty if nobody is to get it."""
    await connection.execute(
        update(waves)
        .where(waves.c.id == wave.id, waves.c.state == WaveState.DUE)
        .values(state=WaveState.COMPOSED)
    )
    held = (issues.c.id == wave.issue) & (issues.c.state == IssueState.HELD)
    others = select(waves.c.id).where(
        waves.c.issue_id == wave.issue, waves.c.state == WaveState.DUE
    )
    for condition, state, kind in (
        (issues.c.audience > 0, IssueState.OPEN, EventKind.ISSUE_OPENED),
        (~others.exists(), IssueState.EMPTY, EventKind.ISSUE_EMPTY),
    ):
        changed = await connection.execute(
            update(issues).where(held, condition).values(state=state, note="")
        )
        if changed.rowcount == 1:
            issue = await occurrences.get(connection, wave.issue)
            assert issue is not None  # noqa: S101 -- it was changed just now
            occurrences.tell(connection, issue, kind, now)


def _wave(row: Row[Any]) -> Wave:
    return Wave(
        id=row.id,
        issue=row.issue_id,
        own_time=None if row.own_time == _EVERYBODY else row.own_time,
        due=row.due,
        opens=row.opens,
        state=WaveState(row.state),
        cut=row.cut,
    )
