"""A newsroom's day in few words: articles come, people join, slots fall due, issues are made.

Every step is the real verb on a real store; only the clock is the test's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from publisher import issues as occurrences
from publisher.compose import Composer
from publisher.ingest import Intake, Terms, ingest
from publisher.letters import Letters, Stationery
from publisher.mail import address as addresses
from publisher.model import (
    Address,
    Article,
    Balance,
    Cadence,
    Claim,
    DeliveryState,
    Issue,
    IssueState,
    Newsletter,
    Subscription,
    Weight,
    Wishes,
)
from publisher.preflight import DEFAULTS, Preflight
from publisher.render import Templates
from publisher.store import (
    accounts,
    articles,
    issues,
    ledger,
    renditions,
    settling,
    subscribers,
    subscriptions,
    suppressions,
)
from publisher.store.engine import Store
from publisher.store.settling import Outcome
from publisher.store.tables import deliveries
from publisher.store.tables import subscribers as people
from publisher.subscribe import Subscribed, subscribe
from publisher.tokens import Tokens
from tests.rig import builders
from tests.rig.builders import TellingSource
from tests.rig.clock import SettableClock

MINUTE = timedelta(minutes=1)


class Desk:
    """One newsletter over one source that keeps what it was given."""

    def __init__(self, store: Store, clock: SettableClock, templates: Templates) -> None:
        self.store = store
        self.clock = clock
        self.templates = templates
        self.publication = builders.publication()
        self.newsletter: Newsletter = builders.newsletter()
        # All of the site's, where there are several.
        self.newsletters: list[Newsletter] = []
        self.source = TellingSource()
        # Templates of tests say little: most tests are of something else.
        self.weights = dict.fromkeys(DEFAULTS, Weight.OFF)

    # --- articles

    async def bring(self, *names: str, **changes: Any) -> Intake:
        """Let the source tell these articles as well, and take them in."""
        self.source.tells += [builders.told(name, **changes) for name in names]
        return await self.take_in()

    async def take_in(
        self,
        source: TellingSource | None = None,
        mailed: int | None = None,
        *,
        has_breaker: bool = True,
    ) -> Intake:
        return await ingest(
            self.store,
            source or self.source,
            publication=self.publication,
            terms=Terms(every=MINUTE, mailed=mailed, has_breaker=has_breaker),
            clock=self.clock,
        )

    async def article(self, slug: str) -> Article:
        async with self.store.read() as connection:
            found = await articles.by_slug(connection, slug)
        assert found is not None, slug
        return found

    async def all_articles(self) -> list[Article]:
        async with self.store.read() as connection:
            return [article async for article in articles.listing(connection)]

    # --- people

    async def join(self, name: str, cadence: str = "daily", *, confirmed: bool = True) -> int:
        """Subscribe name@example.org, or a whole address; give the subscription's id."""
        await self.ask(name, cadence, confirmed=confirmed)
        return (await self.bond(name)).id

    async def ask(
        self, name: str, cadence: str = "daily", *, confirmed: bool, by_form: bool = False
    ) -> Subscribed:
        return await subscribe(
            self.store,
            self.newsletter,
            _address(name),
            wishes=Wishes(cadence=cadence),
            confirmed=confirmed,
            by_form=by_form,
            consent={"by": "test"},
            publication=self.publication,
            templates=self.templates,
            clock=self.clock,
        )

    async def bond(self, name: str) -> Subscription:
        async with self.store.read() as connection:
            (found,) = await subscribers.page(
                connection,
                newsletter=self.newsletter.slug,
                address_key=addresses.key(_address(name)),
            )
        return found

    async def switch(self, name: str, cadence: str) -> None:
        await self.wish(name, cadence=cadence)

    async def wish(self, name: str, **changes: Any) -> None:
        """Let a reader have it otherwise."""
        bond = await self.bond(name)
        async with self.store.write() as connection:
            await subscriptions.choose(
                connection, bond.id, replace(bond.wishes, **changes), self.clock()
            )

    async def leave(self, name: str) -> None:
        bond = await self.bond(name)
        async with self.store.write() as connection:
            await subscriptions.end(connection, bond.id, self.clock())

    async def suppress(self, name: str, reason: str = "hard_bounce", **scope: Any) -> None:
        """Suppress name@example.org, a whole address, or @ and a domain."""
        key = addresses.scope(name if "@" in name else f"{name}@example.org")
        async with self.store.write() as connection:
            await suppressions.suppress(connection, key, reason, self.clock(), **scope)

    # --- issues

    async def ring(self, store: Store | None = None) -> list[Issue]:
        return await occurrences.ring(store or self.store, self.newsletter, clock=self.clock)

    def composer(self, store: Store | None = None) -> Composer:
        return Composer(
            store=store or self.store,
            publication=self.publication,
            newsletters=self.newsletters or [self.newsletter],
            templates=self.templates,
            preflight=self.preflight(),
            clock=self.clock,
        )

    def preflight(self) -> Preflight:
        tokens = Tokens({1: b"k" * 32}, 1)
        stationery = Stationery(
            publication=self.publication,
            newsletters={each.slug: each for each in self.newsletters or [self.newsletter]},
            tokens=tokens,
            secret=b"k" * 32,
            bounce=None,
        )
        return Preflight(
            publication=self.publication,
            tokens=tokens,
            letters=Letters(self.store, stationery),
            weights=self.weights,
        )

    async def compose_due(self) -> list[Issue]:
        return await self.composer().due()

    async def compose(self, issue: Issue, store: Store | None = None) -> Issue:
        return await self.composer(store).compose(self.newsletter, issue)

    async def occur(self, cadence: str = "daily") -> Issue:
        """Make an occurrence by hand a moment from now, so that no two are the same."""
        self.clock.advance(microseconds=1)
        return await occurrences.occur_now(
            self.store, self.newsletter, self.cadence(cadence), clock=self.clock
        )

    async def issue_now(self, cadence: str = "daily") -> Issue:
        return await self.compose(await self.occur(cadence))

    async def stop(self, issue: Issue) -> int | None:
        return await occurrences.stop(self.store, issue, clock=self.clock)

    async def approve(self, issue: Issue) -> None:
        async with self.store.write() as connection:
            await issues.approve(connection, issue.id)

    async def issue(self, id: int) -> Issue:
        async with self.store.read() as connection:
            found = await issues.get(connection, id)
        assert found is not None
        return found

    def cadence(self, name: str) -> Cadence:
        return next(each for each in self.newsletter.cadences if each.name == name)

    async def open_issues(self) -> list[Issue]:
        async with self.store.read() as connection:
            return await issues.listing(connection, states=[IssueState.OPEN])

    # --- the ledger

    async def guids(self, rendition: int) -> list[str]:
        """Give the guids of the articles of a rendition."""
        known = {article.id: article.guid for article in await self.all_articles()}
        async with self.store.read() as connection:
            found = await renditions.get(connection, rendition)
        return [known[id] for id in found.article_ids]

    async def told_to(self, issue: Issue) -> dict[str, list[str]]:
        """Map each recipient's name to the guids of the articles that the issue has for them."""
        told: dict[str, list[str]] = {}
        guids = {article.id: article.guid for article in await self.all_articles()}
        async with self.store.read() as connection:
            rows = await connection.execute(
                select(deliveries.c.rendition_id, people.c.mailbox)
                .join(people, people.c.id == deliveries.c.subscriber_id)
                .where(deliveries.c.issue_id == issue.id)
            )
            for row in rows:
                rendition = await renditions.get(connection, row.rendition_id)
                name = row.mailbox.partition("@")[0]
                assert name not in told, "a person twice in an issue"
                told[name] = [guids[id] for id in rendition.article_ids]
        return told

    async def claim(
        self, limit: int = 100, lease_minutes: float = 5, store: Store | None = None
    ) -> list[Claim]:
        async with (store or self.store).write() as connection:
            return await ledger.claim(
                connection,
                newsletters=[self.newsletter.slug],
                limit=limit,
                now=self.clock(),
                lease_ends=self.clock() + timedelta(minutes=lease_minutes),
            )

    async def mark(self, claims: list[Claim], lease_minutes: float = 5) -> set[int]:
        async with self.store.write() as connection:
            now = self.clock()
            lease_ends = now + timedelta(minutes=lease_minutes)
            return await connection.run_sync(settling.mark_sending, claims, now, lease_ends)

    async def settle(
        self,
        claims: list[Claim],
        state: DeliveryState,
        *,
        due: datetime | None = None,
        deferred: bool = False,
    ) -> int:
        outcomes = [
            Outcome(
                claim=claim,
                state=state,
                due=due or self.clock(),
                reply="250 ok" if state is DeliveryState.ACCEPTED else "no",
                deferred=deferred,
            )
            for claim in claims
        ]
        async with self.store.write() as connection:
            return await connection.run_sync(settling.settle, outcomes, self.clock())

    async def deliver_all(self) -> list[Claim]:
        """Send everything that is due, and have it accepted."""
        claims = await self.claim()
        await self.mark(claims)
        await self.settle(claims, DeliveryState.ACCEPTED)
        return claims

    async def balance(self, issue: Issue) -> Balance:
        async with self.store.read() as connection:
            return await accounts.balance(connection, issue.id, self.clock())

    async def repeats(self) -> list[tuple[int, int, int]]:
        async with self.store.read() as connection:
            return await accounts.repeats(connection)


def _address(name: str) -> Address:
    return addresses.parse(name if "@" in name else f"{name}@example.org")
