"""Kill the sender at random moments, and balance the ledger against what the server took.

Whoever is not in doubt got exactly one message; each kill leaves at most as many rows in doubt
as it had connections. ``make torture`` runs this at full size.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import Counter

import pytest
from sqlalchemy import update

from publisher.app import utc_now
from publisher.model import DeliveryState
from publisher.store import accounts
from publisher.store.tables import deliveries
from tests.crash.sender import CONNECTIONS, LEASE
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk
from tests.rig.smtp import SmtpRig

# Nothing here is covered that is not elsewhere, and covering takes as long again.
pytestmark = pytest.mark.no_cover

PEOPLE = int(os.environ.get("CRASH_PEOPLE", "150"))
KILLS = int(os.environ.get("CRASH_KILLS", "4"))


async def test_killed_sender_misses_nobody_and_doubles_nobody_outside_doubt(
    desk: Desk, database_url: str, clock: SettableClock
) -> None:
    clock.move_to(utc_now())
    await desk.bring("one")
    names = [f"p{number}" for number in range(PEOPLE)]
    for name in names:
        await desk.join(name)
    issue = await desk.issue_now()
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    kills = 0

    async with SmtpRig() as rig:
        while True:
            sender = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.crash.sender",
                database_url,
                str(rig.port),
                stdout=asyncio.subprocess.DEVNULL,
            )
            if kills < KILLS:
                # After a random share of what is left, at whatever point of the next ones.
                left = PEOPLE - len(rig.accepted)
                target = len(rig.accepted) + chance.randrange(1, max(2, left // (KILLS - kills)))
                await rig.until(lambda rig, least=target: len(rig.accepted) >= least)  # type: ignore[misc]
                await asyncio.sleep(chance.random() / 100)
                if sender.returncode is None:
                    sender.kill()
                    kills += 1
            await sender.wait()
            await lapse(desk)
            clock.move_to(utc_now())
            balance = await desk.balance(issue)
            assert balance.holds
            assert balance.in_doubt <= kills * CONNECTIONS
            if balance.is_finished:
                break

        accepted = Counter(message.recipient for message in rig.accepted)
    async with desk.store.read() as connection:
        doubted = {
            one.address.mailbox
            for one in await accounts.recipients(
                connection, issue.id, now=utc_now(), state="in_doubt", limit=PEOPLE
            )
        }
        assert await accounts.repeats(connection) == []
    everybody = {f"{name}@example.org" for name in names}
    assert kills == KILLS
    assert balance.accepted + balance.in_doubt == PEOPLE
    assert max(accepted.values()) == 1, "nobody twice: doubt is not resent by itself"
    assert everybody - set(accepted) <= doubted, "whoever got nothing is listed"
    print(
        f"{PEOPLE} people, {kills} kills: accepted {balance.accepted}, in doubt"
        f" {balance.in_doubt} of at most {kills * CONNECTIONS}, of which"
        f" {len(doubted & set(accepted))} had arrived; doubles 0, missed 0"
    )


async def lapse(desk: Desk) -> None:
    """Let the leases of a dead sender end now, instead of waiting for them.

    Its rows keep their states: those claimed come back, those being sent are in doubt.
    """
    async with desk.store.write() as connection:
        await connection.execute(
            update(deliveries)
            .where(
                deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING)),
                deliveries.c.due <= utc_now() + LEASE,
            )
            .values(due=utc_now())
        )
