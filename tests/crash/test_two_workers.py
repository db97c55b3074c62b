"""Two workers on one ledger: side by side, and one that was frozen while the other went on."""

from __future__ import annotations

import asyncio
import re
import signal
from asyncio.subprocess import PIPE, Process
from collections import Counter

import pytest
from sqlalchemy import func, select, text

from publisher.app import utc_now
from publisher.model import InDoubtPolicy
from publisher.store.tables import deliveries
from tests.crash.sender import running
from tests.crash.test_kill import issue_for
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk
from tests.rig.post import everybody
from tests.rig.program import until
from tests.rig.script import at, in_turn, say
from tests.rig.smtp import SmtpRig

pytestmark = pytest.mark.no_cover

SKIP = InDoubtPolicy.SKIP


async def said(process: Process) -> str:
    return (await process.communicate())[0].decode()


def accepted(said: str) -> int:
    (found,) = re.findall(r"Sent\(accepted=(\d+)", said)
    return int(found)


async def test_two_workers_at_once_share_the_ledger(
    desk: Desk, database_url: str, clock: SettableClock
) -> None:
    """F22: as both have leased rows of their own, neither has to leave."""
    people = 600  # more than one claim takes
    clock.move_to(utc_now())
    issue = await issue_for(desk, people)
    are_there = asyncio.Event()
    async with (
        SmtpRig(at("BANNER", say(220, "ready", after=are_there))) as rig,
        running(database_url, rig.port, 2, SKIP, PIPE) as one,
        running(database_url, rig.port, 2, SKIP, PIPE) as other,
    ):
        await rig.until_asked("BANNER", 3)
        are_there.set()
        shares = [accepted(each) for each in await asyncio.gather(said(one), said(other))]

    arrived = Counter(message.recipient for message in rig.accepted)
    assert len(arrived) == arrived.total() == people
    assert sum(shares) == people
    assert min(shares) > 0
    assert await desk.balance(issue) == everybody(people, accepted=people)


@pytest.mark.parametrize("kind", ["postgresql"])  # on SQLite a frozen lock would hold up the other
async def test_worker_that_wakes_after_its_lease_is_fenced_out(
    desk: Desk, database_url: str, clock: SettableClock
) -> None:
    """F23: what it was sending is in doubt meanwhile, the rest is sent by another."""
    clock.move_to(utc_now())
    issue = await issue_for(desk, 20)
    wakes, ends = asyncio.Event(), asyncio.Event()
    scripts = (
        in_turn("CONTENT", say(250, "taken", after=wakes)),
        at("BANNER", say(220, "ready", after=ends), session=2),
    )
    async with (
        SmtpRig(*scripts) as rig,
        running(database_url, rig.port, 1, SKIP, PIPE) as frozen,
    ):
        await rig.until_asked("CONTENT")
        await freeze(frozen, desk)
        await until(lambda: are_free(desk))
        async with running(database_url, rig.port, 1, SKIP, PIPE) as other:
            await rig.until_asked("BANNER", 2)  # it has leased what is left
            wakes.set()
            frozen.send_signal(signal.SIGCONT)
            woke = await said(frozen)
            ends.set()
            took = accepted(await said(other))

    arrived = Counter(message.recipient for message in rig.accepted)
    assert len(arrived) == arrived.total() == 20
    assert took == 19
    assert "outcomes fenced off" in woke
    contents = [moment.session for moment in rig.moments if moment.verb == "CONTENT"]
    assert contents.count(1) == 1
    # By policy, while it was in doubt: what its worker knew came too late.
    clock.move_to(utc_now())
    assert await desk.balance(issue) == everybody(20, accepted=19, failed=1)


async def freeze(process: Process, desk: Desk) -> None:
    """Stop a worker, but not within a transaction, of which the locks would hold up the other."""
    process.send_signal(signal.SIGSTOP)
    while not await is_between_transactions(desk):
        process.send_signal(signal.SIGCONT)
        await asyncio.sleep(0)
        process.send_signal(signal.SIGSTOP)


async def is_between_transactions(desk: Desk) -> bool:
    busy = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'sender' AND state <> 'idle'"
    )
    async with desk.store.read() as connection:
        return bool(await connection.scalar(busy) == 0)


async def are_free(desk: Desk) -> bool:
    """Whether all leases are over."""
    async with desk.store.read() as connection:
        last = await connection.scalar(
            select(func.max(deliveries.c.due)).where(deliveries.c.settled.is_(None))
        )
    return last is not None and last < utc_now()
