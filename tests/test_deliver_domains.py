"""What recipient domains are given: limits, less when they complain, rest when they put all off."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
import structlog
from sqlalchemy import select

from publisher.deliver import Sent
from publisher.deliver.domains import Domains, PerDomain
from publisher.model import DeliveryState
from publisher.store.tables import deliveries
from publisher.store.tables import subscribers as people
from tests.rig.builders import claim
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk
from tests.rig.post import Post, everybody
from tests.rig.script import Act, Moment, at, in_turn, say
from tests.rig.smtp import SmtpRig


@pytest.fixture
async def rig() -> AsyncIterator[SmtpRig]:
    async with SmtpRig() as running:
        yield running


@pytest.fixture
def post(desk: Desk, rig: SmtpRig) -> Post:
    return Post(desk, rig, connections=6)


def at_domain(domain: str, count: int) -> list[str]:
    return [f"p{number}@{domain}" for number in range(count)]


class Gauge:
    """A script that sees how many mails to a domain are under way at most."""

    def __init__(self, domain: str, *, seconds: float) -> None:
        self._domain = domain
        self._seconds = seconds
        self._under_way: set[int] = set()
        self.most = 0

    def __call__(self, moment: Moment) -> Act | None:
        if not moment.argument.endswith(self._domain):
            return None
        if moment.verb == "RCPT":
            self._under_way.add(moment.session)
            self.most = max(self.most, len(self._under_way))
        if moment.verb == "CONTENT":
            later = asyncio.Event()
            asyncio.get_running_loop().call_later(self._seconds, later.set)
            later_act = say(250, "2.0.0 taken", after=later)
            asyncio.get_running_loop().call_later(
                self._seconds, self._under_way.discard, moment.session
            )
            return later_act
        return None


def domains_of(post: Post) -> list[str]:
    return [message.recipient.partition("@")[2] for message in post.rig.accepted]


async def test_only_so_many_of_a_domain_are_under_way_and_others_overtake(post: Post) -> None:
    post.domains = Domains(6, PerDomain(connections=2))
    gauge = Gauge("slow.example", seconds=0.02)
    post.rig.scripts.append(gauge)
    issue = await post.issue_for(*at_domain("slow.example", 30), *at_domain("quick.example", 20))

    sent = await post.send()

    assert sent == Sent(accepted=50)
    assert gauge.most == 2
    assert await post.desk.balance(issue) == everybody(50, accepted=50)
    order = domains_of(post)
    assert "quick.example" not in order[-10:]


async def test_domain_is_fed_at_its_rate_and_others_at_once(post: Post) -> None:
    post.domains = Domains(6, PerDomain(gap=0.3))
    people_of_both = at_domain("a.example", 4) + at_domain("b.example", 4)
    await post.issue_for(*people_of_both)
    times: dict[str, list[float]] = {"a.example": [], "b.example": []}
    post.rig.on_accept = lambda message: times[message.recipient.partition("@")[2]].append(
        time.monotonic()
    )

    assert await post.send() == Sent(accepted=8)
    for came in times.values():
        assert came[-1] - came[0] >= 0.9 * 0.6  # the first takes longer than the others
    assert domains_of(post) != sorted(domains_of(post))


async def test_rows_of_a_slow_domain_do_not_fill_the_hand(post: Post) -> None:
    """They go back with a time to come again, and nobody is blamed for it."""
    post.domains = Domains(6, PerDomain(gap=60))
    issue = await post.issue_for(*at_domain("slow.example", 40), *at_domain("quick.example", 1))

    sent = await asyncio.wait_for(post.send(), 30)

    assert sent.accepted == 2
    assert sorted(set(domains_of(post))) == ["quick.example", "slow.example"]
    assert await post.desk.balance(issue) == everybody(41, accepted=2, pending=39)
    async with post.desk.store.read() as connection:
        rows = await connection.execute(
            select(deliveries.c.due, deliveries.c.deferrals)
            .where(deliveries.c.state == DeliveryState.PENDING)
            .order_by(deliveries.c.due)
        )
        waits = [((row.due - post.desk.clock()).total_seconds(), row.deferrals) for row in rows]
    assert {deferrals for _, deferrals in waits} == {0}
    gaps = [after[0] - before[0] for before, after in pairwise(waits)]
    assert gaps[:30] == pytest.approx([60] * 30, abs=0.5)


async def test_list_sorted_by_domain_is_interleaved(post: Post) -> None:
    post.connections = 1
    post.domains = Domains(1, PerDomain(connections=1))
    await post.issue_for(*at_domain("a.example", 6), *at_domain("b.example", 3))

    await post.send()

    assert [name[0] for name in domains_of(post)] == list("baabaabaa")


async def test_complaint_that_names_the_recipient_slows_its_domain_alone(post: Post) -> None:
    """F14: whichever command it answers."""
    post.rig.scripts += [
        in_turn("CONTENT", None, say(452, "4.3.1 no room")),
        at("RCPT", say(451, "4.7.0 slow down"), argument="p3@picky.example"),
    ]
    post.connections = 1
    await post.issue_for(*at_domain("picky.example", 5))

    with structlog.testing.capture_logs() as said:
        await post.send()

    events = Counter(each["event"] for each in said)
    assert events["relay slowed"] == 0
    assert post.domains is not None
    (gate,) = post.domains._gates.values()
    assert gate.name == "picky.example"


async def test_many_domains_that_complain_speak_for_the_relay(post: Post) -> None:
    """F14: some relays say only after the content that it is too much for them."""
    post.rig.scripts.append(in_turn("CONTENT", *([say(454, "4.7.0 rate exceeded")] * 6)))
    await post.issue_for(*[f"ann@{letter}.example" for letter in "abcdefghijklmnop"])

    with structlog.testing.capture_logs() as said:
        sent = await post.send()

    assert sent == Sent(accepted=10, deferred=6)
    assert "relay slowed" in {each["event"] for each in said}


async def test_line_cut_in_answer_to_a_recipient_slows_its_domain(post: Post) -> None:
    post.connections = 1
    post.rig.scripts.append(in_turn("RCPT", None, say(421, "4.7.0 not so fast", cut=True)))
    await post.issue_for(*at_domain("picky.example", 3))

    with structlog.testing.capture_logs() as said:
        sent = await post.send()

    assert sent == Sent(accepted=3)
    assert "relay slowed" not in {each["event"] for each in said}
    assert post.domains is not None
    assert list(post.domains._gates) == ["picky.example"]


@pytest.mark.parametrize("connections", [1, 3])
async def test_recipient_at_whom_the_relay_hangs_up_holds_up_nobody(
    post: Post, connections: int
) -> None:
    """F12: it is tried once more over another connection, and then it is the row that waits."""
    post.connections = connections
    post.rig.scripts.append(at("RCPT", say(421, "4.3.0 oops", cut=True), argument="p4@"))
    issue = await post.issue_for(*at_domain("a.example", 10))

    sent = await post.send()

    assert sent == Sent(accepted=9, deferred=1)
    assert await post.desk.balance(issue) == everybody(10, accepted=9, pending=1)


async def test_relay_that_hangs_up_at_each_recipient_cannot_be_used(post: Post) -> None:
    """F13: that is no recipient's fault, but for the few with whom it was found out."""
    post.rig.scripts.append(at("RCPT", say(421, "4.3.0 going down", cut=True)))
    await post.issue_for(*at_domain("a.example", 60))

    sent = await post.send()

    assert sent.error is not None
    assert (sent.failed, sent.accepted) == (0, 0)
    assert sent.deferred <= post.connections


