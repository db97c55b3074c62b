"""Group commits: what gathers while one is written goes into the next, to the last."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import update

from publisher.model import Claim, DeliveryState
from publisher.store.engine import Store
from publisher.store.group import GroupCommit
from publisher.store.settling import Outcome
from publisher.store.tables import deliveries
from tests.rig.desk import Desk


def accepted(claim: Claim, desk: Desk) -> Outcome:
    return Outcome(claim=claim, state=DeliveryState.ACCEPTED, due=desk.clock(), reply="250 ok")


async def test_what_is_settled_during_the_last_commit_is_recorded(
    desk: Desk, second_store: Store
) -> None:
    await desk.bring("one")
    for name in ("ann", "bob"):
        await desk.join(name)
    issue = await desk.issue_now()
    first, second = await desk.claim()
    commits = GroupCommit(desk.store, desk.clock, timedelta(minutes=1))

    async with asyncio.TaskGroup() as tasks, second_store.write() as connection:
        # Another process holds the first row, so the commit that records it has to wait.
        await connection.execute(
            update(deliveries).where(deliveries.c.id == first.delivery).values(reply="")
        )
        commits.settle(accepted(first, desk))
        tasks.create_task(commits.run())
        await asyncio.sleep(0)
        commits.settle(accepted(second, desk))
        commits.end()

    assert (await desk.balance(issue)).accepted == 2


async def test_last_outcome_of_a_row_counts(desk: Desk) -> None:
    """A connection is cut, and the run ends before anybody has written that down."""
    await desk.bring("one")
    await desk.join("ann")
    issue = await desk.issue_now()
    (claim,) = await desk.claim()
    commits = GroupCommit(desk.store, desk.clock, timedelta(minutes=1))

    back = Outcome(claim=claim, state=DeliveryState.PENDING, due=desk.clock(), reply="cut")
    commits.settle(back)
    commits.settle(accepted(claim, desk))
    commits.end()
    await commits.run()

    assert (await desk.balance(issue)).accepted == 1
