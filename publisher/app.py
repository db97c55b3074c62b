"""The composition root: the only place that knows every part, and puts them together.

`opened` gives an `App` for a config; commands, pages, clock and worker all work through it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher import (
    deliver,
    editing,
    hub,
    ingest,
    issues,
    notify,
    providers,
    prune,
    signup,
    webhooks,
    websub,
)
from publisher.bounces import Bounces, Policy
from publisher.compose import Composer
from publisher.config import Config, SourceEntry, Webhook
from publisher.correct import Corrector
from publisher.deliver.standing import Standing
from publisher.deliver.witness import Witness
from publisher.editing import Wish
from publisher.errors import FetchError
from publisher.fetch import Fetcher, user_agent
from publisher.ingest.legible import bounded, legible
from publisher.letters import Letters, Stationery
from publisher.limits import Limits
from publisher.mailboxes import Mailbox
from publisher.model import (
    Cadence,
    FeedDocument,
    Hold,
    Issue,
    Newsletter,
    Rejection,
    Share,
    SourceArticle,
)
from publisher.ports import Clock, Source, Transport
from publisher.preflight import Preflight
from publisher.providers import Posted, Provider, Unsigned
from publisher.publish import Press
from publisher.render import Templates
from publisher.sources.push import Pushed, PushSource, PushState
from publisher.sources.push import Settings as PushSettings
from publisher.store import articles, finishing, keys, ledger, origins, sources
from publisher.store import issues as occurrences
from publisher.store import webhooks as told
from publisher.store.edits import About
from publisher.store.engine import Store, connect
from publisher.store.migrate import migrate, require_current
from publisher.tokens import Tokens
from publisher.transports._settings import Hop
from publisher.transports.file import File, FileSettings
from publisher.transports.lmtp import Lmtp, LmtpSettings
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
    ring: keys.Ring
    tokens: Tokens
    letters: Letters
    preflight: Preflight
    press: Press
    composer: Composer
    corrector: Corrector
    clock: Clock
    limits: Limits
    standing: Standing
    bounces: Bounces
    providers: Mapping[str, Provider]
    witness: Witness
    # Passes over one source are made one after the other, whoever asks for them.
    turns: defaultdict[str, asyncio.Lock] = field(
        init=False, repr=False, default_factory=lambda: defaultdict(asyncio.Lock)
    )

    async def has_old_keys(self) -> bool:
        """Say whether keys were made, retired or have settled since the site was opened."""
        async with self.store.read() as connection:
            return await keys.ring(connection, self.clock()) != self.ring

    def source(self, name: str) -> Source:
        """Make a source of the config."""
        return self._entry(name).make(self.config.publication)

    async def ingest(self, name: str) -> ingest.Intake:
        """Make a pass over a source now, due or not."""
        async with self.turns[name]:
            return await _pass(self, self.source(name), _terms(self._entry(name)))

    @property
    def push_tokens(self) -> dict[str, SecretStr]:
        """Map each source of kind "push" to the token that opens it, in the config's order."""
        return {
            entry.name: entry.settings.token
            for entry in self.config.sources
            if isinstance(entry.settings, PushSettings)
        }

    async def push(self, name: str, told: SourceArticle) -> Pushed | Rejection:
        """Take in one article that was handed over to a source; the clock publishes it soon.

        Its origin is its guid. A rejection has changed nothing, and is kept nowhere: whoever
        pushed the article is the one to mend it.
        """
        bound = bounded(legible(told))
        if isinstance(bound, Rejection):
            return bound
        told = bound
        # It was handed over to be published: no part of a backlog, however early it comes.
        terms = replace(_terms(self._entry(name)), mailed=None)
        async with self.turns[name]:
            async with self.store.read() as connection:
                before = (await origins.find(connection, name, [told.guid])).get(told.guid)
            intake = await _pass(self, PushSource(name, told), terms)
            async with self.store.write() as connection:
                for rejection in intake.rejected:
                    if rejection.origin == told.origin:
                        await sources.accept_again(connection, name, [told.origin])
                        return rejection
                await sources.ask_soon(connection, name, self.clock())
                stored = (await origins.find(connection, name, [told.guid]))[told.guid]
                article = await articles.by_slug(connection, stored.slug)
        assert article is not None  # noqa: S101 -- articles are never deleted
        if before is None or before.gone or before.hold is Hold.ARRIVING:
            state = PushState.NEW
        else:
            state = PushState.CHANGED if intake.changed else PushState.UNCHANGED
        return Pushed(
            guid=told.guid,
            slug=article.slug,
            url=self.config.publication.article_url(article),
            state=state,
        )

    async def withdraw_pushed(self, name: str, guid: str) -> bool:
        """Let a source have an article no more; False if it has none of this guid."""
        async with self.turns[name], self.store.write() as connection:
            stored = (await origins.find(connection, name, [guid])).get(guid)
            if stored is None or stored.gone:
                return False
            await origins.go(connection, [stored.id], self.clock())
            await sources.ask_soon(connection, name, self.clock())
        return True

    async def due_sources(self) -> list[str]:
        """Name the sources that are to be asked now, in the config's order."""
        entries = self.config.sources
        async with self.store.read() as connection:
            known = await sources.statuses(connection, [entry.name for entry in entries])
        now = self.clock()
        return [
            entry.name
            for entry in entries
            if (due := self.next_try(entry, known[entry.name])) is not None and due <= now
        ]

    def next_try(self, entry: SourceEntry, known: sources.SourceStatus) -> datetime | None:
        """Say when a source is to be asked next; None if it has gone for good."""
        return ingest.next_try(known, _terms(entry))

    async def follow_hub(self, name: str) -> None:
        """Let the hub that a source's feed names tell us of news."""
        entry = self._entry(name)
        async with self.store.read() as connection:
            memory = (await sources.status(connection, name)).memory
        await websub.follow(
            self.store,
            name,
            memory.get("hub"),
            base_url=self.config.publication.base_url,
            allow_private=getattr(entry.settings, "allow_private", False),
            clock=self.clock,
        )

    async def is_wanted(self, name: str) -> bool:
        """Say whether somebody has asked for a pass over a source outside its schedule."""
        async with self.store.read() as connection:
            return (await sources.status(connection, name)).is_wanted

    def _entry(self, name: str) -> SourceEntry:
        return next(entry for entry in self.config.sources if entry.name == name)

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

    def relays(self) -> list[str]:
        """Name the relays that newsletters go over, or may go over, in the config's order."""
        named = {relay for newsletter in self.config.newsletters for relay in newsletter.relays}
        return [relay for relay in self.config.relays if relay in named]

    def _next_hop(self, relay: str) -> deliver.Relay:
        to = self.config.relays[relay]
        return deliver.Relay(
            name=relay,
            connections=to.connections,
            connect=lambda: self.connect(relay),
            domains=self.limits.domains[relay],
            admission=self.limits.admissions[relay],
            pace=self.limits.paces.get(relay),
            give_up_after=to.give_up_after,
            is_ahead=isinstance(to.hop, SmtpSettings) and to.hop.envelope_ahead,
        )

    async def deliver(self, relay: str, stop: asyncio.Event) -> deliver.Sent:
        """Send everything that is due over a relay; rows in doubt are first decided by policy.

        That is what it carries now (`publisher.deliver.standing`); nothing while it rests.
        """
        loop, total = asyncio.get_running_loop(), deliver.Sent()
        while carried := self.standing.carried(relay, loop.time()):
            newsletters = [each for each in self.config.newsletters if each.slug in carried]
            shares = self._shares(relay)
            await deliver.decide_doubt(self.store, newsletters, clock=self.clock)
            is_probe = self.standing.is_on_trial(relay)
            async with self.standing.run(relay, stop) as over:
                sent = await deliver.deliver(
                    self.store,
                    self._next_hop(relay),
                    self.letters,
                    newsletters=carried,
                    shares=shares,
                    clock=self.clock,
                    stop=over,
                    witness=self.witness,
                    is_probe=is_probe,
                )
            total += sent
            if sent.error is not None:
                self.standing.failed(relay, loop.time())
            if sent.error is not None or not is_probe or sent == deliver.Sent():
                break
            self.standing.passed(relay)
        await self._finish()
        return total

    async def _finish(self) -> None:
        """Note which issues are finished, so that other programs are told."""
        async with self.store.read() as connection:
            if not await finishing.is_any_finished(connection, self.clock()):
                return
        async with self.store.write() as connection:
            await finishing.finish(connection, self.clock())

    async def is_due(self, relay: str) -> bool:
        """Say whether any mail is due that a relay carries now."""
        carried = self.standing.carried(relay, asyncio.get_running_loop().time())
        if not carried:
            return False
        async with self.store.read() as connection:
            return await ledger.is_due(connection, carried, self.clock(), self._shares(relay))

    def _shares(self, relay: str) -> dict[str, Share]:
        """Say which part a relay has now in newsletters that it shares with others."""
        now = self.clock()
        return self.standing.shares(
            relay, lambda other, slug: self.limits.admissions[other].is_full(slug, now)
        )

    def relays_of(self, newsletter: Newsletter) -> list[str]:
        """Name the relays that carry a newsletter now; none if all of them rest."""
        now = asyncio.get_running_loop().time()
        slug = newsletter.slug
        return [each for each in newsletter.relays if slug in self.standing.carried(each, now)]

    def why_waiting(self, newsletter: Newsletter) -> str | None:
        """Say why issues of a newsletter are not sent now; None if nothing keeps them."""
        now = self.clock()
        relays = self.relays_of(newsletter) or newsletter.relays[:1]
        reasons = [self.limits.admissions[each].reason(newsletter.slug, now) for each in relays]
        return None if None in reasons else reasons[0]

    async def notify(self, stop: asyncio.Event) -> int:
        """Mail the admin what somebody has to look at, and mailboxes what concerns them alone.

        Give how many notices were sent. The admin's go over the first relay that works, from the
        first newsletter, and stay noted without an admin.
        """
        config = self.config
        senders = {newsletter.slug: newsletter.sender for newsletter in config.newsletters}
        sender = next(iter(senders.values()), config.admin)
        if sender is None or not config.relays:
            return 0
        down = self.standing.is_on_trial
        first = min(config.relays, key=down)  # the first that is not down, or the first

        def carrier(slug: str) -> str:
            found = next((each for each in config.newsletters if each.slug == slug), None)
            return next(iter(self.relays_of(found) if found else ()), first)

        line = notify.Line(
            sender=sender,
            admin=config.admin,
            senders=senders,
            connect=lambda newsletter: self.connect(carrier(newsletter)),
        )
        return await notify.notify(self.store, line, clock=self.clock, stop=stop)

    async def prune(self, *, is_dry: bool = False) -> dict[str, int]:
        """Let go of what was kept of people for long enough; give how much, by what it is."""
        return await prune.prune(self.store, self.config.retention, is_dry=is_dry, clock=self.clock)

    def mailboxes(self) -> list[Mailbox]:
        """Make the mailboxes into which mails come back; nothing is opened before it is used."""
        # Here, since their libraries take their time to load, and most commands need none.
        from publisher.mailboxes.imap import Imap
        from publisher.mailboxes.lmtp import LmtpListener
        from publisher.mailboxes.maildir import Maildir

        settings, address = self.config.bounces.mailboxes, self.config.bounces.address
        made: list[Mailbox] = []
        if settings.maildir is not None:
            made.append(Maildir(settings.maildir))
        if settings.imap is not None:
            made.append(Imap(settings.imap))
        if settings.lmtp is not None and address is not None:
            made.append(LmtpListener(settings.lmtp, address))
        return made

    async def hear(self, name: str, posted: Posted) -> None:
        """Take in what a provider has posted.

        Raises Unsigned, Unreadable, and FetchError or StoreError where it has to come again.
        """
        try:
            verdicts = await self.providers[name].events(posted)
        except Unsigned:
            await self.bounces.ignore("unsigned")
            raise
        for verdict in verdicts:
            await self.bounces.hear(verdict, via=name)

    def connect(self, relay: str) -> Transport:
        """Make a connection to a relay; nothing is opened before it is used."""
        to = self.config.relays[relay]
        transport = _transport(to.hop)
        if not to.signers:
            return transport
        # Here, since its library takes its time to load, and few sites sign.
        from publisher.transports._signing import Signing

        return Signing(transport, to.signers)


