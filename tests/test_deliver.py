"""The delivery verb against a real SMTP server: what the ledger says is what the server saw."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest
import structlog
from sqlalchemy import select, update

from publisher.deliver import LEASE, Sent, decide_doubt, hand
from publisher.deliver.admission import Admission
from publisher.deliver.domains import Domains
from publisher.deliver.pace import Pace
from publisher.deliver.throttle import Throttle
from publisher.model import InDoubtPolicy, Issue, IssueState, SubscriptionState
from publisher.settings import read_duration
from publisher.store import accounts, issues, subscriptions
from publisher.store import suppressions as barred
from publisher.store.tables import deliveries
from publisher.store.tables import notices as noted
from publisher.store.tables import subscribers as people
from publisher.subscribe import unsubscribe
from publisher.tokens import Purpose
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk
from tests.rig.post import TOKENS, Post, everybody
from tests.rig.script import Act, Moment, at, in_turn, say
from tests.rig.smtp import SmtpRig


@pytest.fixture
async def rig() -> AsyncIterator[SmtpRig]:
    async with SmtpRig() as running:
        yield running


@pytest.fixture
def post(desk: Desk, rig: SmtpRig) -> Post:
    return Post(desk, rig)


async def test_everybody_gets_one_message_over_kept_connections(post: Post) -> None:
    names = [f"p{number}" for number in range(25)]
    issue = await post.issue_for(*names)

    sent = await post.send()

    assert sent == Sent(accepted=25)
    assert post.arrived() == Counter(names)
    assert await post.desk.balance(issue) == everybody(25, accepted=25)
    assert post.rig.connections <= 3
    assert len(set(post.message_ids())) == 25


async def test_message_carries_unsubscribe_verp_and_list_of_its_own_recipient(post: Post) -> None:
    issue = await post.issue_for("ann")
    bond = await post.desk.bond("ann")

    await post.send()

    (message,) = post.rig.accepted
    parsed = email.message_from_bytes(message.content, policy=email.policy.default)
    (recipient,) = await recipients(post, issue)
    async with post.desk.store.read() as connection:
        rendition = await connection.scalar(select(deliveries.c.rendition_id))
    token = TOKENS.sign(Purpose.UNSUBSCRIBE, bond.id, rendition or 0)
    assert message.sender == f"bounce+{TOKENS.sign(Purpose.BOUNCE, recipient.id)}@example.org"
    assert parsed["List-Unsubscribe"] == (
        f"<https://news.example.org/u/{token}>,"
        f" <mailto:bounce+{token}@example.org?subject=unsubscribe>"
    )
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed["List-Id"] == "The Digest <digest.news.example.org>"
    assert parsed["List-Archive"] == "<https://news.example.org/newsletters/digest>"
    assert parsed["Archived-At"] == "<https://news.example.org/newsletters/digest/issues/1>"
    text = parsed.get_body(("plain",))
    assert text is not None
    assert token in text.get_content()


async def recipients(post: Post, issue: Issue) -> list[accounts.Recipient]:
    async with post.desk.store.read() as connection:
        return await accounts.recipients(connection, issue.id, now=post.desk.clock())


async def test_refused_recipient_fails_alone_and_is_not_tried_again(post: Post) -> None:
    post.rig.scripts.append(at("RCPT", say(550, "5.1.1 no such user"), argument="bob@"))
    issue = await post.issue_for("ann", "bob", "cy")

    sent = await post.send()
    await post.send()

    assert sent == Sent(accepted=2, failed=1)
    assert await post.desk.balance(issue) == everybody(3, accepted=2, failed=1)
    assert post.arrived() == Counter(["ann", "cy"])
    failed = [one for one in await recipients(post, issue) if one.state == "failed"]
    assert [one.reply for one in failed] == ["550 5.1.1 no such user"]


async def test_content_that_is_refused_each_time_pauses_the_issue(post: Post) -> None:
    """F11: and says why, so that thousands are not failed for one word in it."""
    reply = "5.7.1 message rejected as spam, id 4F{number}A"
    numbers = count()
    post.rig.scripts.append(
        lambda moment: (
            say(554, reply.format(number=next(numbers))) if moment.verb == "CONTENT" else None
        )
    )
    issue = await post.issue_for(*[f"p{number}" for number in range(40)])
    sent = await post.send()

    assert 10 <= sent.failed < 10 + post.connections
    assert (await post.desk.balance(issue)).pending == 40 - sent.failed
    async with post.desk.store.read() as connection:
        paused = await issues.get(connection, issue.id)
        (subject,) = await connection.scalars(select(noted.c.subject))
    assert paused is not None
    assert paused.state is IssueState.PAUSED
    assert paused.note.startswith("paused: the relay refuses its mails: 554 5.7.1")
    assert "its mails are refused" in subject


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
async def test_policy_pauses_the_issue_whatever_it_answers(post: Post, verb: str) -> None:
    """F10, F11: it is about us, so nobody is suppressed, and the admin is told."""
    post.rig.scripts.append(at(verb, say(550, "5.7.23 SPF says no")))
    issue = await post.issue_for(*[f"p{number}" for number in range(30)])

    sent = await post.send()

    assert 10 <= sent.failed < 10 + post.connections
    assert (await post.desk.balance(issue)).pending == 30 - sent.failed
    assert await suppressions(post) == []


async def test_content_that_some_get_does_not_pause_the_issue(post: Post) -> None:
    """F11: a mailbox that refuses what others take is its own affair."""
    post.connections = 1
    refuse = say(550, "5.7.1 not here")
    post.rig.scripts.append(in_turn("CONTENT", *([refuse] * 9), None, *([refuse] * 9), None))
    issue = await post.issue_for(*[f"p{number}" for number in range(20)])

    assert await post.send() == Sent(accepted=2, failed=18)
    assert await post.desk.balance(issue) == everybody(20, accepted=2, failed=18)


async def test_recipients_that_are_refused_do_not_pause_the_issue(post: Post) -> None:
    """F10: a list of dead addresses says nothing about what the issue says."""
    post.rig.scripts.append(at("RCPT", say(550, "5.1.1 no such user")))
    await post.issue_for(*[f"p{number}" for number in range(15)])

    assert await post.send() == Sent(failed=15)


async def test_greylisted_recipient_is_tried_again_later_with_the_same_message_id(
    post: Post, clock: SettableClock
) -> None:
    """F8: after a few minutes, with the same bytes."""
    held = in_turn("CONTENT", Act(reply=b"451 4.7.1 come back\r\n", take=True))
    post.rig.scripts.append(held)
    issue = await post.issue_for("ann")

    first = await post.send()
    too_soon = await post.send()
    clock.advance(minutes=7)
    later = await post.send()

    assert (first, too_soon, later) == (Sent(deferred=1), Sent(), Sent(accepted=1))
    assert await post.desk.balance(issue) == everybody(1, accepted=1)
    once, again = post.message_ids()
    assert once == again


async def test_wait_between_tries_grows(post: Post, clock: SettableClock) -> None:
    """F9: with some jitter."""
    post.rig.scripts.append(at("RCPT", say(450, "4.2.0 busy")))
    await post.issue_for("ann")
    waits = []
    for _ in range(4):
        await post.send()
        async with post.desk.store.read() as connection:
            due = await accounts.next_due(connection)
        assert due is not None
        waits.append((due - clock()).total_seconds() / 60)
        clock.move_to(due)

    for wait, minutes in zip(waits, (5, 10, 20, 40), strict=True):
        assert 0.8 * minutes <= wait <= 1.2 * minutes


@pytest.mark.parametrize(("give_up_after", "at_most_hours"), [("4d", 120), ("6h", 11)])
async def test_recipient_put_off_for_long_is_given_up(
    post: Post, clock: SettableClock, give_up_after: str, at_most_hours: float
) -> None:
    """F9: by the relay's own patience, and not silently."""
    post.give_up_after = read_duration(give_up_after)
    post.rig.scripts.append(at("RCPT", say(450, "4.2.0 busy")))
    issue = await post.issue_for("ann")
    began = clock()
    while (sent := await post.send()) == Sent(deferred=1):
        async with post.desk.store.read() as connection:
            due = await accounts.next_due(connection)
        assert due is not None
        clock.move_to(due)

    assert sent == Sent(failed=1)
    assert await post.desk.balance(issue) == everybody(1, failed=1)
    took = (clock() - began) / timedelta(hours=1)
    assert 0.8 * post.give_up_after / timedelta(hours=1) <= took <= at_most_hours
    (row,) = await recipients(post, issue)
    assert row.reply == "450 4.2.0 busy"


