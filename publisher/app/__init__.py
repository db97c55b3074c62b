"""The composition root: the only place that knows every part, and puts them together.

`opened` gives an `App` for a config; commands, pages, clock and worker all work through it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher import editing, hub, issues, prune, signup, webhooks
from publisher.app import coming
from publisher.app.relays import Relays
from publisher.app.returns import Returns, tellers
from publisher.app.sources import Sources
from publisher.bounces import Bounces, Policy
from publisher.compose import Composer
from publisher.config import Config, Webhook
from publisher.correct import Corrector
from publisher.deliver.standing import Standing
from publisher.deliver.witness import Witness
from publisher.editing import Wish
from publisher.letters import Letters, Stationery
from publisher.limits import Limits
from publisher.model import Cadence, FeedDocument, Issue, Newsletter
from publisher.ports import Clock
from publisher.preflight import Preflight
from publisher.publish import Press
from publisher.render import Templates
from publisher.store import articles, keys
from publisher.store import issues as occurrences
from publisher.store import webhooks as told
from publisher.store.edits import About
from publisher.store.engine import Store, connect
from publisher.store.migrate import migrate, require_current
from publisher.tokens import Tokens


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A site put together: its config, its database, and what signs and writes for it."""

    config: Config
    store: Store
    templates: Templates
    ring: keys.Ring
    tokens: Tokens
    letters: Letters
    preflight: Preflight
    press: Press
    composer: Composer
    corrector: Corrector
    clock: Clock
    witness: Witness
    bounces: Bounces
    sources: Sources
    relays: Relays
    returns: Returns

    async def has_old_keys(self) -> bool:
        """Say whether keys were made, retired or have settled since the site was opened."""
        async with self.store.read() as connection:
            return await keys.ring(connection, self.clock()) != self.ring

    async def next_embargo(self) -> datetime | None:
        """Give the instant at which the next article is to be shown that is dated ahead."""
        async with self.store.read() as connection:
            return await articles.next_embargo(connection, self.clock())

    async def publish(self) -> list[FeedDocument]:
        """Build the feeds that changed; give the documents with new bytes.

        Whom the hub is to tell of them is noted; `tell` does it.
        """
        documents = await self.press.publish()
        await hub.note(self.store, self.config.publication, clock=self.clock)
        return documents

    async def tell(self, stop: asyncio.Event) -> hub.Called | hub.Pinged | None:
        """Tell whoever is to be told of news: subscribers of our own hub, or another hub.

        None if there is no hub.
        """
        publication = self.config.publication
        if publication.hub is None:
            return None
        if not publication.has_own_hub:
            return await hub.ping(self.store, publication, clock=self.clock)
        return await hub.call(
            self.store,
            publication,
            allow_private=self.config.hub_allow_private,
            clock=self.clock,
            stop=stop,
        )

    async def tell_webhook(self, hook: Webhook, stop: asyncio.Event) -> int:
        """Tell a webhook everything that it is to be told now; give how many events it took."""
        publication = self.config.publication
        return await webhooks.tell(self.store, hook, publication, clock=self.clock, stop=stop)

    async def deny_gone(self) -> list[str]:
        """Let nobody wait at our hub for a feed that the config has no more; give the topics."""
        publication = self.config.publication
        if not publication.has_own_hub:
            return []
        return await hub.deny_gone(self.store, self.press, publication, clock=self.clock)

    async def next_mail(self, newsletter: Newsletter, cadence: Cadence) -> coming.Read | None:
        """Give the mail of the next issue as it would be now, to somebody who missed none.

        None if there would be no issue. Raises PublisherError.
        """
        rendition = await coming.next_rendition(self, newsletter, cadence)
        if rendition is None:
            return None
        to = await coming.reader(self, newsletter, None)
        return coming.Read.of(coming.message(self, newsletter, rendition, to.address))

    async def look_at_sign_ups(self) -> None:
        """Look at the sign-ups whose web process died before it could. Raises PublisherError."""
        await signup.look_at_rest(
            self.store,
            newsletters=self.config.newsletters,
            publication=self.config.publication,
            templates=self.templates,
            clock=self.clock,
        )

    async def issue(self) -> list[Issue]:
        """Make every issue that has fallen due; give those that were composed just now."""
        for newsletter in self.config.newsletters:
            await issues.ring(self.store, newsletter, clock=self.clock)
        await self.corrector.finish()
        return await self.composer.due()

    async def compose_now(self, newsletter: Newsletter, cadence: Cadence, wish: Wish) -> Issue:
        """Make and compose an occurrence by hand, as an editor wants it.

        Raises TemplateError and PreflightError.
        """
        occurrence = await issues.occur_now(self.store, newsletter, cadence, clock=self.clock)
        if not wish.is_empty:
            await editing.edit(self.store, About.one(occurrence), wish, clock=self.clock)
        return await self.composer.compose(newsletter, occurrence)

    async def prune(self, *, is_dry: bool = False) -> dict[str, int]:
        """Let go of what was kept of people for long enough; give how much, by what it is."""
        return await prune.prune(self.store, self.config.retention, is_dry=is_dry, clock=self.clock)


