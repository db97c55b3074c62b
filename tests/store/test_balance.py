"""The balance of an issue in every state, and the proof that nobody got an article twice."""

from __future__ import annotations

import random

import pytest

from publisher.model import Balance, Claim, DeliveryState, Issue, IssueState
from publisher.store import accounts, issues, subscriptions
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk


def stands(**counts: int) -> Balance:
    blank = dict.fromkeys(("audience", "accepted", "failed", "skipped", "pending", "in_doubt"), 0)
    return Balance(**(blank | counts))


async def issue_to(desk: Desk, *names: str) -> Issue:
    for name in names:
        await desk.join(name)
    await desk.bring("one")
    return await desk.issue_now()


async def leave_in_doubt(desk: Desk) -> list[Claim]:
    """Let a worker begin to send everything that is due, and die."""
    claims = await desk.claim()
    await desk.mark(claims, lease_minutes=5)
    desk.clock.advance(minutes=5)
    return claims


async def resolve(desk: Desk, *, resend: bool) -> int:
    async with desk.store.write() as connection:
        return await accounts.resolve_doubt(
            connection, desk.newsletter.slug, resend=resend, now=desk.clock()
        )


async def retry(desk: Desk, issue: Issue, *, failed: bool = False, in_doubt: bool = False) -> int:
    async with desk.store.write() as connection:
        return await accounts.retry(
            connection, issue.id, failed=failed, in_doubt=in_doubt, now=desk.clock()
        )


async def evidence(desk: Desk, claims: list[Claim], *, arrived: bool) -> list[bool]:
    async with desk.store.write() as connection:
        return [
            await accounts.settle_doubt(
                connection, each.delivery, arrived=arrived, reply="told later", now=desk.clock()
            )
            for each in claims
        ]


async def test_fresh_issue_is_all_pending(desk: Desk) -> None:
    issue = await issue_to(desk, "ann", "bob")

    assert await desk.balance(issue) == stands(audience=2, pending=2)


async def test_row_being_sent_is_pending_until_its_lease_ends(desk: Desk) -> None:
    issue = await issue_to(desk, "ann")
    claims = await desk.claim()
    await desk.mark(claims, lease_minutes=5)
    during = await desk.balance(issue)
    desk.clock.advance(minutes=5)

    assert during == stands(audience=1, pending=1)
    assert await desk.balance(issue) == stands(audience=1, in_doubt=1)


async def test_row_in_doubt_is_never_claimed_by_itself(desk: Desk) -> None:
    await issue_to(desk, "ann")
    await leave_in_doubt(desk)

    assert await desk.claim() == []


async def test_doubt_resent_is_pending_and_stays_marked(desk: Desk) -> None:
    issue = await issue_to(desk, "ann")
    await leave_in_doubt(desk)

    resolved = await resolve(desk, resend=True)

    assert resolved == 1
    assert await desk.balance(issue) == stands(audience=1, pending=1)
    await desk.leave("ann")
    await desk.claim()
    await desk.join("ann")
    assert await desk.balance(issue) == stands(audience=1, skipped=1)


async def test_doubt_skipped_is_failed(desk: Desk) -> None:
    issue = await issue_to(desk, "ann", "bob")
    await leave_in_doubt(desk)

    resolved = await resolve(desk, resend=False)

    assert resolved == 2
    assert await desk.balance(issue) == stands(audience=2, failed=2)


async def test_live_row_is_not_resolved(desk: Desk) -> None:
    await issue_to(desk, "ann")
    await desk.mark(await desk.claim(), lease_minutes=5)

    assert await resolve(desk, resend=True) == 0


async def test_late_answer_settles_a_row_in_doubt(desk: Desk) -> None:
    """The worker was only slow: nobody took the row from it, so its answer counts."""
    issue = await issue_to(desk, "ann")
    claims = await leave_in_doubt(desk)

    await desk.settle(claims, DeliveryState.ACCEPTED)

    assert await desk.balance(issue) == stands(audience=1, accepted=1)