async def test_time_in_which_nobody_tried_does_not_count(post: Post, clock: SettableClock) -> None:
    """F9: the relay was away, or the worker."""
    post.rig.scripts.append(at("RCPT", say(450, "4.2.0 busy")))
    await post.issue_for("ann")
    clock.advance(days=10)
    first = await post.send()
    clock.advance(days=10)

    assert [first, await post.send()] == [Sent(deferred=1), Sent(deferred=1)]


@pytest.mark.parametrize("text", ["5.1.1 no such user", "5.1.10 null MX", "5.2.1 disabled"])
async def test_address_that_is_dead_is_suppressed(post: Post, text: str) -> None:
    """F10: at once, and nothing is sent to it any more."""
    post.rig.scripts.append(at("RCPT", say(550, text), argument="bob@"))
    await post.issue_for("ann", "bob")

    sent = await post.send()
    await post.desk.bring("two")
    again = await post.desk.issue_now()

    assert sent == Sent(accepted=1, failed=1)
    assert await suppressions(post) == [("bob@example.org", "hard_bounce")]
    assert again.audience == 1


@pytest.mark.parametrize("kind", ["sqlite"])  # nothing is written, and reading is no other
@pytest.mark.parametrize(
    ("verb", "code", "text"),
    [
        ("RCPT", 552, "5.2.2 mailbox full"),
        ("RCPT", 550, "5.7.1 not from you"),
        ("RCPT", 550, "no such user"),
        ("RCPT", 550, "4.1.1 the code is the law"),
        ("RCPT", 450, "5.1.1 the code is the law"),
        ("MAIL", 550, "5.1.1 no such sender"),
        ("CONTENT", 550, "5.1.1 no such user"),
    ],
)
async def test_address_is_suppressed_for_nothing_else(
    post: Post, verb: str, code: int, text: str
) -> None:
    """F10: policy, full mailboxes, and what only looks like it."""
    post.rig.scripts.append(at(verb, say(code, text)))
    await post.issue_for("bob")

    sent = await post.send()

    assert sent == (Sent(deferred=1) if code < 500 else Sent(failed=1))
    assert await suppressions(post) == []


