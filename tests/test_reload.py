"""A changed config: what it means for schedules that it has no more, and that come back."""

from __future__ import annotations

from pathlib import Path

from publisher import issues
from publisher.app import opened
from publisher.config import load
from publisher.model import Issue
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
