"""Poll one feed that is never the same, thousands of times: nothing is mailed twice, or lost.

Feed, HTTP, store, ledger and verbs are the real ones; only the clock is the test's. All that
happens comes from a seed, which is printed. ``make torture`` runs this at full size.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.rig.desk import Desk
from tests.rig.web import WebRig
from tests.simulation.newsroom import Newsroom

# Nothing here is covered that is not elsewhere, and covering takes as long again.
pytestmark = pytest.mark.no_cover

SMALL = 60
POLLS = int(os.environ.get("SIMULATION_POLLS", SMALL))
SEED = int(os.environ.get("SIMULATION_SEED", "20261124"))


async def test_mutated_feed_mails_nothing_twice_and_loses_nothing(
    desk: Desk, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The verbs are the same on both databases, and the full size takes its time.
    polls = POLLS if kind == "sqlite" else min(POLLS, SMALL)
    # To read all authorities takes longer than a pass, which needs none here.
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    print(f"seed {SEED}")
    async with WebRig() as web:
        newsroom = Newsroom(desk, web, random.Random(SEED))
        await newsroom.join("ann", "instant")
        await newsroom.join("bea", "daily")
        await newsroom.join("cem", "weekly")
        await newsroom.join("dov", "daily")
        for number in range(polls):
            if number == polls // 3:
                await newsroom.join("eve", "daily")
                await newsroom.join("fay", "instant")
            await newsroom.work(switching="dov")

        await newsroom.settle()
        books = await newsroom.audit()

    for counts in (newsroom.counts, newsroom.upstream.counts):
        print(", ".join(f"{count:,} {what}" for what, count in counts.items()))
    print(f"mailed twice: {len(books.doubled)}, lost: {len(books.lost)}")
    assert await desk.repeats() == []
    assert books.doubled == []
    assert books.lost == []
    assert books.mixed_up == []
    assert books.outdated == []
    assert books.strangers == []