async def suppressions(post: Post) -> list[tuple[str, str]]:
    async with post.desk.store.read() as connection:
        found = await barred.page(connection, limit=9)
        return [(each.address_key or "", each.reason) for each in found]


async def test_cut_before_the_content_sends_once_in_the_end(post: Post) -> None:
    post.connections = 1
    post.rig.scripts.append(in_turn("DATA", None, Act(cut=True)))
    issue = await post.issue_for("ann", "bob", "cy")

    sent = await post.send()

    assert sent == Sent(accepted=3)
    assert post.arrived() == Counter(["ann", "bob", "cy"])
    assert await post.desk.balance(issue) == everybody(3, accepted=3)


@pytest.mark.parametrize("taken", [True, False])
async def test_cut_after_the_dot_is_in_doubt_and_never_sent_again_by_itself(
    post: Post, clock: SettableClock, taken: bool
) -> None:
    post.rig.scripts.append(at("CONTENT", Act(cut=True, take=taken), argument="bob@"))
    issue = await post.issue_for("ann", "bob")

    sent = await post.send()
    clock.advance(hours=1)
    await decide_doubt(post.desk.store, [post.desk.newsletter], clock=clock)
    await post.send()

    assert sent == Sent(accepted=1, in_doubt=1)
    assert post.arrived() == Counter(["ann", "bob"] if taken else ["ann"])
    assert await post.desk.balance(issue) == everybody(2, accepted=1, in_doubt=1)


async def test_doubt_is_resent_by_policy_as_the_same_message(
    post: Post, clock: SettableClock
) -> None:
    post.desk.newsletter = replace(post.desk.newsletter, in_doubt=InDoubtPolicy.RESEND)
    post.rig.scripts.append(in_turn("CONTENT", Act(cut=True, take=True)))
    issue = await post.issue_for("ann")
    await post.send()

    decided = await decide_doubt(post.desk.store, [post.desk.newsletter], clock=clock)
    sent = await post.send()

    once, again = post.rig.accepted
    assert (decided, sent) == (1, Sent(accepted=1))
    assert once == again
    assert await post.desk.balance(issue) == everybody(1, accepted=1)


async def test_doubt_is_left_by_policy_and_its_articles_are_not_repeated(
    post: Post, clock: SettableClock
) -> None:
    post.desk.newsletter = replace(post.desk.newsletter, in_doubt=InDoubtPolicy.SKIP)
    post.rig.scripts.append(in_turn("CONTENT", Act(cut=True, take=True)))
    issue = await post.issue_for("ann")
    await post.send()

    await decide_doubt(post.desk.store, [post.desk.newsletter], clock=clock)
    again = await post.desk.issue_now()

    assert await post.desk.balance(issue) == everybody(1, failed=1)
    assert again.state is IssueState.EMPTY


