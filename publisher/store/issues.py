"""Occurrences as rows: each (newsletter, cadence, slot) once, however often a clock rings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import LET_OUT, Event, EventKind, Issue, IssueState
from publisher.store import events
from publisher.store.engine import insert_unless
from publisher.store.tables import cadences, issues

_REACHED = {
    IssueState.HELD: EventKind.ISSUE_HELD,
    IssueState.OPEN: EventKind.ISSUE_OPENED,
    IssueState.PAUSED: EventKind.ISSUE_PAUSED,
    IssueState.STOPPED: EventKind.ISSUE_STOPPED,
    IssueState.EMPTY: EventKind.ISSUE_EMPTY,
    IssueState.MISSED: EventKind.ISSUE_MISSED,
}


async def in_force(
    connection: AsyncConnection,
    newsletter: str,
    cadence: str,
    schedule: str,
    now: datetime,
    *,
    own_time: str = "",
) -> datetime:
    """Note the schedule of a cadence and give since when it is in force.

    A schedule that is new or has changed begins now, so that none of its past slots falls due;
    that of an ``own_time`` begins when the first reader chose it.
    """
    same = (
        (cadences.c.newsletter == newsletter)
        & (cadences.c.cadence == cadence)
        & (cadences.c.own_time == own_time)
    )
    noted = select(cadences.c.schedule, cadences.c.since).where(same)
    row = (await connection.execute(noted)).one_or_none()
    # "since" ahead of now: noted while the clock was wrong, and would silence the cadence.
    if row is not None and row.schedule == schedule and row.since <= now:
        found: datetime = row.since
        return found
    await connection.execute(
        insert_unless(connection, cadences)
        .values(
            newsletter=newsletter, cadence=cadence, own_time=own_time, schedule=schedule, since=now
        )
        .on_conflict_do_nothing()
    )
    await connection.execute(
        update(cadences)
        .where(same, or_(cadences.c.schedule != schedule, cadences.c.since > now))
        .values(schedule=schedule, since=now)
    )
    since: datetime = (await connection.execute(select(cadences.c.since).where(same))).scalar_one()
    return since


async def forget_cadences(connection: AsyncConnection, kept: Collection[tuple[str, str]]) -> None:
    """Forget the schedules of all but these cadences, given with their newsletters.

    One that comes back later begins anew then: what passed by meanwhile was nobody's.
    """
    await connection.execute(
        delete(cadences).where(tuple_(cadences.c.newsletter, cadences.c.cadence).not_in(kept))
    )


async def forget_own_times(
    connection: AsyncConnection, newsletter: str, cadence: str, kept: Collection[str]
) -> None:
    """Forget the schedules of a cadence's own times but these, which readers have.

    Whoever chooses one again later begins anew with it.
    """
    await connection.execute(
        delete(cadences).where(
            cadences.c.newsletter == newsletter,
            cadences.c.cadence == cadence,
            cadences.c.own_time.not_in(["", *kept]),
        )
    )


async def schedules(connection: AsyncConnection) -> dict[tuple[str, str], str]:
    """Map newsletters and cadences to the schedule that was in force last, "" for none."""
    rows = await connection.execute(
        select(cadences.c.newsletter, cadences.c.cadence, cadences.c.schedule).where(
            cadences.c.own_time == ""
        )
    )
    return {(row.newsletter, row.cadence): row.schedule for row in rows}


async def since(connection: AsyncConnection, newsletter: str, cadence: str) -> datetime | None:
    """Give since when a cadence's schedule is in force, None if it was never noted."""
    found: datetime | None = await connection.scalar(
        select(cadences.c.since).where(
            cadences.c.newsletter == newsletter,
            cadences.c.cadence == cadence,
            cadences.c.own_time == "",
        )
    )
    return found


async def occur(
    connection: AsyncConnection,
    *,
    newsletter: str,
    cadence: str,
    slot: str,
    due: datetime,
    state: IssueState,
    opens: datetime,
    approved: bool,
    note: str,
    now: datetime,
) -> Issue:
    """Make the row of an occurrence, or find it, whoever made it."""
    same = (
        (issues.c.newsletter == newsletter)
        & (issues.c.cadence == cadence)
        & (issues.c.slot == slot)
    )
    made = await connection.scalar(
        insert_unless(connection, issues)
        .values(
            newsletter=newsletter,
            cadence=cadence,
            slot=slot,
            due=due,
            state=state,
            opens=opens,
            approved=approved,
            note=note,
            created=now,
        )
        .on_conflict_do_nothing(index_elements=["newsletter", "cadence", "slot"])
        .returning(issues.c.id)
    )
    issue = _issue((await connection.execute(select(issues).where(same))).one())
    if made is not None:
        tell(connection, issue, _REACHED[state], now)
    return issue


