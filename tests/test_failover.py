"""Several relays of one newsletter: the next one stands in for the first while that is down."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from publisher.app import App, opened
from publisher.config import load
from publisher.deliver import Sent, hand, standing
from publisher.deliver.standing import Standing
from publisher.render import Templates
from publisher.worker import work
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk
from tests.rig.post import everybody
from tests.rig.program import free_port, until
from tests.rig.script import Act, at, in_turn, say
from tests.rig.smtp import SmtpRig

CONFIG = """\
[publication]
title = "The Lighthouse"
base_url = "https://news.example.org"

[store]
url = "${{DATABASE}}"

[[newsletters]]
slug = "digest"
title = "The Digest"
from = "news@example.org"
smtp = {smtp}
cadences = {{ daily = {{ cron = "0 7 * * *" }} }}

[smtp.main]
host = "127.0.0.1"
port = {main}
security = "none"
connections = 3
{more}

[smtp.backup]
host = "127.0.0.1"
port = {backup}
security = "none"
connections = 2
"""


class Pair:
    """A site with two relays; the first listens only when it is told to."""

    def __init__(self, app: App, desk: Desk, main: SmtpRig, backup: SmtpRig) -> None:
        self.app = app
        self.desk = desk
        self.main = main
        self.backup = backup

    async def issue_for(self, count: int) -> list[str]:
        names = [f"p{number}" for number in range(count)]
        await self.desk.bring("one")
        for name in names:
            await self.desk.join(name)
        await self.desk.issue_now()
        return names

    def arrived(self) -> Counter[str]:
        both = self.main.accepted + self.backup.accepted
        return Counter(message.recipient.partition("@")[0] for message in both)


Open = Callable[..., AbstractAsyncContextManager[Pair]]


@pytest.fixture
def open_pair(
    database_url: str, clock: SettableClock, short_templates: Templates, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Open:  # fmt: skip
    monkeypatch.setattr(standing, "_FIRST_REST_SECONDS", 0.2)

    @asynccontextmanager
    async def pair(smtp: str, more: str = "") -> AsyncIterator[Pair]:
        main = SmtpRig(port=free_port())
        async with SmtpRig() as backup:
            path = tmp_path / "publisher.toml"
            text = CONFIG.format(smtp=smtp, main=main.port, backup=backup.port, more=more)
            path.write_text(text, encoding="utf-8")
            async with opened(load(path, {"DATABASE": database_url}), clock=clock) as app:
                yield Pair(app, Desk(app.store, clock, short_templates), main, backup)

    return pair


@pytest.fixture
async def pair(open_pair: Open) -> AsyncIterator[Pair]:
    async with open_pair('["main", "backup"]') as made:
        yield made


async def test_next_relay_takes_over_until_a_probe_succeeds(pair: Pair) -> None:
    """F13: nobody is blamed, and all of it arrives once."""
    names = await pair.issue_for(10)
    stop = asyncio.Event()

    before = await pair.app.relays.deliver("backup", stop)
    failed = await pair.app.relays.deliver("main", stop)
    resting = await pair.app.relays.deliver("main", stop)
    pair.backup.scripts.append(at("MAIL", Act(cut=True), message=5))
    stood_in = await pair.app.relays.deliver("backup", stop)
    await pair.desk.bring("two")
    issue = await pair.desk.issue_now()
    await asyncio.sleep(0.3)
    async with pair.main:
        returned = await pair.app.relays.deliver("main", stop)
        after = await pair.app.relays.deliver("backup", stop)

    assert [before, resting, after] == [Sent(), Sent(), Sent()]
    assert failed.error is not None
    assert stood_in == Sent(accepted=10)
    assert returned == Sent(accepted=10)
    assert pair.main.moments[0].session == 1
    assert pair.arrived() == Counter(dict.fromkeys(names, 2))
    assert await pair.desk.balance(issue) == everybody(10, accepted=10)


async def test_probe_takes_one_row_over_one_connection(pair: Pair) -> None:
    """So that a relay which is still down keeps nothing from the other."""
    await pair.issue_for(10)
    stop = asyncio.Event()
    await pair.app.relays.deliver("main", stop)
    await asyncio.sleep(0.3)
    go_on = asyncio.Event()
    pair.main.scripts.append(at("BANNER", say(220, "at last", after=go_on)))
    async with pair.main:
        probing = asyncio.create_task(pair.app.relays.deliver("main", stop))
        await pair.main.until_asked("BANNER")

        stood_in = await pair.app.relays.deliver("backup", stop)
        asked = pair.main.connections
        go_on.set()
        await probing

    assert asked == 1
    assert stood_in == Sent(accepted=9)
    assert len(pair.arrived()) == 10


async def test_relay_that_is_back_takes_its_newsletters_back_at_once(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "_CHUNK", 20)  # so that not all is in one hand
    names = await pair.issue_for(40)
    stop, go_on = asyncio.Event(), asyncio.Event()
    await pair.app.relays.deliver("main", stop)
    pair.backup.scripts.append(at("CONTENT", say(250, "ok", after=go_on)))
    standing_in = asyncio.create_task(pair.app.relays.deliver("backup", stop))
    await pair.backup.until_asked("CONTENT", 2)
    await asyncio.sleep(0.3)
    async with pair.main:
        await asyncio.wait_for(pair.app.relays.deliver("main", stop), 30)
        go_on.set()
        stood_in = await standing_in
        await pair.app.relays.deliver("main", stop)

    assert stood_in == Sent(accepted=2)
    assert pair.arrived() == Counter(names)


async def test_row_in_doubt_is_not_handed_to_another_relay(
    pair: Pair, clock: SettableClock
) -> None:
    pair.main.scripts += [
        at("CONTENT", Act(cut=True, take=True), argument="p1@"),
    ]
    names = await pair.issue_for(3)
    stop = asyncio.Event()
    async with pair.main:
        sent = await pair.app.relays.deliver("main", stop)
    await pair.app.relays.deliver("main", stop)
    pair.app.relays.standing.failed("main", asyncio.get_running_loop().time())
    clock.advance(hours=1)

    stood_in = await pair.app.relays.deliver("backup", stop)

    assert sent == Sent(accepted=2, in_doubt=1)
    assert stood_in == Sent()
    assert pair.arrived() == Counter(names)


async def test_worker_goes_on_over_the_next_relay(pair: Pair) -> None:
    names = await pair.issue_for(6)
    stop, waits = asyncio.Event(), asyncio.Event()
    working = asyncio.create_task(work(pair.app, stop, waits))

    await pair.backup.until(lambda rig: len(rig.accepted) == 6)
    stop.set()
    await working

    assert pair.arrived() == Counter(names)


def test_relays_stand_in_for_those_before_them() -> None:
    relays = Standing({"digest": ("a", "b", "c"), "alert": ("b", "a"), "own": ("c",)})
    carried = {"all well": {relay: relays.carried(relay, 0.0) for relay in "abc"}}
    relays.failed("a", 0.0)
    carried["a rests"] = {relay: relays.carried(relay, 1.0) for relay in "abc"}
    carried["a is on trial"] = {relay: relays.carried(relay, 2.0) for relay in "abc"}
    relays.failed("b", 2.0)
    carried["b rests too"] = {relay: relays.carried(relay, 3.0) for relay in "abc"}
    relays.passed("a")
    carried["a is back"] = {relay: relays.carried(relay, 3.0) for relay in "abc"}

    assert carried == {
        "all well": {"a": ["digest"], "b": ["alert"], "c": ["own"]},
        "a rests": {"a": [], "b": ["digest", "alert"], "c": ["own"]},
        "a is on trial": {"a": ["digest"], "b": ["digest", "alert"], "c": ["own"]},
        "b rests too": {"a": ["digest", "alert"], "b": [], "c": ["digest", "own"]},
        "a is back": {"a": ["digest", "alert"], "b": [], "c": ["own"]},
    }


def test_rests_grow_until_the_relay_works() -> None:
    relays = Standing({"digest": ("a",)})
    rests, now = [], 0.0
    for _ in range(7):
        relays.failed("a", now)
        rests.append(relays.rest("a", now))
        now += rests[-1]
    relays.passed("a")
    relays.failed("a", now)

    assert rests == [2, 4, 8, 16, 32, 60, 60]
    assert relays.rest("a", now) == 2


# --- relays that share a newsletter

SHARED = "{ main = 3, backup = 1 }"


async def until_done(pair: Pair, *, to: int) -> None:
    """Let a worker go on until so many mails have arrived."""
    stop, waits = asyncio.Event(), asyncio.Event()
    working = asyncio.create_task(work(pair.app, stop, waits))

    async def is_done() -> bool:
        return pair.arrived().total() >= to

    await until(is_done)
    stop.set()
    await working


@pytest.mark.parametrize("more", ["", "envelope_ahead = true"])
async def test_relays_share_the_mails_of_an_issue_by_their_weights(
    open_pair: Open, more: str
) -> None:
    async with open_pair(SHARED, more) as pair, pair.main:
        names = await pair.issue_for(20)
        await until_done(pair, to=20)

        assert pair.arrived() == Counter(names)
        assert (len(pair.main.accepted), len(pair.backup.accepted)) == (15, 5)


async def test_mail_that_is_put_off_is_tried_again_over_its_own_relay(
    open_pair: Open, clock: SettableClock
) -> None:
    greylisted = in_turn("RCPT", *[say(450, "4.7.1 later")] * 5)
    async with open_pair(SHARED) as pair, pair.main:
        pair.backup.scripts.append(greylisted)
        await pair.issue_for(20)
        stop = asyncio.Event()
        first = [await pair.app.relays.deliver(relay, stop) for relay in ("main", "backup")]
        clock.advance(hours=1)
        again = [await pair.app.relays.deliver(relay, stop) for relay in ("main", "backup")]

    assert first == [Sent(accepted=15), Sent(deferred=5)]
    assert again == [Sent(), Sent(accepted=5)]


async def test_part_of_a_relay_that_is_down_goes_over_the_other_until_it_is_back(
    open_pair: Open, clock: SettableClock
) -> None:
    """And what it may have taken is left, whoever carries its part."""
    async with open_pair(SHARED) as pair:
        pair.main.scripts.append(at("CONTENT", Act(cut=True, take=True), argument="p1@"))
        names = await pair.issue_for(20)
        stop = asyncio.Event()
        down = await pair.app.relays.deliver("main", stop)
        took_over = await pair.app.relays.deliver("backup", stop)
        await pair.desk.bring("two")
        await pair.desk.issue_now()
        await asyncio.sleep(0.3)
        async with pair.main:
            back = await pair.app.relays.deliver("main", stop)
            rest = await pair.app.relays.deliver("backup", stop)
        clock.advance(hours=1)
        pair.app.relays.standing.failed("main", asyncio.get_running_loop().time())
        later = await pair.app.relays.deliver("backup", stop)

    assert down.error is not None
    assert took_over == Sent(accepted=20)
    # The probe is any row; after it each has its part again.
    assert back.in_doubt == 1
    assert back.accepted + rest.accepted == 19
    assert 13 <= back.accepted <= 15
    assert later == Sent()
    assert pair.arrived() == Counter(dict.fromkeys(names, 2))


async def test_what_a_relay_has_no_room_for_today_goes_over_the_other(open_pair: Open) -> None:
    """So that one which is being warmed up may stand beside an old one."""
    async with open_pair(SHARED, "daily = 12") as pair, pair.main:
        names = await pair.issue_for(20)
        await until_done(pair, to=20)

        assert pair.arrived() == Counter(names)
        assert len(pair.main.accepted) == 12


async def test_confirmation_goes_over_whichever_relay_is_free(open_pair: Open) -> None:
    async with open_pair(SHARED) as pair:
        for name in ("ann", "bob", "cem", "dee"):
            await pair.desk.ask(name, confirmed=False)
        sent = await pair.app.relays.deliver("backup", asyncio.Event())

    assert sent == Sent(accepted=4)


def test_parts_are_those_of_the_relays_that_work_and_have_room() -> None:
    relays = Standing({"digest": ("a", "b", "c", "d")}, {"digest": (3, 1, 2, 0)})
    full: set[str] = set()

    def parts() -> dict[str, str]:
        found = {}
        for relay in "abcd":
            if not relays.carried(relay, 9.0):
                continue
            share = relays.shares(relay, lambda each, _: each in full).get("digest")
            found[relay] = f"{share.first}-{share.end}/{share.of}" if share else "all"
        return found

    seen = {"all well": parts()}
    relays.failed("b", 8.0)
    seen["b rests"] = parts()
    full.add("a")
    seen["a is full"] = parts()
    relays.failed("c", 8.0)
    seen["c rests too"] = parts()
    relays.failed("a", 8.0)
    seen["none works"] = parts()
    relays.failed("d", 8.0)
    seen["not even d"] = parts()

    assert seen == {
        "all well": {"a": "0-3/6", "b": "3-4/6", "c": "4-6/6"},
        "b rests": {"a": "0-3/5", "c": "3-5/5"},
        "a is full": {"a": "0-3/5", "c": "all"},
        "c rests too": {"a": "all"},
        "none works": {"d": "all"},
        "not even d": {},
    }


async def test_relay_that_is_back_takes_its_part_from_those_that_had_it() -> None:
    relays = Standing({"digest": ("a", "b", "c"), "own": ("d",)}, {"digest": (1, 1, 0)})
    ended = {}
    relays.failed("a", 0.0)
    async with AsyncExitStack() as runs:
        overs = {
            relay: await runs.enter_async_context(relays.run(relay, asyncio.Event()))
            for relay in "bcd"
        }
        relays.passed("a")
        ended = {relay: over.is_set() for relay, over in overs.items()}

    assert ended == {"b": True, "c": True, "d": False}
