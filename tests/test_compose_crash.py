"""Composing that ends midway, and people who move while it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import IssueState, Wishes
from publisher.store import audience, subscriptions
from tests.rig.builders import told
from tests.rig.desk import Desk

PEOPLE = [f"p{n}" for n in range(7)]


class Killed(BaseException):
    """What a process sees of its own end: nothing that it could catch."""


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.compose.wave._CHUNK", 2)


@pytest.fixture
def at_chunk(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Do something at the start of the nth chunk, before it reads its people."""
    real = audience.next_readers

    def arrange(number: int, act: Callable[[AsyncConnection], Awaitable[Any]]) -> None:
        chunks = iter(range(1, 1000))

        async def next_readers(
            on: AsyncConnection, *args: Any, **named: Any
        ) -> list[audience.Reader]:
            if next(chunks) == number:
                await act(on)
            return await real(on, *args, **named)

        monkeypatch.setattr(audience, "next_readers", next_readers)

    return arrange


async def kill(_on: AsyncConnection) -> None:
    raise Killed


async def everybody_joins(desk: Desk) -> None:
    for name in PEOPLE:
        await desk.join(name)


@pytest.mark.parametrize("chunk", [1, 2, 4, 5])
async def test_crash_in_mid_composing_misses_nobody_and_takes_nobody_twice(
    desk: Desk, at_chunk: Callable[..., None], chunk: int
) -> None:
    await everybody_joins(desk)
    await desk.bring("one")
    occurrence = await desk.occur()
    at_chunk(chunk, kill)
    with pytest.raises(Killed):
        await desk.compose(occurrence)
    crashed = await desk.issue(occurrence.id)

    (issue,) = await desk.compose_due()

    assert crashed.state is IssueState.HELD
    assert (await desk.balance(crashed)).holds
    assert await desk.told_to(issue) == {name: ["one"] for name in PEOPLE}
    assert (issue.state, issue.number, issue.audience) == (IssueState.OPEN, 1, len(PEOPLE))


async def test_resumed_issue_says_to_all_what_it_said_to_the_first(
    desk: Desk, at_chunk: Callable[..., None]
) -> None:
    """F29: neither what came after the cut nor an edit belongs to it."""
    await everybody_joins(desk)
    await desk.bring("one")
    occurrence = await desk.occur()
    at_chunk(2, kill)
    with pytest.raises(Killed):
        await desk.compose(occurrence)
    desk.clock.advance(minutes=1)
    desk.source.tells = [told("one", title="Corrected"), told("two")]
    await desk.take_in()

    issue = await desk.compose(occurrence)

    assert await desk.told_to(issue) == {name: ["one"] for name in PEOPLE}
    assert len({claim.rendition for claim in await desk.claim()}) == 1


async def test_half_made_issue_is_not_sent(desk: Desk, at_chunk: Callable[..., None]) -> None:
    await everybody_joins(desk)
    await desk.bring("one")
    occurrence = await desk.occur()
    at_chunk(3, kill)
    with pytest.raises(Killed):
        await desk.compose(occurrence)

    assert await desk.claim() == []


async def test_stopped_half_made_issue_stays_stopped_and_the_next_has_all(
    desk: Desk, at_chunk: Callable[..., None]
) -> None:
    await everybody_joins(desk)
    await desk.bring("one")
    occurrence = await desk.occur()
    at_chunk(3, kill)
    with pytest.raises(Killed):
        await desk.compose(occurrence)
    await desk.stop(occurrence)
    stopped = await desk.compose(occurrence)

    issue = await desk.issue_now()

    assert stopped.state is IssueState.STOPPED
    assert (await desk.balance(stopped)).holds
    assert await desk.told_to(issue) == {name: ["one"] for name in PEOPLE}


async def test_who_joins_the_cadence_midway_loses_nothing(
    desk: Desk, at_chunk: Callable[..., None]
) -> None:
    """The candidates were searched for those who were there: this person looks further back."""
    await desk.join("p0", "daily")
    await desk.join("p1", "daily")
    await desk.join("late", "weekly")
    await desk.bring("one")
    await desk.issue_now("daily")
    desk.clock.advance(days=1)
    await desk.bring("two")
    occurrence = await desk.occur("daily")

    bond = await desk.bond("late")
    at_chunk(1, lambda on: subscriptions.choose(on, bond.id, Wishes(cadence="daily"), desk.clock()))
    first = await desk.compose(occurrence)
    desk.clock.advance(days=1)
    second = await desk.issue_now("daily")

    assert set(await desk.told_to(first)) == {"p0", "p1"}
    assert {name: sorted(got) for name, got in (await desk.told_to(second)).items()} == {
        "late": ["one", "two"]
    }
