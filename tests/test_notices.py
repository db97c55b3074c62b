"""What the admin is told of, and that it is told once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publisher.model import Cadence, IssueState, MissedPolicy, OwnTime
from publisher.render import Templates
from publisher.store import notices
from publisher.store.notices import Noted
from tests.rig import builders
from tests.rig.builders import DAILY
from tests.rig.desk import Desk

SEVEN = datetime(2026, 11, 23, 6, tzinfo=UTC)  # 07:00 in Berlin, on a Monday


@pytest.fixture
async def desk(desk: Desk, tmp_path: Path) -> Desk:
    """A daily newsletter in force since the evening before, with templates of its own."""
    desk.newsletter = builders.newsletter(cadences=(DAILY,))
    desk.clock.move_to(SEVEN - timedelta(hours=12))
    await desk.ring()
    await desk.join("ann")
    await desk.bring("one")
    folder = tmp_path / "email"
    folder.mkdir()
    for suffix in ("html", "txt"):
        (folder / f"short.{suffix}").write_text("{{ articles[0].title }}", encoding="utf-8")
    desk.templates = Templates(tmp_path)
    return desk


async def noted(desk: Desk) -> list[Noted]:
    """Give all notices, the oldest first."""
    async with desk.store.read() as connection:
        found = await notices.unsent(connection, desk.clock() - timedelta(days=400))
    return found[::-1]


async def subjects(desk: Desk) -> list[str]:
    return [each.subject for each in await noted(desk)]


@contextmanager
def fault(tmp_path: Path, source: str) -> Iterator[None]:
    """Put a fault into the template for as long as the block lasts."""
    file = tmp_path / "email" / "short.html"
    before = file.read_text(encoding="utf-8")
    file.write_text(source, encoding="utf-8")
    yield
    file.write_text(before, encoding="utf-8")


# --- issues that are held


async def test_fault_of_a_template_is_told_once_for_each_reason(desk: Desk, tmp_path: Path) -> None:
    desk.clock.move_to(SEVEN)
    (issue,) = await desk.ring()
    with fault(tmp_path, "\n{{ artikels }}"):
        await desk.compose_due()
        desk.clock.advance(minutes=1)
        await desk.compose_due()
    with fault(tmp_path, "{{ 1 / 0 }}"):
        await desk.compose_due()

    first, second = await noted(desk)

    assert first.subject == second.subject == f"digest, daily: issue {issue.id} is held"
    assert "email/short.html:2: nothing here is called 'artikels'" in first.text
    assert "email/short.html:1: ZeroDivisionError" in second.text
    assert f"publisher issues cancel {issue.id} " in first.text
    assert "2026-11-23 07:00 CET" in first.text


async def test_good_template_releases_the_issue_and_that_is_told(
    desk: Desk, tmp_path: Path
) -> None:
    desk.clock.move_to(SEVEN)
    await desk.ring()
    with fault(tmp_path, "{{ artikels }}"):
        await desk.compose_due()

    (issue,) = await desk.compose_due()

    assert (issue.state, issue.note) == (IssueState.OPEN, "")
    assert (await subjects(desk))[1:] == [f"digest, daily: issue {issue.id} is held no longer"]
    assert "artikels" in (await noted(desk))[1].text


async def test_nothing_is_told_of_an_issue_that_is_made_at_once(desk: Desk) -> None:
    desk.clock.move_to(SEVEN)
    await desk.ring()

    await desk.compose_due()

    assert await subjects(desk) == []


async def test_fault_in_a_later_wave_is_told_and_leaves_no_note(desk: Desk, tmp_path: Path) -> None:
    desk.newsletter = builders.newsletter(cadences=(replace(DAILY, own_time=True),))
    await desk.join("bob")
    await desk.wish("bob", own_time=OwnTime(hour=9))
    await desk.ring()
    desk.clock.move_to(SEVEN)
    await desk.ring()
    await desk.compose_due()
    desk.clock.advance(hours=2)
    await desk.bring("two")
    await desk.ring()
    with fault(tmp_path, "{{ artikels }}"):
        await desk.compose_due()

    (issue,) = await desk.compose_due()

    assert (issue.state, issue.note, issue.audience) == (IssueState.OPEN, "", 2)
    assert len(await subjects(desk)) == 2


async def test_issue_that_waits_for_approval_is_told_once(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(cadences=(DAILY,), approval=True)
    desk.clock.move_to(SEVEN)
    (issue,) = await desk.ring()
    await desk.ring()

    (told,) = await noted(desk)

    assert told.subject == f"digest, daily: issue {issue.id} waits for approval"
    assert f"publisher issues approve {issue.id} " in told.text


# --- slots that were missed


@pytest.mark.parametrize(
    ("policy", "became"),
    [
        (
            MissedPolicy.SKIP,
            ["not made: more than 6:00:00 late (max_lateness)"] * 3,
        ),
        (
            MissedPolicy.MERGE,
            ["not made: its articles are in the issue of 2026-11-25T07:00"] * 2 + ["made late"],
        ),
        (MissedPolicy.SEND, ["made late"] * 3),
    ],
)
async def test_missed_slots_are_told_in_one_notice_with_what_became_of_each(
    desk: Desk, policy: MissedPolicy, became: list[str]
) -> None:
    desk.newsletter = builders.newsletter(cadences=(DAILY,), missed=policy)
    desk.clock.move_to(SEVEN + timedelta(days=2, hours=7))
    await desk.ring()
    await desk.ring()

    (told,) = await noted(desk)

    lines = [
        f"  2026-11-{day}T07:00  {fate}" for day, fate in zip((23, 24, 25), became, strict=True)
    ]
    assert told.subject == "digest, daily: 3 slots missed"
    assert "\n".join(["", *lines, ""]) in told.text
    assert "on the clock of Europe/Berlin" in told.text
    assert "publisher issues list --newsletter digest" in told.text


async def test_slot_that_is_a_little_late_is_made_and_not_told(desk: Desk) -> None:
    desk.clock.move_to(SEVEN + timedelta(hours=5))

    await desk.ring()

    assert await subjects(desk) == []


async def test_missed_slot_of_an_own_time_names_the_time(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(cadences=(replace(DAILY, own_time=True),))
    await desk.wish("ann", own_time=OwnTime(hour=6))
    await desk.ring()
    desk.clock.move_to(SEVEN + timedelta(hours=5, minutes=30))

    await desk.ring()

    (told,) = await noted(desk)
    assert "  2026-11-23T07:00 (06:00 Europe/Berlin)  not made: more than 6:00:00 late" in told.text
    assert told.subject == "digest, daily: 1 slot missed"


async def test_notice_of_very_many_slots_stays_short(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(cadences=(Cadence(name="often", cron="* * * * *"),))
    await desk.ring()
    desk.clock.advance(hours=2)

    await desk.ring()

    (told,) = await noted(desk)
    assert told.subject == "digest, often: 119 slots missed"
    assert "  and 99 more\n" in told.text