async def test_link_that_is_followed_proves_that_its_mail_has_arrived(post: Post) -> None:
    """Late evidence; of no other mail, since the link of each is its own."""
    post.connections = 1
    post.rig.scripts.append(at("CONTENT", Act(cut=True, take=True)))
    issue = await post.issue_for("ann")
    await post.send()
    await post.desk.bring("two")
    later = await post.desk.issue_now()
    await post.send()
    (first, _) = (
        email.message_from_bytes(message.content, policy=email.policy.default)
        for message in post.rig.accepted
    )
    token = first["List-Unsubscribe"].rpartition("/u/")[2].partition(">")[0]

    await unsubscribe(post.desk.store, TOKENS, token, clock=post.desk.clock)

    assert await post.desk.balance(issue) == everybody(1, accepted=1)
    assert await post.desk.balance(later) == everybody(1, in_doubt=1)
    assert (await post.desk.bond("ann")).state is SubscriptionState.ENDED


async def test_unreachable_relay_blames_nobody(post: Post) -> None:
    """F13: no row spends a try."""
    issue = await post.issue_for("ann", "bob")
    await post.rig.__aexit__(None, None, None)

    sent = await post.send()

    assert sent.error is not None
    assert f"127.0.0.1:{post.rig.port}" in sent.error
    assert await post.desk.balance(issue) == everybody(2, pending=2)
    assert {one.state for one in await recipients(post, issue)} == {"pending"}


async def test_relay_that_allows_fewer_connections_is_used_with_those(post: Post) -> None:
    def one_at_a_time(moment: Moment) -> Act | None:
        is_more = moment.verb == "BANNER" and post.rig.open_connections > 1
        return say(421, "4.7.0 too many", cut=True) if is_more else None

    post.rig.scripts.append(one_at_a_time)
    names = [f"p{number}" for number in range(12)]
    issue = await post.issue_for(*names)

    while (sent := await post.send()) != Sent():
        assert sent.error is None

    assert post.arrived() == Counter(names)
    assert await post.desk.balance(issue) == everybody(12, accepted=12)


async def test_relay_that_closes_after_each_message_is_used_to_the_end(post: Post) -> None:
    """F12: and no row counts as refused."""
    post.rig.scripts.append(at("MAIL", say(421, "4.7.0 one a connection", cut=True), message=2))
    names = [f"p{number}" for number in range(10)]
    issue = await post.issue_for(*names)

    while (sent := await post.send()) != Sent():
        assert sent.error is None

    assert post.arrived() == Counter(names)
    assert await post.desk.balance(issue) == everybody(10, accepted=10)


async def test_who_leaves_in_mid_run_gets_nothing_more(post: Post) -> None:
    post.connections = 1
    first_is_through = asyncio.Event()
    post.rig.scripts.append(at("RCPT", say(250, "ok", after=first_is_through), argument="bob@"))
    issue = await post.issue_for("ann", "bob")
    running = asyncio.create_task(post.send())
    await post.rig.until_asked("RCPT", 2)

    await post.desk.leave("bob")
    first_is_through.set()
    await running
    await post.send()

    assert post.arrived() == Counter(["ann"])
    assert await post.desk.balance(issue) == everybody(2, accepted=1, skipped=1)


async def test_paused_issue_stops_at_once_and_resumes(post: Post) -> None:
    post.connections = 1
    go_on = asyncio.Event()
    post.rig.scripts.append(at("RCPT", say(250, "ok", after=go_on), argument="bob@"))
    issue = await post.issue_for("ann", "bob", "cy")
    running = asyncio.create_task(post.send())
    await post.rig.until_asked("RCPT", 2)

    await move(post, issue, IssueState.OPEN, IssueState.PAUSED)
    go_on.set()
    await running
    paused = await post.desk.balance(issue)
    await move(post, issue, IssueState.PAUSED, IssueState.OPEN)
    await post.send()

    assert paused == everybody(3, accepted=1, pending=2)
    assert post.arrived() == Counter(["ann", "bob", "cy"])


