"""A publication, its newsletter, feed and articles, to be changed where a test needs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from publisher.config.site import Serving
from publisher.ingest.reconcile import Scope
from publisher.model import (
    Address,
    AutomaticFeeds,
    Cadence,
    Claim,
    Feed,
    Format,
    InDoubtPolicy,
    Lane,
    Newsletter,
    Order,
    Publication,
    Rejection,
    Retention,
    Selection,
    SourceArticle,
    Unchanged,
    Unseen,
)
from publisher.ports import Telling, Visit
from publisher.publish import Press
from publisher.store.engine import Store

if TYPE_CHECKING:
    from tests.rig.desk import Desk


class Uneventful:
    """A site at which nothing is coming."""

    async def next_mail(self, newsletter: Newsletter, cadence: Cadence) -> None:
        pass


BERLIN = ZoneInfo("Europe/Berlin")
DAILY = Cadence(name="daily", cron="0 7 * * *")
WEEKLY = Cadence(name="weekly", cron="0 8 * * mon")
INSTANT = Cadence(name="instant", cron=None)


RETENTION = Retention(
    left=timedelta(days=1095),
    unconfirmed=timedelta(days=30),
    replies=timedelta(days=90),
    notices=timedelta(days=90),
    bounces=timedelta(days=180),
    quarantine=timedelta(days=30),
    events=timedelta(days=90),
)
AUTOMATIC = AutomaticFeeds(kinds=(), formats=tuple(Format), limit=50, full=True)
SERVING = Serving(
    max_age=timedelta(minutes=5),
    stale_while_revalidate=timedelta(hours=1),
    polls=None,
    trusted_proxies=(),
)


def press(desk: Desk, *feeds: Feed, store: Store | None = None, **changes: Any) -> Press:
    """Make what builds these feeds of a desk's articles."""
    parts: dict[str, Any] = {
        "publication": desk.publication,
        "feeds": feeds,
        "automatic": AUTOMATIC,
        "newsletters": (),
        "clock": desk.clock,
    }
    return Press(store or desk.store, **(parts | changes))


def publication(**changes: Any) -> Publication:
    made = Publication(
        title="The Lighthouse",
        base_url="https://news.example.org",
        description="What the coast talks about.",
        language="en",
        timezone=BERLIN,
        postal_address="The Lighthouse\n1 Mole Street\nWismar",
    )
    return replace(made, **changes)


def newsletter(**changes: Any) -> Newsletter:
    """Make a newsletter without grace or approval, in three cadences."""
    made = Newsletter(
        slug="digest",
        title="The Digest",
        description="The day in five minutes.",
        sender=Address(mailbox="news@example.org", name="The Lighthouse"),
        reply_to=None,
        subject="{{ newsletter.title }} {{ issue.number }}: {{ articles[0].title }}",
        template="short",
        select=Selection(),
        min_articles=1,
        max_articles=20,
        max_age=None,
        order=Order.NEWEST,
        max_lateness=timedelta(hours=6),
        in_doubt=InDoubtPolicy.ASK,
        grace=timedelta(),
        approval=False,
        relays=("main",),
        cadences=(DAILY, WEEKLY, INSTANT),
        language="en",
        timezone=BERLIN,
    )
    return replace(made, **changes)


def feed(**changes: Any) -> Feed:
    made = Feed(
        slug="all",
        title="Everything",
        description="All that we publish.",
        formats=(Format.RSS, Format.ATOM, Format.JSON),
        limit=50,
        full=True,
        select=Selection(),
        language="en",
    )
    return replace(made, **changes)


def told(name: str, **changes: Any) -> SourceArticle:
    """Tell an article as a source would; what differs gives it another stamp."""
    made = SourceArticle(
        guid=name,
        origin=f"{name}.md",
        stamp="",
        title=name,
        html=f"<p>It happened to {name} on the quay.</p>",
    )
    made = replace(made, **changes)
    return made if made.stamp else replace(made, stamp=f"{hash(made):x}")


def claim(number: int, domain: str, *, confirms: bool = False) -> Claim:
    """Make what a worker has in hand to write to somebody at a domain."""
    return Claim(
        delivery=number,
        attempt=1,
        lane=Lane.CONFIRMATION if confirms else Lane.ISSUE,
        newsletter="digest",
        issue=None if confirms else 1,
        rendition=1,
        subscriber=number,
        subscription=number,
        address=Address(mailbox=f"p{number}@{domain}"),
        created=datetime(2026, 11, 23, tzinfo=UTC),
        deferrals=0,
    )


class Crash(BaseException):
    """The end of the process, as far as the code under test can tell."""


class TellingSource:
    """A source that tells what a test puts in, and fails where a test puts an error."""

    def __init__(
        self,
        *tells: SourceArticle | Unseen | Rejection | BaseException,
        name: str = "newsroom",
        scope: Scope = Scope.WHOLE,
    ) -> None:
        self.name = name
        self.scope = scope
        self.tells = list(tells)

    async def articles(self, visit: Visit) -> Telling:
        visit.tells_all = self.scope is Scope.WHOLE
        visit.is_increment = self.scope is Scope.INCREMENT
        for tells in self.tells:
            if isinstance(tells, BaseException):
                raise tells
            known = await visit.known([tells.origin])
            if isinstance(tells, Unseen) or known.get(tells.origin) != tells.stamp:
                yield tells
            else:
                yield Unchanged(origin=tells.origin)
