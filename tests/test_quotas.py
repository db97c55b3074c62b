"""Daily quotas: never more is handed over, what waits is not walked, and what is left is shared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import structlog
from sqlalchemy import func, select

from publisher.deliver import Sent
from publisher.deliver.admission import Admission
from publisher.deliver.gate import Gate
from publisher.deliver.quota import Quota, Today
from publisher.deliver.throttle import Throttle
from publisher.model import WarmUp
from publisher.store import quotas
from publisher.store.engine import Store
from publisher.store.tables import deliveries
from tests.rig.builders import BERLIN
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk
from tests.rig.post import Post, everybody
from tests.rig.script import Act, at, in_turn, say
from tests.rig.smtp import SmtpRig

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
async def rig() -> AsyncIterator[SmtpRig]:
    async with SmtpRig() as running:
        yield running


@pytest.fixture
def post(desk: Desk, rig: SmtpRig) -> Post:
    return Post(desk, rig)


def admission(daily: int | None = None, warm_up: WarmUp | None = None) -> Admission:
    quota = Quota(name="relay main", daily=daily, warm_up=warm_up)
    return Admission(quotas={"digest": (quota,)}, zone=BERLIN)


async def used(store: Store, day: date = TODAY) -> int:
    async with store.read() as connection:
        return await quotas.used(connection, "relay main", day)


async def attempts(post: Post) -> int:
    async with post.desk.store.read() as connection:
        return await connection.scalar(select(func.sum(deliveries.c.attempts))) or 0


async def test_no_more_than_the_quota_goes_out_and_the_rest_the_next_day(
    post: Post, clock: SettableClock
) -> None:
    post.admission = admission(daily=7)
    issue = await post.issue_for(*[f"p{number}" for number in range(20)])

    first = await post.send()
    again = await post.send()
    clock.move_to(datetime(2026, 11, 23, 22, 59, tzinfo=UTC))  # still the day of the calendar
    late = await post.send()
    clock.move_to(datetime(2026, 11, 23, 23, 0, tzinfo=UTC))
    next_day = await post.send()

    assert [first, again, late, next_day] == [Sent(accepted=7), Sent(), Sent(), Sent(accepted=7)]
    assert await post.desk.balance(issue) == everybody(20, accepted=14, pending=6)
    assert [await used(post.desk.store), await used(post.desk.store, date(2026, 11, 24))] == [7, 7]


async def test_rows_beyond_the_quota_are_not_walked_again_and_it_is_told_once(
    post: Post, clock: SettableClock
) -> None:
    post.admission = admission(daily=3)
    await post.issue_for(*[f"p{number}" for number in range(12)])
    with structlog.testing.capture_logs() as said:
        await post.send()
        walked = await attempts(post)
        for _ in range(5):
            clock.advance(minutes=2)
            await post.send()

    assert await attempts(post) == walked
    told = [each for each in said if each["event"] == "quota spent"]
    assert [(each["mails"], each["goes_on"]) for each in told] == [(3, "2026-11-24T00:00:00+01:00")]


async def test_restart_and_second_worker_share_the_quota(post: Post, second_store: Store) -> None:
    other = Post(Desk(second_store, post.desk.clock, post.desk.templates), post.rig)
    post.admission, other.admission = admission(daily=9), admission(daily=9)
    await post.issue_for(*[f"p{number}" for number in range(30)])

    both = await asyncio.gather(post.send(), other.send())
    post.admission = admission(daily=9)
    restarted = await post.send()

    assert sum(sent.accepted for sent in (*both, restarted)) == 9
    assert len(post.rig.accepted) == 9


async def test_what_was_reserved_and_not_used_is_given_back(
    post: Post, clock: SettableClock
) -> None:
    """A recipient who is refused or put off costs nothing."""
    post.admission = admission(daily=4)
    post.rig.scripts += [
        at("RCPT", say(550, "5.7.1 no"), argument="p0@"),
        in_turn("MAIL", Act(cut=True)),
    ]
    issue = await post.issue_for("p0", "p1", "p2")

    await post.send()

    assert await used(post.desk.store) == (await post.desk.balance(issue)).accepted == 2


async def test_crash_wastes_what_was_reserved_and_never_exceeds(post: Post) -> None:
    async with post.desk.store.write() as connection:
        await quotas.reserve(connection, "relay main", TODAY, wanted=500, limit=510)
    post.admission = admission(daily=510)
    await post.issue_for(*[f"p{number}" for number in range(15)])

    assert await post.send() == Sent(accepted=10)


async def test_what_a_failed_transaction_reserved_is_not_given_back(post: Post) -> None:
    await post.issue_for("ann", "bob")
    claims = await post.desk.claim()
    held = admission(daily=10)
    async with post.desk.store.write() as connection:
        await held.admit(connection, claims, NOW)
        await connection.rollback()
    held.drop()
    await held.close(post.desk.store, NOW)

    assert await used(post.desk.store) == 0


async def test_row_claimed_before_midnight_is_not_sent_on_the_old_days_quota(
    post: Post, clock: SettableClock
) -> None:
    post.connections = 1
    post.admission = admission(daily=3)
    go_on = asyncio.Event()
    post.rig.scripts.append(in_turn("RCPT", None, say(250, "ok", after=go_on)))
    await post.issue_for("ann", "bob", "cy", "dan")
    running = asyncio.create_task(post.send())
    await post.rig.until_asked("RCPT", 2)

    clock.move_to(datetime(2026, 11, 23, 23, 0, tzinfo=UTC))
    go_on.set()
    await running
    await post.send()

    assert await used(post.desk.store, date(2026, 11, 24)) == 3
    assert len(post.rig.accepted) == 4


async def test_confirmations_never_wait_and_are_counted(post: Post) -> None:
    post.admission = admission(daily=2)
    await post.issue_for("ann", "bob", "cy")
    await post.send()
    await post.desk.join("newcomer", confirmed=False)

    assert await post.send() == Sent(accepted=1)
    assert await used(post.desk.store) == 3


async def test_quota_of_a_sender_is_shared_by_relays(post: Post) -> None:
    sender = Quota(name="sender example.org", daily=5)
    await post.issue_for(*[f"p{number}" for number in range(12)])
    sent = []
    for relay in ("a", "b"):
        own = Quota(name=f"relay {relay}", daily=3)
        post.admission = Admission(quotas={"digest": (own, sender)}, zone=BERLIN)
        sent.append(await post.send())

    assert sent == [Sent(accepted=3), Sent(accepted=2)]
    async with post.desk.store.read() as connection:
        assert await quotas.used(connection, "relay b", TODAY) == 2
        assert await quotas.used(connection, "sender example.org", TODAY) == 5


async def test_rate_of_a_sender_holds_for_all_its_mails(post: Post) -> None:
    gate = Gate("sender example.org", Throttle.none(), 3600)
    post.admission = Admission(gates={"digest": gate})
    issue = await post.issue_for("ann", "bob@other.example", "cy")

    assert await post.send() == Sent(accepted=1)
    assert await post.desk.balance(issue) == everybody(3, accepted=1, pending=2)


def test_warm_up_grows_each_day_until_it_is_over() -> None:
    quota = Quota(
        name="relay main",
        daily=50_000,
        warm_up=WarmUp(start=date(2026, 12, 1), first=500, factor=1.5),
    )
    days = [quota.limit(date(2026, 12, day)) for day in (1, 2, 3, 4, 12, 13, 31)]

    assert days == [500, 750, 1125, 1687, 43248, 50000, 50000]
    assert quota.limit(date(2026, 6, 1)) == 500
    assert quota.limit(date(2999, 1, 1)) == 50_000


def test_warm_up_without_a_daily_quota_ends_at_a_million() -> None:
    grows = WarmUp(start=date(2026, 12, 1), first=500, factor=1.5)

    assert grows.on(date(2026, 12, 19)) == 738_945
    assert grows.on(date(2026, 12, 20)) is None


@pytest.mark.parametrize(
    ("zone", "now", "ends"),
    [
        ("Europe/Berlin", "2026-10-25T12:00+00:00", "2026-10-25T23:00+00:00"),  # 25 hours long
        ("Europe/Berlin", "2026-03-29T12:00+00:00", "2026-03-29T22:00+00:00"),  # 23 hours long
        ("Asia/Beirut", "2026-03-28T12:00+00:00", "2026-03-28T22:00+00:00"),  # has no midnight
    ],
)
def test_day_ends_by_the_calendar(zone: str, now: str, ends: str) -> None:
    today = Today.at(datetime.fromisoformat(now), ZoneInfo(zone))

    assert today.ends == datetime.fromisoformat(ends)