async def test_late_evidence_settles_what_was_ever_in_doubt_and_nothing_else(desk: Desk) -> None:
    """It arrived, or it never will: a bounce by its VERP address, a link that was followed."""
    issue = await issue_to(desk, "ann", "bob", "cem")
    claims = await desk.claim(lease_minutes=5)
    found = {"waiting": await evidence(desk, claims, arrived=True)}
    await desk.mark(claims, lease_minutes=5)
    found["under way"] = await evidence(desk, claims, arrived=True)
    desk.clock.advance(minutes=5)
    found["arrived"] = await evidence(desk, claims[:1], arrived=True)
    found["lost"] = await evidence(desk, claims[1:2], arrived=False)
    found["settled before"] = await evidence(desk, claims[:2], arrived=True)

    assert found == {
        "waiting": [False] * 3,
        "under way": [False] * 3,
        "arrived": [True],
        "lost": [True],
        "settled before": [False, False],
    }
    assert await desk.balance(issue) == stands(audience=3, accepted=1, failed=1, in_doubt=1)
    async with desk.store.read() as connection:
        told = await accounts.recipients(connection, issue.id, now=desk.clock())
    assert [row.reply for row in told] == ["told later", "told later", ""]
    assert [row.settled for row in told] == [desk.clock(), desk.clock(), None]


async def test_late_evidence_corrects_what_policy_decided(desk: Desk) -> None:
    issue = await issue_to(desk, "ann", "bob")
    claims = await leave_in_doubt(desk)
    await resolve(desk, resend=False)

    assert await evidence(desk, claims[:1], arrived=True) == [True]
    assert await evidence(desk, claims, arrived=False) == [False, False]
    assert await desk.balance(issue) == stands(audience=2, accepted=1, failed=1)


@pytest.mark.parametrize("arrived", [True, False])
async def test_late_evidence_keeps_a_row_from_being_sent_again(desk: Desk, arrived: bool) -> None:
    issue = await issue_to(desk, "ann")
    await leave_in_doubt(desk)
    await resolve(desk, resend=True)
    claims = await desk.claim()

    assert await evidence(desk, claims, arrived=arrived) == [True]

    assert await desk.mark(claims) == set()
    assert await desk.settle(claims, DeliveryState.PENDING) == 0
    settled = {"accepted": 1} if arrived else {"failed": 1}
    assert await desk.balance(issue) == stands(audience=1, **settled)


async def test_retry_makes_failed_rows_pending_and_leaves_the_rest(desk: Desk) -> None:
    issue = await issue_to(desk, "ann", "bob", "cem")
    first, second, _ = [[claim] for claim in await desk.claim(lease_minutes=60)]
    await desk.settle(first, DeliveryState.FAILED)
    await desk.settle(second, DeliveryState.ACCEPTED)

    retried = await retry(desk, issue, failed=True)

    assert retried == 1
    assert await desk.balance(issue) == stands(audience=3, accepted=1, pending=2)
    assert [claim.delivery for claim in await desk.claim()] == [first[0].delivery]


async def test_retry_of_doubt_leaves_failed_rows(desk: Desk) -> None:
    issue = await issue_to(desk, "ann", "bob")
    failed = await desk.claim(limit=1)
    await desk.settle(failed, DeliveryState.FAILED)
    await leave_in_doubt(desk)

    retried = await retry(desk, issue, in_doubt=True)

    assert retried == 1
    assert await desk.balance(issue) == stands(audience=2, failed=1, pending=1)


async def test_recipients_are_listed_by_where_they_stand(desk: Desk) -> None:
    issue = await issue_to(desk, "ann", "bob", "cem")
    await desk.settle(await desk.claim(limit=1), DeliveryState.FAILED)
    await desk.mark(await desk.claim(limit=1))
    desk.clock.advance(minutes=5)

    async with desk.store.read() as connection:
        states = {
            state: len(
                await accounts.recipients(connection, issue.id, now=desk.clock(), state=state)
            )
            for state in ("failed", "in_doubt", "pending", "sending")
        }
        everybody = await accounts.recipients(connection, issue.id, now=desk.clock(), limit=2)
        rest = await accounts.recipients(
            connection, issue.id, now=desk.clock(), after=everybody[-1].id
        )

    assert states == {"failed": 1, "in_doubt": 1, "pending": 1, "sending": 0}
    assert [row.address.mailbox for row in everybody + rest] == [
        "ann@example.org",
        "bob@example.org",
        "cem@example.org",
    ]