async def get(connection: AsyncConnection, id: int) -> Issue | None:
    """Find an issue by its id."""
    row = (await connection.execute(select(issues).where(issues.c.id == id))).one_or_none()
    return None if row is None else _issue(row)


async def by_number(connection: AsyncConnection, newsletter: str, number: int) -> Issue | None:
    """Find an issue by its newsletter and number."""
    row = (
        await connection.execute(
            select(issues).where(issues.c.newsletter == newsletter, issues.c.number == number)
        )
    ).one_or_none()
    return None if row is None else _issue(row)


async def listing(
    connection: AsyncConnection,
    *,
    newsletter: str | None = None,
    states: Collection[IssueState] = (),
    before: int | None = None,
    limit: int | None = None,
) -> list[Issue]:
    """List issues, the newest first; ``before`` an id, those that are older."""
    query = select(issues).order_by(issues.c.id.desc())
    if newsletter is not None:
        query = query.where(issues.c.newsletter == newsletter)
    if states:
        query = query.where(issues.c.state.in_(states))
    if before is not None:
        query = query.where(issues.c.id < before)
    if limit is not None:
        query = query.limit(limit)
    return [_issue(row) for row in await connection.execute(query)]


async def count_out(connection: AsyncConnection, newsletters: Collection[str]) -> int:
    """Count the issues of these newsletters that everybody may read."""
    query = select(func.count()).select_from(issues).where(*are_out(newsletters))
    return int(await connection.scalar(query) or 0)


async def out(
    connection: AsyncConnection, newsletter: str, *, limit: int, offset: int = 0
) -> list[Issue]:
    """List the issues of a newsletter that everybody may read, the newest first."""
    query = select(issues).where(*are_out([newsletter])).order_by(issues.c.number.desc())
    return [_issue(row) for row in await connection.execute(query.limit(limit).offset(offset))]


async def beside(connection: AsyncConnection, issue: Issue) -> tuple[Issue | None, Issue | None]:
    """Give the one before an issue and the one behind it, of those that everybody may read."""
    found = []
    for condition, order in (
        (issues.c.number < issue.number, issues.c.number.desc()),
        (issues.c.number > issue.number, issues.c.number.asc()),
    ):
        query = (
            select(issues).where(*are_out([issue.newsletter]), condition).order_by(order).limit(1)
        )
        row = (await connection.execute(query)).one_or_none()
        found.append(None if row is None else _issue(row))
    return found[0], found[1]


def are_out(newsletters: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    """Ask for the issues of these newsletters that everybody may read."""
    return (
        issues.c.newsletter.in_(newsletters),
        issues.c.state.in_(LET_OUT),
        issues.c.number.is_not(None),
    )


async def change_state(
    connection: AsyncConnection,
    id: int,
    *,
    come_from: Collection[IssueState],
    go_to: IssueState,
    now: datetime,
    note: str | None = None,
) -> bool:
    """Move an issue from one of these states to another; False if it was in none of them."""
    values: dict[str, Any] = {"state": go_to}
    if note is not None:
        values["note"] = note
    result = await connection.execute(
        update(issues)
        .where(issues.c.id == id, issues.c.state.in_(come_from))
        .values(**values)
        .returning(issues)
    )
    row = result.one_or_none()
    if row is None:
        return False
    is_resumed = go_to is IssueState.OPEN and IssueState.PAUSED in come_from
    tell(connection, _issue(row), EventKind.ISSUE_RESUMED if is_resumed else _REACHED[go_to], now)
    return True


def tell(connection: AsyncConnection, issue: Issue, kind: EventKind, now: datetime) -> None:
    """Tell other programs what became of an issue."""
    events.note(
        connection,
        Event(
            kind=kind,
            occurred=now,
            newsletter=issue.newsletter,
            issue=issue.id,
            data={
                "cadence": issue.cadence,
                "slot": issue.slot,
                "number": issue.number,
                "audience": issue.audience,
                "note": issue.note,
            },
        ),
    )


async def approve(connection: AsyncConnection, id: int) -> bool:
    """Let a held issue open when its grace is over; False if it is not held."""
    result = await connection.execute(
        update(issues)
        .where(issues.c.id == id, issues.c.state == IssueState.HELD)
        .values(approved=True)
    )
    return result.rowcount == 1


async def note(connection: AsyncConnection, id: int, text: str) -> None:
    """Leave a word for the admin on an issue."""
    await connection.execute(update(issues).where(issues.c.id == id).values(note=text))


def _issue(row: Row[Any]) -> Issue:
    return Issue(
        id=row.id,
        newsletter=row.newsletter,
        cadence=row.cadence,
        slot=row.slot,
        due=row.due,
        number=row.number,
        state=IssueState(row.state),
        opens=row.opens,
        approved=row.approved,
        audience=row.audience,
        note=row.note,
        created=row.created,
    )
