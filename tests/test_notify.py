"""What the admin is mailed: once each, over a real relay, and beside the readers' mail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.model import Address, Notice
from publisher.notify import Line, notify
from publisher.store import notices
from publisher.store.engine import Store
from publisher.transports.smtp import Smtp, SmtpSettings
from tests.mail.sample import parsed
from tests.rig.clock import SettableClock
from tests.rig.program import free_port
from tests.rig.script import Act, at, say
from tests.rig.smtp import SmtpRig

ADMIN = Address(mailbox="editor@example.org", name="王 Editor")
NEWS = Address(mailbox="news@example.org", name="The Lighthouse")
DIGEST = Address(mailbox="digest@example.org", name="The Digest")
HELD = Notice(
    key="issue 1 held", subject="digest, daily: issue 1 is held", text="Line 1\n  Line 2\n"
)


@pytest.fixture
async def rig() -> AsyncIterator[SmtpRig]:
    async with SmtpRig() as running:
        yield running


class Post:
    """A store with notices, and the line to the admin."""

    def __init__(self, store: Store, clock: SettableClock, port: int) -> None:
        self.store = store
        self.clock = clock
        self.stop = asyncio.Event()
        settings = SmtpSettings(host="127.0.0.1", port=port, security="none")
        self.line = Line(
            sender=NEWS,
            admin=ADMIN,
            senders={"digest": DIGEST},
            connect=lambda _: Smtp(settings),
        )

    async def note(self, *noted: Notice) -> list[bool]:
        async with self.store.write() as connection:
            return [await notices.add(connection, each, self.clock()) for each in noted]

    async def send(self) -> int:
        return await notify(self.store, self.line, clock=self.clock, stop=self.stop)

    async def unsent(self) -> list[notices.Noted]:
        async with self.store.read() as connection:
            return await notices.unsent(connection, self.clock() - timedelta(days=7))


@pytest.fixture
def post(store: Store, clock: SettableClock, rig: SmtpRig) -> Post:
    return Post(store, clock, rig.port)


async def test_notice_is_one_plain_mail_that_no_program_answers(post: Post, rig: SmtpRig) -> None:
    await post.note(HELD)

    assert await post.send() == 1

    (message,) = rig.accepted
    read = parsed(message.content)
    assert (message.sender, message.recipient) == ("news@example.org", "editor@example.org")
    assert (read["From"], read["To"]) == (
        "The Lighthouse <news@example.org>",
        "王 Editor <editor@example.org>",
    )
    assert read["Subject"] == HELD.subject
    assert read["Auto-Submitted"] == "auto-generated"
    assert read.get_content_type() == "text/plain"
    assert read.get_content().replace("\r\n", "\n") == HELD.text
    assert read["List-Unsubscribe"] is None
    assert read.defects == []
    assert await post.unsent() == []


async def test_what_was_told_once_is_not_told_again(post: Post, rig: SmtpRig) -> None:
    first = await post.note(HELD, replace(HELD, text="other words"))
    await post.send()

    again = await post.note(HELD)
    await post.send()

    assert (first, again) == ([True, False], [False])
    assert len(rig.accepted) == 1


async def test_another_state_of_the_same_thing_is_told_too(post: Post, rig: SmtpRig) -> None:
    await post.note(HELD, replace(HELD, key="issue 1 made", subject="made"))

    await post.send()

    assert [parsed(each.content)["Subject"] for each in rig.accepted] == [HELD.subject, "made"]


async def test_notice_that_is_refused_is_tried_again_later_and_later(
    post: Post, rig: SmtpRig
) -> None:
    rig.scripts.append(at("RCPT", say(450, "4.2.1 busy")))
    await post.note(HELD)
    waits = []
    for _ in range(9):
        await post.send()
        ((one,),) = [await post.unsent()]
        assert one.due is not None
        waits.append((one.due - post.clock()) // timedelta(minutes=1))
        post.clock.move_to(one.due)

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert one.reply == "450 4.2.1 busy"


async def test_notice_is_given_up_after_a_day_and_is_shown_as_not_sent(
    post: Post, rig: SmtpRig
) -> None:
    rig.scripts.append(at("RCPT", say(550, "5.1.1 nobody here")))
    await post.note(HELD)
    await post.send()
    post.clock.advance(days=1)

    await post.send()

    post.clock.advance(days=1)
    asked = rig.count("RCPT")
    await post.send()
    (one,) = await post.unsent()
    assert (one.due, one.reply, rig.count("RCPT")) == (None, "550 5.1.1 nobody here", asked)


async def test_relay_that_is_away_is_asked_once_for_all_that_waits(
    store: Store, clock: SettableClock
) -> None:
    post = Post(store, clock, free_port())
    await post.note(HELD, replace(HELD, key="other"))

    assert await post.send() == 0

    unsent = await post.unsent()
    assert [one.attempts for one in unsent] == [1, 1]
    assert len({one.reply for one in unsent}) == 1
    assert all("no connection" in one.reply for one in unsent)


async def test_notice_in_doubt_is_sent_again_as_the_same_message(post: Post, rig: SmtpRig) -> None:
    rig.scripts.append(at("CONTENT", Act(cut=True, take=True)))
    await post.note(HELD)
    await post.send()
    rig.scripts.clear()
    post.clock.advance(minutes=1)

    assert await post.send() == 1

    first, second = rig.accepted
    assert first.content == second.content


async def test_two_workers_send_a_notice_once(
    post: Post, rig: SmtpRig, second_store: Store
) -> None:
    await post.note(HELD)
    other = Post(second_store, post.clock, rig.port)

    await asyncio.gather(*(each.send() for each in [post, other] * 3))

    assert len(rig.accepted) == 1


async def test_odd_characters_break_no_mail(post: Post, rig: SmtpRig) -> None:
    odd = Notice(
        key="\ud800",
        subject="a\r\nBcc: eve@example.org\x00" + "é" * 300,
        text="\r\n.\r\nQUIT\x00\x1b[31m\u2028\ud800" + "x" * 5000,
    )
    await post.note(odd)

    assert await post.send() == 1

    (message,) = rig.accepted
    assert parsed(message.content)["Bcc"] is None
    assert message.content.isascii()
    assert parsed(message.content).defects == []


async def test_what_waits_when_told_to_stop_stays_noted(post: Post, rig: SmtpRig) -> None:
    await post.note(HELD)
    post.stop.set()

    assert await post.send() == 0

    assert (len(rig.accepted), len(await post.unsent())) == (0, 1)