def _providers(config: Config) -> dict[str, Provider]:
    """Make the providers that tell of mails; what they point to is fetched as from strangers."""

    async def get(url: str) -> bytes:
        async with Fetcher(agent=user_agent(config.publication.base_url)) as fetcher:
            answer = await fetcher.get(url)
        if answer.status != 200:
            raise FetchError(url, f"the server answered {answer.status}")
        return answer.body

    site = providers.Site(bounce=config.bounces.address, get=get)
    return {
        name: module.make(settings, site)
        for name, (module, settings) in config.bounces.providers.items()
    }


def _transport(hop: Hop) -> Transport:
    match hop:
        case FileSettings():
            return File(hop.folder, hop.format)
        case LmtpSettings():
            return Lmtp(hop)
        case SmtpSettings():
            return Smtp(hop)


async def _pass(app: App, source: Source, terms: ingest.Terms) -> ingest.Intake:
    return await ingest.ingest(
        app.store, source, publication=app.config.publication, terms=terms, clock=app.clock
    )


def _terms(entry: SourceEntry) -> ingest.Terms:
    return ingest.Terms(
        every=entry.every,
        mailed=entry.start,
        has_breaker=entry.breaker,
        settings=entry.settings.model_dump_json(),
    )


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
    return App(
        config=config,
        store=store,
        templates=templates,
        ring=ring,
        tokens=tokens,
        letters=letters,
        preflight=preflight,
        limits=Limits.of(config),
        bounces=Bounces(
            store,
            stationery=stationery,
            policy=Policy(limit=config.bounces.soft_limit, half_life=config.bounces.soft_half_life),
            clock=clock,
        ),
        providers=_providers(config),
        witness=Witness(config.witness, ring.site),
        standing=Standing(
            {each.slug: each.relays for each in config.newsletters},
            {each.slug: each.weights for each in config.newsletters if each.weights},
        ),
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
