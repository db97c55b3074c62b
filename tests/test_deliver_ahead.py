"""Delivery where the next envelope follows a content: what holds without it holds with it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from publisher.deliver import Sent
from publisher.model import Issue, IssueState
from publisher.store import issues
from tests.rig.desk import Desk
from tests.rig.post import Post, everybody
from tests.rig.script import Act, at, in_turn, say
from tests.rig.smtp import SmtpRig

NAMES = [f"p{number}" for number in range(40)]


@pytest.fixture
async def post(desk: Desk) -> AsyncIterator[Post]:
    async with SmtpRig() as rig:
        post = Post(desk, rig)
        post.is_ahead = True
        yield post


async def test_everybody_gets_one_message(post: Post) -> None:
    issue = await post.issue_for(*NAMES)

    sent = await post.send()

    assert sent == Sent(accepted=40)
    assert post.arrived() == Counter(NAMES)
    assert await post.desk.balance(issue) == everybody(40, accepted=40)
    assert post.rig.connections <= 3
    assert sum(b"\r\n.\r\nMAIL FROM:" in read for read in post.rig.reads) >= 30


async def test_refused_and_put_off_rows_are_told_from_those_beside_them(post: Post) -> None:
    post.rig.scripts += [
        at("RCPT", say(550, "5.1.1 nobody"), argument="p7@"),
        at("RCPT", say(451, "4.2.0 later"), argument="p8@"),
        in_turn("CONTENT", None, None, say(552, "5.3.4 too large")),
    ]
    issue = await post.issue_for(*NAMES)

    sent = await post.send()

    assert sent == Sent(accepted=37, failed=2, deferred=1)
    assert set(post.arrived().values()) == {1}
    balance = await post.desk.balance(issue)
    assert balance == everybody(40, accepted=37, failed=2, pending=1)


async def test_only_the_row_that_was_handed_over_is_in_doubt(post: Post) -> None:
    """F4: the one that was announced behind it goes out over another connection, once."""
    post.connections = 1
    post.rig.scripts.append(in_turn("CONTENT", None, Act(cut=True, take=True)))
    issue = await post.issue_for(*NAMES)

    sent = await post.send()

    assert sent == Sent(accepted=39, in_doubt=1)
    assert post.arrived() == Counter(NAMES)
    assert await post.desk.balance(issue) == everybody(40, accepted=39, in_doubt=1)


async def under_way(post: Post) -> tuple[Issue, asyncio.Task[Sent], asyncio.Event]:
    """Send over one connection, up to the second content; its answer waits for the event."""
    post.connections = 1
    go_on = asyncio.Event()
    post.rig.scripts.append(in_turn("CONTENT", None, say(250, "ok", after=go_on)))
    issue = await post.issue_for(*NAMES)
    running = asyncio.create_task(post.send())
    await post.rig.until(lambda rig: rig.count("CONTENT") == 2)
    return issue, running, go_on


async def test_stop_hands_the_announced_row_back(post: Post) -> None:
    issue, running, go_on = await under_way(post)

    post.stop.set()
    go_on.set()
    sent = await running

    assert sent == Sent(accepted=2)
    assert await post.desk.balance(issue) == everybody(40, accepted=2, pending=38)


async def test_announced_row_of_a_paused_issue_is_not_sent(post: Post) -> None:
    issue, running, go_on = await under_way(post)

    async with post.desk.store.write() as connection:
        await issues.change_state(
            connection,
            issue.id,
            come_from=[IssueState.OPEN],
            go_to=IssueState.PAUSED,
            now=post.desk.clock(),
            note="",
        )
    go_on.set()
    await running

    assert await post.desk.balance(issue) == everybody(40, accepted=2, pending=38)
    assert post.rig.count("CONTENT") == 2


async def test_connection_that_is_given_up_leaves_no_row_behind(post: Post) -> None:
    """F13: it was cut, and cannot be had again; the other one sends what it had taken."""
    post.connections = 2
    post.rig.scripts += [
        in_turn("CONTENT", None, None, None, Act(cut=True, take=True)),
        in_turn("BANNER", None, None, say(554, "5.3.2 no more")),
    ]
    issue = await post.issue_for(*NAMES)

    sent = await post.send()

    assert sent == Sent(accepted=39, in_doubt=1)
    assert post.arrived() == Counter(NAMES)
    assert await post.desk.balance(issue) == everybody(40, accepted=39, in_doubt=1)