async def move(post: Post, issue: Issue, come_from: IssueState, go_to: IssueState) -> None:
    async with post.desk.store.write() as connection:
        assert await issues.change_state(
            connection, issue.id, come_from=[come_from], go_to=go_to, now=post.desk.clock()
        )


async def test_told_to_stop_it_finishes_what_is_under_way_and_leaves_no_doubt(post: Post) -> None:
    answer = asyncio.Event()
    post.rig.scripts.append(at("CONTENT", say(250, "ok", after=answer)))
    names = [f"p{number}" for number in range(20)]
    issue = await post.issue_for(*names)
    running = asyncio.create_task(post.send())
    await post.rig.until_asked("CONTENT", 3)

    post.stop.set()
    answer.set()
    sent = await running

    assert sent == Sent(accepted=3)
    assert await post.desk.balance(issue) == everybody(20, accepted=3, pending=17)
    assert len(await post.desk.claim()) == 17


async def test_rows_that_wait_for_their_turn_go_back_when_it_is_told_to_stop(post: Post) -> None:
    post.pace = Pace(1, 3600)
    issue = await post.issue_for("ann", "bob", "cy")
    running = asyncio.create_task(post.send())
    await post.rig.until(lambda rig: len(rig.accepted) == 1)

    post.stop.set()

    assert await running == Sent(accepted=1)
    assert post.rig.count("RCPT") == 1
    assert await post.desk.balance(issue) == everybody(3, accepted=1, pending=2)
    assert len(await post.desk.claim()) == 2


async def test_relay_that_complains_is_given_fewer_connections(post: Post) -> None:
    """F14: and all the mail arrives, the put off a little later."""
    post.connections = 8
    complain = say(451, "4.7.0 too many at once")
    post.rig.scripts.append(in_turn("MAIL", *([complain] * 8)))
    await post.issue_for(*[f"p{number}" for number in range(40)])

    with structlog.testing.capture_logs() as said:
        sent = await post.send()

    slowed = [each["at_once"] for each in said if each["event"] == "relay slowed"]
    assert slowed[0] == 4
    assert (sent.accepted, sent.deferred) == (32, 8)


async def test_row_is_begun_when_the_throttle_has_room(post: Post) -> None:
    await post.issue_for("ann", "bob", "cy")
    rows = hand.Hand(
        store=post.desk.store,
        clock=post.desk.clock,
        newsletters=[post.desk.newsletter.slug],
        shares={},
        lease=LEASE,
        throttle=Throttle(2),
        domains=Domains(2),
        is_over=lambda: False,
        admission=Admission(),
        give_back=lambda *_: None,
    )
    rows.throttle.slow(now=0)
    await rows.fill()
    first = await rows.take()
    second = asyncio.create_task(rows.take())
    done, _ = await asyncio.wait([second], timeout=0.1)

    assert first is not None
    await rows.let_go(first)

    assert done == set()
    assert await second is not None


async def test_each_message_has_one_recipient(post: Post) -> None:
    """F15: so that no relay can have too many of them (452 4.5.3), and each fails alone."""
    post.connections = 1
    await post.issue_for(*[f"p{number}" for number in range(5)])

    await post.send()

    said = [
        moment.verb for moment in post.rig.moments if moment.verb in ("MAIL", "RCPT", "CONTENT")
    ]
    assert said == ["MAIL", "RCPT", "CONTENT"] * 5


async def test_message_that_is_too_large_pauses_its_issue_before_anything_of_it_leaves(
    post: Post,
) -> None:
    """F16: with a sentence that says what to do."""
    post.rig.extensions = ("SIZE 100", "PIPELINING")
    issue = await post.issue_for(*[f"p{number}" for number in range(20)])

    sent = await post.send()

    assert 10 <= sent.failed < 10 + post.connections
    assert post.rig.count("MAIL") == 0
    assert (await post.desk.balance(issue)).pending == 20 - sent.failed
    paused = await post.desk.issue(issue.id)
    assert "send summaries or fewer articles" in paused.note


async def test_full_mailbox_slows_nobody(post: Post) -> None:
    post.rig.scripts.append(at("RCPT", say(452, "4.2.2 mailbox full"), argument="p1@"))
    await post.issue_for("p0", "p1", "p2")

    with structlog.testing.capture_logs() as said:
        sent = await post.send()

    assert [each for each in said if each["event"] == "relay slowed"] == []
    assert (sent.accepted, sent.deferred) == (2, 1)


