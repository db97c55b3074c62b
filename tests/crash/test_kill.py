"""F1: kill the sender at random moments, and balance the ledger against what the server took.

Whoever was never in doubt got exactly one message; each kill leaves at most as many rows in doubt
as it had connections; what becomes of those is what the newsletter's ``in_doubt`` says.
``make torture`` runs this at full size; CRASH_SEED, as a run printed it, has it kill at the
same counts again.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter

import pytest
from sqlalchemy import text, update

from publisher.app import utc_now
from publisher.mail import address as addresses
from publisher.model import DeliveryState, InDoubtPolicy, Issue, SubscriptionState, Wishes
from publisher.store import accounts, subscribers, subscriptions
from publisher.store.tables import deliveries
from tests.crash.sender import LEASE, running
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk
from tests.rig.program import until
from tests.rig.smtp import SmtpRig

# Nothing here is covered that is not elsewhere, and covering takes as long again.
pytestmark = pytest.mark.no_cover

PEOPLE = int(os.environ.get("CRASH_PEOPLE", "100"))
KILLS = int(os.environ.get("CRASH_KILLS", "2"))
SEED = int(os.environ.get("CRASH_SEED", random.randrange(2**32)))

RESEND, SKIP = InDoubtPolicy.RESEND, InDoubtPolicy.SKIP
# Each policy with few and many connections; at full size on both databases, else on one each.
VARIANTS = [
    (kind, connections, policy)
    for kind in ("sqlite", "postgresql")
    for connections in (1, 20)
    for policy in (RESEND, SKIP)
    if "CRASH_PEOPLE" in os.environ
    or (kind == "sqlite") == ((connections, policy) in ((1, SKIP), (20, RESEND)))
]


@pytest.mark.parametrize(
    ("kind", "connections", "policy"), VARIANTS, ids=["-".join(map(str, one)) for one in VARIANTS]
)
async def test_killed_sender_errs_only_where_it_was_in_doubt(
    desk: Desk,
    database_url: str,
    clock: SettableClock,
    kind: str,
    connections: int,
    policy: InDoubtPolicy,
) -> None:
    chance = random.Random(f"{SEED} {connections} {policy}")
    variant = f"{kind}, connections: {connections}, in_doubt = {policy}, CRASH_SEED={SEED}"
    print(variant)
    clock.move_to(utc_now())
    issue = await issue_for(desk, PEOPLE)
    doubted: list[str] = []  # once for each time
    kills = 0

    async with SmtpRig() as rig:
        while True:
            async with running(database_url, rig.port, connections, policy) as process:
                if kills < KILLS:
                    # After a random share of what is left, at whatever point of the next ones.
                    share = (await left(desk, issue, policy)) // (KILLS - kills + 1)
                    target = len(rig.accepted) + chance.randrange(1, max(2, share))
                    await rig.until(lambda rig, least=target: len(rig.accepted) >= least)  # type: ignore[misc]
                    await asyncio.sleep(chance.random() / 100)
                    assert process.returncode is None, "killed too late: nothing was left"
                    process.kill()
                    kills += 1
            await lapse(desk, kind)
            clock.move_to(utc_now())
            in_doubt = await mailboxes_in_doubt(desk, issue)
            assert len(in_doubt) <= connections
            doubted += in_doubt
            balance = await desk.balance(issue)
            assert balance.holds
            if balance.is_finished and not in_doubt:
                break

        arrived = Counter(message.recipient for message in rig.accepted)
    everybody = {f"p{number}@example.org" for number in range(PEOPLE)}
    missed = everybody - set(arrived)
    doubles = arrived.total() - len(arrived)
    print(
        f"  {PEOPLE:,} people, {KILLS} kills: accepted {balance.accepted:,}, failed"
        f" {balance.failed}; in doubt {len(doubted)} of at most {KILLS * connections};"
        f" doubles {doubles}, missed {len(missed)}"
    )

    assert set(arrived) <= everybody
    assert all(arrived[mailbox] == 1 for mailbox in everybody - set(doubted))
    if policy is RESEND:
        assert not missed
        assert doubles <= len(doubted)
        assert balance.accepted == PEOPLE
    else:
        assert doubles == 0
        assert missed <= set(doubted)
        assert (balance.accepted, balance.failed) == (PEOPLE - len(doubted), len(doubted))
    assert await desk.repeats() == []


async def issue_for(desk: Desk, people: int) -> Issue:
    await desk.bring("one")
    some = [addresses.parse(f"p{number}@example.org") for number in range(people)]
    async with desk.store.write() as connection:
        ids = await subscribers.people(
            connection, {addresses.key(each): each for each in some}, desk.clock()
        )
        await subscriptions.add(
            connection,
            people=list(ids.values()),
            newsletter=desk.newsletter.slug,
            wishes=Wishes(cadence="daily"),
            state=SubscriptionState.ACTIVE,
            consent={"by": "test"},
            now=desk.clock(),
        )
    return await desk.issue_now()


async def left(desk: Desk, issue: Issue, policy: InDoubtPolicy) -> int:
    """Count who is still to be sent to."""
    balance = await desk.balance(issue)
    return balance.pending + (balance.in_doubt if policy is RESEND else 0)


async def lapse(desk: Desk, kind: str) -> None:
    """Let the leases of a dead sender end now, instead of waiting for them.

    Its rows keep their states: those claimed come back, those being sent are in doubt.
    """

    async def is_alone() -> bool:
        """PostgreSQL ends a commit whose client is dead."""
        async with desk.store.read() as connection:
            query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sender'"
            return bool(await connection.scalar(text(query)) == 0)

    if kind == "postgresql":
        await until(is_alone)
    async with desk.store.write() as connection:
        await connection.execute(
            update(deliveries)
            .where(
                deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING)),
                deliveries.c.due <= utc_now() + LEASE,
            )
            .values(due=utc_now())
        )


async def mailboxes_in_doubt(desk: Desk, issue: Issue) -> list[str]:
    async with desk.store.read() as connection:
        rows = await accounts.recipients(
            connection, issue.id, now=utc_now(), state="in_doubt", limit=PEOPLE
        )
    return [row.address.mailbox for row in rows]
