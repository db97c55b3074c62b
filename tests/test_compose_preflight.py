"""An issue opens only if its mails pass the preflight."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from publisher.errors import PreflightError
from publisher.model import IssueState, Weight
from publisher.preflight import DEFAULTS
from publisher.render import Templates
from publisher.store import issues, notices
from tests.rig import builders
from tests.rig.desk import Desk

LINE = "{% for article in articles %}{{ article.title }};{% endfor %}"


@pytest.fixture
def folder(tmp_path: Path, desk: Desk) -> Path:
    """A site's own template, without a way to leave."""
    folder = tmp_path / "email"
    folder.mkdir()
    for name in ("bare.html", "bare.txt"):
        (folder / name).write_text(f"{LINE}\n", encoding="utf-8")
    desk.templates = Templates(tmp_path)
    desk.newsletter = builders.newsletter(template="bare")
    desk.weights["unsubscribe"] = Weight.BLOCK
    return folder


def mend(folder: Path) -> None:
    for name in ("bare.html", "bare.txt"):
        (folder / name).write_text(f"{LINE} {{{{ unsubscribe_url }}}}\n", encoding="utf-8")


async def told(desk: Desk) -> list[str]:
    """What the admin is to read, the newest first."""
    async with desk.store.read() as connection:
        found = await notices.unsent(connection, desk.clock() - timedelta(days=1))
    return [notice.text for notice in found]


async def test_issue_without_a_way_out_is_held_until_there_is_one(desk: Desk, folder: Path) -> None:
    await desk.join("ann")
    await desk.bring("one")
    issue = await desk.occur()

    await desk.compose_due()
    await desk.compose_due()

    async with desk.store.read() as connection:
        held = await issues.get(connection, issue.id)
    assert held is not None
    assert held.state is IssueState.HELD
    assert held.note.startswith("not composed: unsubscribe: ")
    assert await desk.claim() == []
    (notice,) = await told(desk)
    assert "unsubscribe: " in notice

    mend(folder)
    (made,) = await desk.compose_due()

    assert (made.state, made.note) == (IssueState.OPEN, "")
    assert await desk.told_to(made) == {"ann": ["one"]}


async def test_who_makes_an_issue_by_hand_is_told_at_once(desk: Desk, folder: Path) -> None:
    await desk.join("ann")
    await desk.bring("one")

    with pytest.raises(PreflightError, match="unsubscribe: "):
        await desk.issue_now()


async def test_rule_that_warns_lets_it_out_and_says_so(desk: Desk, folder: Path) -> None:
    desk.weights["unsubscribe"] = Weight.WARN
    await desk.join("ann")
    await desk.bring("one")

    with capture_logs() as logs:
        issue = await desk.issue_now()

    assert issue.state is IssueState.OPEN
    found = {log["found"].partition(":")[0] for log in logs if log["event"] == "preflight"}
    assert found == {"unsubscribe"}


async def test_jump_of_the_audience_holds_an_issue_where_the_config_says_so(desk: Desk) -> None:
    desk.weights["audience"] = Weight.BLOCK
    await desk.join("ann")
    await desk.bring("one")
    await desk.issue_now()
    for name in ("bob", "cem", "dov"):
        await desk.join(name)
    desk.clock.advance(days=1)
    await desk.bring("two")

    with pytest.raises(PreflightError, match="more than double the 1 of the last issue"):
        await desk.issue_now()


async def test_every_rendition_is_examined(desk: Desk, folder: Path) -> None:
    """The first language is fine; the second one has no way out."""
    (folder / "bare.html").write_text(
        f"{LINE} {{{{ unsubscribe_url if language == 'en' }}}}\n", encoding="utf-8"
    )
    (folder / "bare.txt").write_text(f"{LINE} {{{{ unsubscribe_url }}}}\n", encoding="utf-8")
    desk.newsletter = replace(desk.newsletter, languages=("de",))
    await desk.join("ann")
    await desk.join("bob")
    await desk.wish("bob", language="de")
    await desk.bring("one")

    with pytest.raises(PreflightError, match=r"unsubscribe: .*the mail to bob@"):
        await desk.issue_now()

    assert await desk.claim() == []


async def test_shipped_design_passes_every_rule(desk: Desk) -> None:
    desk.weights = {**DEFAULTS, "spam": Weight.OFF}
    desk.newsletter = builders.newsletter(template="digest")
    await desk.join("ann")
    await desk.bring("one", "two")

    with capture_logs() as logs:
        issue = await desk.issue_now()

    assert issue.state is IssueState.OPEN
    assert [log["found"] for log in logs if log["event"] == "preflight"] == []


@pytest.mark.parametrize(("weight", "asked"), [(Weight.WARN, 0), (Weight.BLOCK, 1)])
async def test_spamassassin_is_asked_only_if_it_may_hold_the_issue(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weight: Weight, asked: int
) -> None:
    """It takes a second or two. A program of that name stands in, and counts."""
    calls = tmp_path / "calls"
    program = tmp_path / "spamassassin"
    program.write_text(f"#!/bin/sh\necho asked >> {calls}\ncat\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    desk.weights["spam"] = weight
    await desk.join("ann")
    await desk.bring("one")

    await desk.issue_now()

    assert (len(calls.read_text().splitlines()) if calls.exists() else 0) == asked
