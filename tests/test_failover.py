"""Several relays of one newsletter: the next one stands in for the first while that is down."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
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
from tests.rig.program import free_port
from tests.rig.script import Act, at, say
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
smtp = ["main", "backup"]
cadences = {{ daily = {{ cron = "0 7 * * *" }} }}

[smtp.main]
host = "127.0.0.1"
port = {main}
security = "none"
connections = 3

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


@pytest.fixture
async def pair(
    database_url: str, clock: SettableClock, short_templates: Templates, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Pair]:  # fmt: skip
    monkeypatch.setattr(standing, "_FIRST_REST_SECONDS", 0.2)
    main = SmtpRig(port=free_port())
    async with SmtpRig() as backup:
        path = tmp_path / "publisher.toml"
        path.write_text(CONFIG.format(main=main.port, backup=backup.port), encoding="utf-8")
        async with opened(load(path, {"DATABASE": database_url}), clock=clock) as app:
            yield Pair(app, Desk(app.store, clock, short_templates), main, backup)


async def test_next_relay_takes_over_until_a_probe_succeeds(pair: Pair) -> None:
    """F13: nobody is blamed, and all of it arrives once."""
    names = await pair.issue_for(10)
    stop = asyncio.Event()

    before = await pair.app.deliver("backup", stop)
    failed = await pair.app.deliver("main", stop)
    resting = await pair.app.deliver("main", stop)
    pair.backup.scripts.append(at("MAIL", Act(cut=True), message=5))
    stood_in = await pair.app.deliver("backup", stop)
    await pair.desk.bring("two")
    issue = await pair.desk.issue_now()
    await asyncio.sleep(0.3)
    async with pair.main:
        returned = await pair.app.deliver("main", stop)
        after = await pair.app.deliver("backup", stop)

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
    await pair.app.deliver("main", stop)
    await asyncio.sleep(0.3)
    go_on = asyncio.Event()
    pair.main.scripts.append(at("BANNER", say(220, "at last", after=go_on)))
    async with pair.main:
        probing = asyncio.create_task(pair.app.deliver("main", stop))
        await pair.main.until_asked("BANNER")

        stood_in = await pair.app.deliver("backup", stop)
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
    await pair.app.deliver("main", stop)
    pair.backup.scripts.append(at("CONTENT", say(250, "ok", after=go_on)))
    standing_in = asyncio.create_task(pair.app.deliver("backup", stop))
    await pair.backup.until_asked("CONTENT", 2)
    await asyncio.sleep(0.3)
    async with pair.main:
        await asyncio.wait_for(pair.app.deliver("main", stop), 30)
        go_on.set()
        stood_in = await standing_in
        await pair.app.deliver("main", stop)

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
        sent = await pair.app.deliver("main", stop)
    await pair.app.deliver("main", stop)
    pair.app.standing.failed("main", asyncio.get_running_loop().time())
    clock.advance(hours=1)

    stood_in = await pair.app.deliver("backup", stop)

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
