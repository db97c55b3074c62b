"""Live through a year of a publication: nothing is mailed twice, and whatever is not has a rule.

Config, sources, database, verbs and ledger are the real ones, and the small run on PostgreSQL
sends through a real socket; only the clock is the test's. All that happens comes from a seed,
which is printed, but how the relay's refusals fall, as several connections race for them.
``make torture`` runs this at full size: 366 days, 200 readers, 12 time zones.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from publisher.store import accounts
from tests.rig.clock import SettableClock
from tests.rig.script import Accepted
from tests.rig.smtp import SmtpRig
from tests.rig.web import WebRig
from tests.simulation.books import Books
from tests.simulation.relay import Caught, Hop
from tests.simulation.schedules import clock_changes
from tests.simulation.upstream import Upstream
from tests.simulation.year import Place, Year

# Nothing here is covered that is not elsewhere, and covering takes as long again.
pytestmark = pytest.mark.no_cover

DAYS = int(os.environ.get("SIMULATION_DAYS", "9"))
PEOPLE = int(os.environ.get("SIMULATION_PEOPLE", "20"))
SEED = int(os.environ.get("SIMULATION_SEED", "20261124"))
# A few days before a leap day, and a fortnight before the clocks change in America.
BEGIN = datetime(2028, 2, 27, 6, tzinfo=UTC)
# The verbs are the same on both databases, and a year takes its time.
_DAYS_ELSEWHERE = 3
# `why` is asked of so many pairs of each rule.
_MOST_ASKED = 5 + PEOPLE // 10


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep no log of a year: it would be longer than all that it tells of."""
    kept = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.configure(**kept)


async def test_year_mails_each_article_once_or_has_a_rule_that_why_names(
    kind: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # To read all authorities takes longer than a pass, which needs none here.
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    print(f"seed {SEED}")
    clock, chance = SettableClock(BEGIN), random.Random(SEED)
    caught, troubles = Caught(), Counter[str]()

    def taken(accepted: Accepted) -> None:
        caught.take(accepted.recipient, accepted.content)

    is_long = kind == "sqlite"
    async with WebRig() as web, SmtpRig(on_accept=taken) as smtp:
        upstream = Upstream(chance, clock)
        web.pages["/feed"] = upstream.answer
        year = Year(
            Place(path=tmp_path, store=database_url, feed=f"{web.url}/feed", port=smtp.port),
            clock,
            chance,
            people=PEOPLE,
            connect=(lambda: Hop(caught, chance, troubles)) if is_long else None,
        )
        async with year.running():
            await year.readers.arrive(year.app, year.papers)
            while clock() < BEGIN + timedelta(days=DAYS if is_long else _DAYS_ELSEWHERE):
                await year.step()
            if is_long:
                upstream.calm_down()
                await year.come_to_rest()
            books = Books(year, await year.proof.rows.all_rows())
            pairs = list(books.pairs())
            misnamed = await books.misnamed(pairs, chance, _MOST_ASKED)
            async with year.app.store.read() as connection:
                apart = [paper.slug for paper in year.papers if not paper.is_shared]
                repeats = await accounts.repeats(connection, apart)
                states = await year.proof.rows.issue_states()

    year.counts["days"] = (clock() - BEGIN).days
    year.counts["changes of clocks"] = clock_changes(BEGIN, clock())
    year.counts["mails caught"] = caught.mails
    year.counts["articles in them"] = caught.times.total()
    rules = Counter(pair.rule for pair in pairs)
    for title, counts in (
        ("a year", year.counts + year.proof.counts),
        ("issues", states),
        ("readers", year.readers.counts),
        ("feed", upstream.counts),
        ("folder", year.folder.counts),
        ("relay", troubles),
        ("readers, newsletters and articles", rules),
    ):
        print(f"{title}: {', '.join(f'{count:,} {what}' for what, count in counts.items())}")
    assert books.doubled(caught) == []
    assert repeats == []
    assert books.differing(caught) == []
    assert rules["lost"] == 0
    assert misnamed == [], "\n".join(misnamed)