@asynccontextmanager
async def opened(
    config: Config, *, migrated: bool = False, looking: bool = False, clock: Clock = utc_now
) -> AsyncIterator[App]:
    """Open a site for work. ``migrated`` brings the database to this version first.

    ``looking`` opens it only to look: no schedule is put into force, and nothing is written.
    Raises StoreError when the database is missing, or not of this version.
    """
    url = config.store_url.get_secret_value()
    await asyncio.to_thread(migrate if migrated else require_current, url)
    store = connect(url)
    try:
        if looking:
            async with store.read() as connection:
                ring = await keys.ring(connection, clock())
        else:
            async with store.write() as connection:
                await keys.ensure(connection, clock())
                ring = await keys.ring(connection, clock())
                await _put_in_force(connection, config.newsletters, clock())
                await told.keep(connection, [hook.name for hook in config.webhooks], clock())
        # Where nobody ever worked there is no key, nor a link that one could open.
        made = keys.made()
        yield _assemble(
            config, store, ring or keys.Ring(secrets={1: made}, signing=1, site=made), clock
        )
    finally:
        await store.close()


async def _put_in_force(
    connection: AsyncConnection, newsletters: Sequence[Newsletter], now: datetime
) -> None:
    """Have slots fall due by the schedules of these newsletters, and by no others."""
    kept = {
        (newsletter.slug, cadence.name): cadence.cron or ""
        for newsletter in newsletters
        for cadence in newsletter.cadences
    }
    await occurrences.forget_cadences(connection, kept)
    for (newsletter, cadence), schedule in kept.items():
        await occurrences.in_force(connection, newsletter, cadence, schedule, now)


def _assemble(config: Config, store: Store, ring: keys.Ring, clock: Clock) -> App:
    tokens = Tokens(ring.secrets, ring.signing)
    stationery = Stationery(
        publication=config.publication,
        newsletters={newsletter.slug: newsletter for newsletter in config.newsletters},
        tokens=tokens,
        secret=ring.site,
        bounce=config.bounces.address,
    )
    templates = Templates(config.templates)
    letters = Letters(store, stationery)
    preflight = Preflight(
        publication=config.publication, tokens=tokens, letters=letters, weights=config.preflight
    )
    witness = Witness(config.witness, ring.site)
    bounces = Bounces(
        store,
        stationery=stationery,
        policy=Policy(limit=config.bounces.soft_limit, half_life=config.bounces.soft_half_life),
        clock=clock,
    )
    return App(
        config=config,
        store=store,
        templates=templates,
        ring=ring,
        tokens=tokens,
        letters=letters,
        preflight=preflight,
        witness=witness,
        bounces=bounces,
        sources=Sources(config=config, store=store, clock=clock),
        relays=Relays(
            config=config,
            store=store,
            letters=letters,
            limits=Limits.of(config),
            standing=Standing(
                {each.slug: each.relays for each in config.newsletters},
                {each.slug: each.weights for each in config.newsletters if each.weights},
            ),
            witness=witness,
            clock=clock,
        ),
        returns=Returns(config=config, bounces=bounces, providers=tellers(config)),
        press=Press(
            store,
            publication=config.publication,
            feeds=config.feeds,
            automatic=config.automatic_feeds,
            newsletters=config.newsletters,
            clock=clock,
        ),
        composer=Composer(
            store=store,
            publication=config.publication,
            newsletters=config.newsletters,
            templates=templates,
            preflight=preflight,
            clock=clock,
        ),
        corrector=Corrector(
            store=store,
            publication=config.publication,
            newsletters=config.newsletters,
            templates=templates,
            clock=clock,
        ),
        clock=clock,
    )
