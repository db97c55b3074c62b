"""Claims: leases, fences and turns. Who holds a row may send it, nobody else."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from publisher.model import Claim, DeliveryState, IssueState, Lane
from publisher.store import accounts, issues, ledger, suppressions
from publisher.store.engine import Store
from tests.rig.desk import Desk


async def issue_to(desk: Desk, *names: str) -> int:
    """Compose an issue with one article to these people; give its id."""
    for name in names:
        await desk.join(name)
    await desk.bring("one")
    return (await desk.issue_now()).id


def to(claims: list[Claim]) -> list[str]:
    return sorted(claim.address.mailbox.partition("@")[0] for claim in claims)


async def turn(desk: Desk, issue: int, state: IssueState) -> None:
    async with desk.store.write() as connection:
        await issues.change_state(
            connection, issue, come_from=list(IssueState), go_to=state, now=desk.clock()
        )


async def test_claim_gives_what_is_needed_to_send(desk: Desk) -> None:
    issue = await issue_to(desk, "ann")

    (claim,) = await desk.claim()

    bond = await desk.bond("ann")
    assert (claim.issue, claim.newsletter, claim.lane) == (issue, "digest", Lane.ISSUE)
    assert (claim.subscriber, claim.subscription) == (bond.subscriber, bond.id)
    assert (claim.address, claim.attempt, claim.deferrals) == (bond.address, 1, 0)


async def test_claimed_row_is_not_claimed_again_while_the_lease_lasts(desk: Desk) -> None:
    await issue_to(desk, "ann", "bob")
    await desk.claim(lease_minutes=5)
    desk.clock.advance(minutes=4, seconds=59)

    again = await desk.claim()

    assert again == []


async def test_claimed_row_comes_back_when_the_lease_ends(desk: Desk) -> None:
    await issue_to(desk, "ann")
    (first,) = await desk.claim(lease_minutes=5)
    desk.clock.advance(minutes=5)

    (second,) = await desk.claim()

    assert (second.delivery, second.attempt) == (first.delivery, first.attempt + 1)


async def test_claim_takes_no_more_than_its_limit(desk: Desk) -> None:
    await issue_to(desk, "ann", "bob", "cem")

    first, second = await desk.claim(limit=2), await desk.claim(limit=2)

    assert (len(first), len(second)) == (2, 1)
    assert to(first + second) == ["ann", "bob", "cem"]


async def test_result_of_an_older_attempt_changes_nothing(desk: Desk) -> None:
    """F23: a worker that slept past its lease."""
    issue = await issue_to(desk, "ann")
    slept = await desk.claim()
    desk.clock.advance(minutes=5)
    await desk.claim()

    taken = await desk.settle(slept, DeliveryState.FAILED)

    assert taken == 0
    assert (await desk.balance(await desk.issue(issue))).pending == 1


async def test_older_attempt_may_not_send(desk: Desk) -> None:
    await issue_to(desk, "ann")
    slept = await desk.claim()
    desk.clock.advance(minutes=5)
    await desk.claim()

    assert await desk.mark(slept) == set()


async def test_settled_row_takes_no_second_result(desk: Desk) -> None:
    issue = await issue_to(desk, "ann")
    claims = await desk.deliver_all()

    taken = await desk.settle(claims, DeliveryState.FAILED)

    assert taken == 0
    assert (await desk.balance(await desk.issue(issue))).accepted == 1


async def test_lease_in_hand_is_renewed_but_not_an_older_one(desk: Desk) -> None:
    await issue_to(desk, "ann")
    slept = await desk.claim(lease_minutes=5)
    desk.clock.advance(minutes=5)
    held = await desk.claim(lease_minutes=5)
    for claims, minutes in ((held, 60), (slept, 0)):
        async with desk.store.write() as connection:
            await ledger.extend(connection, claims, desk.clock() + timedelta(minutes=minutes))
    desk.clock.advance(minutes=59)

    assert await desk.claim() == []


async def test_concurrent_claimers_share_no_row(desk: Desk, second_store: Store) -> None:
    people = [f"p{n:02}" for n in range(40)]
    await issue_to(desk, *people)

    async def work(store: Store) -> list[Claim]:
        mine: list[Claim] = []
        while claims := await desk.claim(limit=3, store=store):
            mine += claims
        return mine

    shares = await asyncio.gather(*(work(store) for store in [desk.store, second_store] * 4))

    claimed = [claim.delivery for share in shares for claim in share]
    assert len(claimed) == len(set(claimed)) == len(people)


async def test_claimers_do_not_wait_for_each_other(
    desk: Desk, second_store: Store, kind: str
) -> None:
    """On PostgreSQL a claim that is not yet committed is passed over; SQLite has one writer."""
    await issue_to(desk, "ann", "bob")
    if kind == "sqlite":
        return

    async with second_store.write() as connection:
        held = await ledger.claim(
            connection,
            newsletters=["digest"],
            limit=1,
            now=desk.clock(),
            lease_ends=desk.clock() + timedelta(minutes=5),
        )
        free = await desk.claim()

    assert to(held + free) == ["ann", "bob"]
    assert len(free) == 1


async def test_confirmations_overtake_issues(desk: Desk) -> None:
    await issue_to(desk, "ann", "bob")
    desk.clock.advance(minutes=1)
    await desk.ask("cem", confirmed=False)

    (first,) = await desk.claim(limit=1)

    assert (first.lane, to([first])) == (Lane.CONFIRMATION, ["cem"])


async def test_longest_due_goes_first(desk: Desk) -> None:
    await issue_to(desk, "ann", "bob")
    first = await desk.claim(limit=1)
    await desk.settle(first, DeliveryState.PENDING, due=desk.clock() + timedelta(minutes=1))
    desk.clock.advance(minutes=2)

    claims = await desk.claim(limit=1)

    assert claims[0].delivery != first[0].delivery


async def test_only_open_issues_are_claimed(desk: Desk) -> None:
    issue = await issue_to(desk, "ann")
    claimed = {}
    for state in (IssueState.PAUSED, IssueState.HELD, IssueState.OPEN):
        await turn(desk, issue, state)
        claimed[state] = len(await desk.claim())

    assert claimed == {
        IssueState.PAUSED: 0,
        IssueState.HELD: 0,
        IssueState.OPEN: 1,
    }


async def test_other_newsletters_are_left_to_their_own_workers(desk: Desk) -> None:
    await issue_to(desk, "ann")
    await desk.ask("bob", confirmed=False)

    async with desk.store.write() as connection:
        claims = await ledger.claim(
            connection, newsletters=["other"], limit=9, now=desk.clock(), lease_ends=desk.clock()
        )

    assert claims == []


async def test_claim_skips_who_has_left_or_is_suppressed(desk: Desk) -> None:
    issue = await issue_to(desk, "ann", "bob", "cem")
    await desk.leave("ann")
    await desk.suppress("bob")

    claims = await desk.claim(limit=1)

    assert to(claims) == ["cem"]
    balance = await desk.balance(await desk.issue(issue))
    assert (balance.skipped, balance.pending) == (2, 1)


async def test_suppressed_address_gets_no_confirmation(desk: Desk) -> None:
    await desk.suppress("ann")
    await desk.ask("ann", confirmed=False)

    assert await desk.claim() == []


async def test_confirmation_is_skipped_once_it_is_not_needed(desk: Desk) -> None:
    await desk.ask("ann", confirmed=False)
    await desk.join("ann")

    assert await desk.claim() == []


async def test_mark_leaves_out_who_left_since_the_claim(desk: Desk) -> None:
    """F30: in force at once, for an issue under way as well."""
    await issue_to(desk, "ann", "bob", "cem")
    claims = await desk.claim()
    await desk.leave("ann")
    await desk.suppress("bob")

    marked = await desk.mark(claims)

    assert to([claim for claim in claims if claim.delivery in marked]) == ["cem"]


async def test_who_pauses_in_an_issue_under_way_has_it_when_the_pause_is_over(desk: Desk) -> None:
    until = desk.clock() + timedelta(days=3)
    issue = await issue_to(desk, "ann", "bob", "cem", "dee")
    await desk.wish("dee", paused_until=desk.clock())  # over
    claims = await desk.claim(limit=2)  # ann and bob
    for name in ("bob", "cem"):
        await desk.wish(name, paused_until=until)

    marked = await desk.mark(claims)
    desk.clock.advance(minutes=6)  # the lease of bob's row is over
    claimed = to(await desk.claim())
    async with desk.store.read() as connection:
        balance = await accounts.balance(connection, issue, desk.clock())
    desk.clock.move_to(until)
    later = await desk.told_to(await desk.issue_now())

    assert (to(claims), len(marked), claimed) == (["ann", "bob"], 1, ["dee"])
    assert (balance.skipped, balance.holds) == (2, True)
    assert later == {"bob": ["one"], "cem": ["one"]}


async def test_pause_holds_up_nothing_but_issues(desk: Desk) -> None:
    await desk.join("ann")
    await desk.wish("ann", paused_until=desk.clock() + timedelta(days=3))
    await desk.ask("ann", confirmed=False, by_form=True)

    assert [claim.lane for claim in await desk.claim()] == [Lane.REMINDER]


async def test_mark_refuses_once_the_issue_is_paused(desk: Desk) -> None:
    issue = await issue_to(desk, "ann")
    claims = await desk.claim()
    await turn(desk, issue, IssueState.PAUSED)

    assert await desk.mark(claims) == set()


async def test_refused_for_now_comes_back_when_due_and_counts_its_deferrals(desk: Desk) -> None:
    await issue_to(desk, "ann")
    claims = await desk.claim()
    await desk.mark(claims)
    later = desk.clock() + timedelta(minutes=10)
    await desk.settle(claims, DeliveryState.PENDING, due=later, deferred=True)
    early = await desk.claim()
    desk.clock.move_to(later)

    (again,) = await desk.claim()

    assert early == []
    assert (again.deferrals, again.attempt) == (1, 2)


async def test_next_due_is_the_earliest_of_what_may_be_sent(desk: Desk) -> None:
    issue = await issue_to(desk, "ann", "bob")
    first = await desk.claim(limit=1, lease_minutes=60)
    await desk.settle(first, DeliveryState.PENDING, due=desk.clock() + timedelta(minutes=7))
    await desk.claim(lease_minutes=60)
    async with desk.store.read() as connection:
        opened = await accounts.next_due(connection)
    await turn(desk, issue, IssueState.PAUSED)
    async with desk.store.read() as connection:
        paused = await accounts.next_due(connection)

    assert opened == desk.clock() + timedelta(minutes=7)
    assert paused is None


async def test_suppressing_says_whether_it_was_so_before(desk: Desk) -> None:
    async with desk.store.write() as connection:
        first, again = [
            await suppressions.suppress(connection, "ann@example.org", "manual", desk.clock())
            for _ in range(2)
        ]

    assert (first, again) == (True, False)


async def is_due(desk: Desk) -> bool:
    async with desk.store.read() as connection:
        return await ledger.is_due(connection, [desk.newsletter.slug], desk.clock())


async def test_mail_is_due_while_it_waits_and_its_issue_is_open(desk: Desk) -> None:
    found = [await is_due(desk)]
    issue = await issue_to(desk, "ann")
    found.append(await is_due(desk))
    await turn(desk, issue, IssueState.PAUSED)
    found.append(await is_due(desk))
    await turn(desk, issue, IssueState.OPEN)
    await desk.claim(lease_minutes=5)
    found.append(await is_due(desk))
    desk.clock.advance(minutes=5)
    found.append(await is_due(desk))

    assert found == [False, True, False, False, True]


async def test_confirmation_is_due_without_an_issue(desk: Desk) -> None:
    before = await is_due(desk)
    await desk.join("newcomer", confirmed=False)

    assert (before, await is_due(desk)) == (False, True)