async def test_domains_are_forgotten_when_nothing_is_to_be_remembered() -> None:
    domains = Domains(5, PerDomain(gap=1.0))
    for number in range(20_000):
        gate = domains.gate(claim(number, f"d{number}.example"))
        assert gate is not None
        gate.enter(float(number))
        domains.forget(float(number), lambda _: False)

    assert len(domains._gates) <= 5001


async def test_domain_that_puts_all_off_is_left_alone_and_asked_by_one(
    post: Post, clock: SettableClock
) -> None:
    post.connections = 2
    post.rig.scripts.append(at("RCPT", say(450, "4.4.1 host is down"), argument="down.example"))
    issue = await post.issue_for(*at_domain("down.example", 40), *at_domain("up.example", 30))

    sent = await post.send()

    assert 10 <= sent.deferred <= 11  # one more may have been under way
    assert sent.accepted == 30
    assert await post.desk.balance(issue) == everybody(70, accepted=30, pending=40)
    assert await deferrals(post) == Counter({0: 40 - sent.deferred, 1: sent.deferred})
    asked = post.rig.count("RCPT")
    assert await post.send() == Sent()
    assert post.rig.count("RCPT") == asked


async def deferrals(post: Post) -> Counter[int]:
    async with post.desk.store.read() as connection:
        rows = await connection.scalars(
            select(deliveries.c.deferrals)
            .join(people, people.c.id == deliveries.c.subscriber_id)
            .where(people.c.mailbox.like("%@down.example"))
        )
        return Counter(rows)


async def test_greylisting_is_no_reason_to_leave_a_domain_alone(post: Post) -> None:
    """F8: each first try is put off there, however many there are."""
    post.rig.scripts.append(at("RCPT", say(450, "4.7.1 greylisted"), argument="grey.example"))
    await post.issue_for(*at_domain("grey.example", 25))

    assert await post.send() == Sent(deferred=25)


async def test_confirmation_overtakes_issues_of_its_domain(post: Post) -> None:
    post.connections = 2
    post.domains = Domains(2, PerDomain(connections=1))
    go_on = asyncio.Event()
    post.rig.scripts.append(in_turn("CONTENT", say(250, "ok", after=go_on)))
    await post.issue_for(*at_domain("a.example", 20))
    running = asyncio.create_task(post.send())
    await post.rig.until_asked("CONTENT")

    await post.desk.join("new@a.example", confirmed=False)
    await asyncio.sleep(1.2)  # some glances
    go_on.set()
    await running

    assert post.rig.accepted[1].recipient == "new@a.example"
