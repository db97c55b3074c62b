"""A changed config: what it means for schedules that it has no more, and that come back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from publisher import issues, service
from publisher.app import opened
from publisher.config import load
from publisher.model import Issue
from publisher.store import keys
from tests.rig.clock import SettableClock

CONFIG = """
[publication]
title = "The Lighthouse"
base_url = "https://news.example.org"

[store]
url = "${DATABASE}"

[[newsletters]]
slug = "digest"
title = "The Digest"
from = "news@example.org"
missed = "send"
[newsletters.cadences]
weekly = { cron = "0 8 * * mon" }
"""
DAILY = 'daily = { cron = "0 7 * * *" }\n'
RELAY = '[smtp.main]\nhost = "127.0.0.1"\n'


async def ring(folder: Path, database_url: str, clock: SettableClock, text: str) -> list[Issue]:
    """Let the clock ring under a config."""
    path = folder / "publisher.toml"
    path.write_text(text, encoding="utf-8")
    async with opened(load(path, {"DATABASE": database_url}), clock=clock) as app:
        (newsletter,) = app.config.newsletters
        return await issues.ring(app.store, newsletter, clock=clock)


async def test_cadence_that_comes_back_makes_no_slot_of_the_time_between(
    tmp_path: Path, database_url: str, clock: SettableClock
) -> None:
    await ring(tmp_path, database_url, clock, CONFIG + DAILY + RELAY)
    clock.advance(days=1)
    await ring(tmp_path, database_url, clock, CONFIG + RELAY)
    clock.advance(days=4)

    made = await ring(tmp_path, database_url, clock, CONFIG + DAILY + RELAY)
    clock.advance(days=1)
    next_made = await ring(tmp_path, database_url, clock, CONFIG + DAILY + RELAY)

    assert made == []
    assert [issue.slot for issue in next_made] == ["2026-11-28T07:00"]


async def test_service_takes_other_keys_without_a_restart(
    tmp_path: Path, database_url: str, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "publisher.toml"
    path.write_text(CONFIG + RELAY, encoding="utf-8")
    monkeypatch.setenv("DATABASE", database_url)
    monkeypatch.setattr(service, "_KEYS_SECONDS", 0.01)
    config = load(path, {"DATABASE": database_url})
    signing = []
    for minutes in (0, 5):  # when it is made, and when it has settled
        over, stop, reload = asyncio.Event(), asyncio.Event(), asyncio.Event()
        async with asyncio.timeout(60), opened(config, clock=clock) as app:
            watching = asyncio.create_task(service._watch_keys(app, over, reload))
            if not minutes:
                async with app.store.write() as connection:
                    await keys.add(connection, clock())
            clock.advance(minutes=minutes)

            assert await service._next_config(app, stop, reload) == config

            over.set()
            await watching
        async with opened(config, clock=clock) as app:
            signing.append((sorted(app.ring.secrets), app.ring.signing))
            assert not await app.has_old_keys()

    assert signing == [([1, 2], 1), ([1, 2], 2)]
