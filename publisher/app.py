"""The composition root: the only place that knows every part, and puts them together.

`opened` gives an `App` for a config; commands, pages, clock and worker all work through it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from publisher import compose, deliver, ingest, issues, publish
from publisher.config import Config
from publisher.letters import Letters, Stationery
from publisher.model import Cadence, FeedDocument, Issue, Newsletter
from publisher.ports import Clock, Transport
from publisher.render import Templates
from publisher.store import issues as occurrences
from publisher.store import keys
from publisher.store.engine import Store, connect
from publisher.store.migrate import migrate, require_current
from publisher.tokens import Tokens
from publisher.transports.smtp import Smtp, SmtpSettings


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A site put together: its config, its database, and what signs and writes for it."""

    config: Config
    store: Store
    templates: Templates
    tokens: Tokens
    letters: Letters
    clock: Clock

    async def ingest(self, only: Iterable[str] | None = None) -> list[ingest.Intake]:
        """Make a pass over every source, or over these, in the config's order."""
        wanted = None if only is None else set(only)
        return [
            await ingest.ingest(
                self.store,
                entry.make(self.config.publication),
                publication=self.config.publication,
                mailed=entry.start,
                clock=self.clock,
            )
            for entry in self.config.sources
            if wanted is None or entry.name in wanted
        ]

    async def publish(self) -> list[FeedDocument]:
        """Build the feeds that changed; give the documents with new bytes."""
        return await publish.publish(
            self.store, self.config.feeds, publication=self.config.publication, clock=self.clock
        )

    async def issue(self) -> list[Issue]:
        """Make every issue that has fallen due; give those that were composed just now."""
        composed: list[Issue] = []
        for newsletter in self.config.newsletters:
            await issues.ring(self.store, newsletter, clock=self.clock)
            composed += await compose.compose_due(
                self.store,
                newsletter,
                publication=self.config.publication,
                templates=self.templates,
                clock=self.clock,
            )
        return composed

    async def compose_now(self, newsletter: Newsletter, cadence: Cadence) -> Issue:
        """Make and compose an occurrence by hand. Raises TemplateError."""
        occurrence = await issues.occur_now(self.store, newsletter, cadence, clock=self.clock)
        return await self.compose(newsletter, occurrence)

    async def compose(self, newsletter: Newsletter, issue: Issue) -> Issue:
        """Compose a held issue now, whatever its grace. Raises TemplateError."""
        return await compose.compose(
            self.store,
            issue,
            newsletter,
            publication=self.config.publication,
            templates=self.templates,
            clock=self.clock,
        )

    def relays(self) -> dict[str, list[Newsletter]]:
        """Map each relay that is used to the newsletters that it carries, in the config's order."""
        carried: dict[str, list[Newsletter]] = {}
        for newsletter in self.config.newsletters:
            carried.setdefault(newsletter.relays[0], []).append(newsletter)
        return carried

    async def deliver(self, relay: str, stop: asyncio.Event) -> deliver.Sent:
        """Send everything that is due over a relay; rows in doubt are first decided by policy."""
        newsletters = self.relays()[relay]
        await deliver.decide_doubt(self.store, newsletters, clock=self.clock)
        return await deliver.deliver(
            self.store,
            deliver.Relay(
                name=relay,
                connections=self.config.relays[relay].connections,
                connect=lambda: self.connect(relay),
            ),
            self.letters,
            newsletters=[newsletter.slug for newsletter in newsletters],
            clock=self.clock,
            stop=stop,
        )

    def connect(self, relay: str) -> Transport:
        """Make a connection to a relay; nothing is opened before it is used."""
        to = self.config.relays[relay]
        return Smtp(
            SmtpSettings(
                host=to.host,
                port=to.port,
                security=to.security,
                username=to.username,
                password=to.password.get_secret_value() if to.password else None,
            )
        )


@asynccontextmanager
async def opened(
    config: Config, *, migrated: bool = False, clock: Clock = utc_now
) -> AsyncIterator[App]:
    """Open a site for work. ``migrated`` brings the database to this version first.

    Raises StoreError when the database is missing, or not of this version.
    """
    url = config.store_url.get_secret_value()
    await asyncio.to_thread(migrate if migrated else require_current, url)
    store = connect(url)
    try:
        async with store.write() as connection:
            await keys.ensure(connection, clock())
            secrets = await keys.load(connection)
            for newsletter in config.newsletters:
                for cadence in newsletter.cadences:
                    await occurrences.in_force(
                        connection, newsletter.slug, cadence.name, cadence.cron or "", clock()
                    )
        yield _assemble(config, store, secrets, clock)
    finally:
        await store.close()


def _assemble(config: Config, store: Store, secrets: dict[int, bytes], clock: Clock) -> App:
    signing = max(secrets)
    tokens = Tokens(secrets, signing)
    stationery = Stationery(
        publication=config.publication,
        newsletters={newsletter.slug: newsletter for newsletter in config.newsletters},
        tokens=tokens,
        # Message-IDs must not change when keys are rotated: the oldest key makes them.
        secret=secrets[min(secrets)],
        bounce=config.bounce_address,
    )
    return App(
        config=config,
        store=store,
        templates=Templates(config.templates),
        tokens=tokens,
        letters=Letters(store, stationery),
        clock=clock,
    )