async def test_confirmation_overtakes_an_issue(post: Post) -> None:
    post.connections = 1
    go_on = asyncio.Event()
    post.rig.scripts.append(in_turn("CONTENT", say(250, "ok", after=go_on)))
    await post.issue_for(*[f"p{number}" for number in range(30)])
    running = asyncio.create_task(post.send())
    await post.rig.until_asked("CONTENT")

    await post.desk.join("newcomer", confirmed=False)
    is_seen = False
    while not is_seen:
        await asyncio.sleep(0.01)
        is_seen = await is_claimed(post, "newcomer")
    go_on.set()
    await running

    order = [message.recipient for message in post.rig.accepted]
    assert order[1] == "newcomer@example.org"
    assert len(order) == 31


async def is_claimed(post: Post, name: str) -> bool:
    async with post.desk.store.read() as connection:
        attempts = await connection.scalar(
            select(deliveries.c.attempts)
            .join(people, people.c.id == deliveries.c.subscriber_id)
            .where(people.c.mailbox == f"{name}@example.org")
        )
    return bool(attempts)


async def test_rows_of_a_paused_issue_are_not_even_offered(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "_GLANCE_SECONDS", 0.01)
    post.connections = 1
    go_on = asyncio.Event()
    post.rig.scripts.append(in_turn("CONTENT", say(250, "ok", after=go_on)))
    issue = await post.issue_for(*[f"p{number}" for number in range(30)])
    running = asyncio.create_task(post.send())
    await post.rig.until_asked("CONTENT")

    await move(post, issue, IssueState.OPEN, IssueState.PAUSED)
    await asyncio.sleep(0.2)  # some glances
    go_on.set()
    await running

    assert post.rig.count("RCPT") == 1
    assert await post.desk.balance(issue) == everybody(30, accepted=1, pending=29)


async def test_person_for_whom_no_message_can_be_made_fails_alone(post: Post) -> None:
    issue = await post.issue_for("ann", "bob")
    async with post.desk.store.write() as connection:
        await connection.execute(
            update(people).where(people.c.mailbox == "bob@example.org").values(mailbox="x\ny")
        )

    sent = await post.send()

    assert sent == Sent(accepted=1, failed=1)
    assert await post.desk.balance(issue) == everybody(2, accepted=1, failed=1)


async def test_worker_that_slept_past_its_lease_is_fenced_off(
    post: Post, clock: SettableClock
) -> None:
    post.connections = 1
    wake = asyncio.Event()
    post.rig.scripts.append(in_turn("RCPT", say(250, "ok", after=wake)))
    issue = await post.issue_for("ann")
    sleeper = asyncio.create_task(post.send())
    await post.rig.until_asked("RCPT")
    clock.advance(minutes=2)

    sent = await post.send()
    wake.set()
    slept = await sleeper

    assert (sent, slept) == (Sent(accepted=1), Sent())
    assert post.arrived() == Counter(["ann"])
    assert await post.desk.balance(issue) == everybody(1, accepted=1)


async def test_slow_answer_keeps_its_lease(post: Post, clock: SettableClock) -> None:
    lease = timedelta(seconds=0.3)
    answer, renewed = asyncio.Event(), asyncio.Event()
    post.rig.scripts.append(at("CONTENT", say(250, "ok", after=answer)))
    issue = await post.issue_for("ann")
    running = asyncio.create_task(post.send(lease))
    await post.rig.until_asked("CONTENT")
    for _ in range(5):  # each time nearly to the end of the lease, as it was last renewed
        before = clock.advance(seconds=0.29)
        while not renewed.is_set():
            (row,) = await sending_until(post, issue)
            if row >= before + lease:
                renewed.set()
            await asyncio.sleep(0)
        renewed.clear()

    doubted = (await post.desk.balance(issue)).in_doubt
    answer.set()

    assert doubted == 0
    assert await running == Sent(accepted=1)


async def sending_until(post: Post, issue: Issue) -> list[datetime]:
    async with post.desk.store.read() as connection:
        rows = await connection.execute(
            select(deliveries.c.due).where(deliveries.c.issue_id == issue.id)
        )
        return list(rows.scalars())


async def test_unsubscribed_since_composing_is_skipped_without_a_connection(post: Post) -> None:
    issue = await post.issue_for("ann")
    bond = await post.desk.bond("ann")
    async with post.desk.store.write() as connection:
        await subscriptions.end(connection, bond.id, post.desk.clock())

    await post.send()

    assert post.rig.count("RCPT") == 0
    assert await post.desk.balance(issue) == everybody(1, skipped=1)
