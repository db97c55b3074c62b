"""When issues are sent: within the hours of their newsletter, by its clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from publisher.deliver import Sent, hand
from publisher.deliver.admission import Admission
from publisher.model import Hours
from tests.rig.builders import BERLIN
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk
from tests.rig.post import Post, everybody
from tests.rig.script import in_turn, say
from tests.rig.smtp import SmtpRig

DAY = Hours(time(7), time(22))
NIGHT = Hours(time(22), time(2, 30))


@pytest.fixture
async def rig() -> AsyncIterator[SmtpRig]:
    async with SmtpRig() as running:
        yield running


@pytest.fixture
def post(desk: Desk, rig: SmtpRig) -> Post:
    made = Post(desk, rig, connections=1)
    made.admission = Admission(hours={"digest": (DAY, BERLIN)})
    return made


async def test_issues_wait_for_the_hours_of_their_newsletter_and_confirmations_do_not(
    post: Post, clock: SettableClock
) -> None:
    clock.move_to(datetime(2026, 11, 23, 5, 0, tzinfo=UTC))  # 6 o'clock in Berlin
    issue = await post.issue_for("ann", "bob")
    await post.desk.join("newcomer", confirmed=False)

    early = await post.send()
    clock.move_to(datetime(2026, 11, 23, 6, 0, tzinfo=UTC))
    in_time = await post.send()

    assert [early, in_time] == [Sent(accepted=1), Sent(accepted=2)]
    assert post.rig.accepted[0].recipient == "newcomer@example.org"
    assert await post.desk.balance(issue) == everybody(2, accepted=2)


async def test_when_its_hours_end_what_is_left_waits(
    post: Post, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "_GLANCE_SECONDS", 0.01)
    go_on = asyncio.Event()
    post.rig.scripts.append(in_turn("CONTENT", say(250, "ok", after=go_on)))
    issue = await post.issue_for(*[f"p{number}" for number in range(5)])
    running = asyncio.create_task(post.send())
    await post.rig.until_asked("CONTENT")

    clock.move_to(datetime(2026, 11, 23, 21, 0, tzinfo=UTC))
    await asyncio.sleep(0.3)  # some glances
    go_on.set()

    assert await running == Sent(accepted=1)
    assert await post.desk.balance(issue) == everybody(5, accepted=1, pending=4)


@pytest.mark.parametrize(
    ("hours", "wall", "expected"),
    [
        (DAY, "06:59", False),
        (DAY, "07:00", True),
        (DAY, "21:59", True),
        (DAY, "22:00", False),
        (NIGHT, "21:59", False),
        (NIGHT, "22:00", True),
        (NIGHT, "00:00", True),
        (NIGHT, "02:29", True),
        (NIGHT, "02:30", False),
        (Hours(time(7), time()), "23:59", True),
        (Hours(time(7), time()), "00:00", False),
    ],
)
def test_hours_may_reach_over_midnight(hours: Hours, wall: str, expected: bool) -> None:
    assert hours.hold(time.fromisoformat(wall)) is expected


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ("2026-03-29T00:59", True),  # 01:59, before the hour that is left out
        ("2026-03-29T01:00", False),  # 03:00
        ("2026-10-25T00:29", True),  # 02:29 in summer
        ("2026-10-25T00:30", False),  # 02:30 in summer
        ("2026-10-25T01:29", True),  # 02:29 once more, in winter
        ("2026-10-25T01:30", False),
    ],
)
def test_what_the_clock_shows_counts_when_it_changes(utc: str, expected: bool) -> None:
    admission = Admission(hours={"digest": (NIGHT, ZoneInfo("Europe/Berlin"))})
    now = datetime.fromisoformat(utc).replace(tzinfo=UTC)

    assert list(admission.within_hours(["digest"], now)) == (["digest"] if expected else [])


def test_reason_is_said() -> None:
    admission = Admission(hours={"digest": (DAY, BERLIN)})
    night = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)

    assert (
        admission.reason("digest", night)
        == "its hours are 07:00-22:00, on the clock of Europe/Berlin"
    )
    assert admission.reason("other", night) is None