async def test_what_comes_back_to_a_stopped_issue_is_skipped(desk: Desk) -> None:
    issue = await issue_to(desk, "ann")
    claims = await desk.claim()
    await desk.mark(claims)
    await desk.stop(issue)
    await desk.settle(claims, DeliveryState.PENDING, deferred=True)

    await desk.claim()

    assert await desk.balance(issue) == stands(audience=1, skipped=1)
    assert list(await desk.told_to(await desk.issue_now())) == ["ann"]


@pytest.mark.no_cover  # covering takes as long again
@pytest.mark.parametrize("seed", range(4))
async def test_balance_holds_and_nothing_repeats_whatever_happens(desk: Desk, seed: int) -> None:
    """A walk through everything that a worker, an admin, a reader and a crash can do."""
    chance = random.Random(seed)
    made: list[Issue] = []
    held: list[Claim] = []
    people = [f"p{n}" for n in range(6)]
    for name in people:
        await desk.join(name)

    async def new_issue() -> None:
        await desk.bring(f"article-{len(made)}")
        made.append(await desk.issue_now())

    async def claim() -> None:
        held.extend(await desk.claim(limit=chance.randint(1, 4)))

    async def mark() -> None:
        await desk.mark(held)

    async def settle() -> None:
        chance.shuffle(held)
        states = (DeliveryState.ACCEPTED, DeliveryState.FAILED, DeliveryState.PENDING)
        if held:
            await desk.settle([held.pop()], chance.choice(states))

    async def turn() -> None:
        states = [IssueState.OPEN, IssueState.PAUSED]
        async with desk.store.write() as connection:
            await issues.change_state(
                connection,
                chance.choice(made).id,
                come_from=states,
                go_to=chance.choice(states),
                now=desk.clock(),
            )

    async def come_and_go() -> None:
        name = chance.choice(people)
        if chance.random() < 0.5:
            await desk.leave(name)
        else:
            await desk.ask(name, confirmed=False)
            bond = await desk.bond(name)
            async with desk.store.write() as connection:
                await subscriptions.activate(connection, bond.id, {}, desk.clock())

    async def decide() -> None:
        match chance.randrange(6):
            case 0:
                await resolve(desk, resend=True)
            case 1:
                await resolve(desk, resend=False)
            case 2:
                await retry(desk, chance.choice(made), failed=True)
            case 3:
                await retry(desk, chance.choice(made), in_doubt=True)
            case 4:
                await evidence(desk, held, arrived=chance.random() < 0.5)
            case _:
                await desk.stop(chance.choice(made))

    await new_issue()
    for _ in range(60):
        desk.clock.advance(minutes=chance.choice((0, 1, 6)))
        step = chance.choice(
            (new_issue, claim, claim, mark, settle, settle, turn, come_and_go, decide)
        )
        await step()
        balances = [await desk.balance(await desk.issue(issue.id)) for issue in made]

        assert [balance for balance in balances if not balance.holds] == []
        assert await desk.repeats() == []


async def test_issue_is_under_way_while_rows_are_left_or_in_doubt(
    desk: Desk, clock: SettableClock
) -> None:
    await desk.join("ann")
    await desk.bring("one")
    done = await desk.issue_now()
    await desk.deliver_all()
    await desk.bring("two")
    doubtful = await desk.issue_now()
    await desk.mark(await desk.claim())
    clock.advance(hours=1)
    await desk.bring("three")
    waiting = await desk.issue_now()

    async with desk.store.read() as connection:
        found = await accounts.under_way(connection)

    assert found == [waiting.id, doubtful.id]
    assert done.id not in found
