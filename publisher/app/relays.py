"""What goes out: every mail leaves over a relay of the config, or waits for one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from publisher import deliver, notify
from publisher.config import Config
from publisher.deliver.standing import Standing
from publisher.deliver.witness import Witness
from publisher.letters import Letters
from publisher.limits import Limits
from publisher.model import Newsletter, Share
from publisher.ports import Clock, Transport
from publisher.store import finishing, ledger
from publisher.store.engine import Store
from publisher.transports._settings import Hop
from publisher.transports.file import File, FileSettings
from publisher.transports.lmtp import Lmtp, LmtpSettings
from publisher.transports.smtp import Smtp, SmtpSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Relays:
    """The relays of a config: what each carries now, and the way over it."""

    config: Config
    store: Store
    letters: Letters
    limits: Limits
    standing: Standing
    witness: Witness
    clock: Clock

    def names(self) -> list[str]:
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

    def carrying(self, newsletter: Newsletter) -> list[str]:
        """Name the relays that carry a newsletter now; none if all of them rest."""
        now = asyncio.get_running_loop().time()
        slug = newsletter.slug
        return [each for each in newsletter.relays if slug in self.standing.carried(each, now)]

    def why_waiting(self, newsletter: Newsletter) -> str | None:
        """Say why issues of a newsletter are not sent now; None if nothing keeps them."""
        now = self.clock()
        relays = self.carrying(newsletter) or newsletter.relays[:1]
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
            return next(iter(self.carrying(found) if found else ()), first)

        line = notify.Line(
            sender=sender,
            admin=config.admin,
            senders=senders,
            connect=lambda newsletter: self.connect(carrier(newsletter)),
        )
        return await notify.notify(self.store, line, clock=self.clock, stop=stop)

    def connect(self, relay: str) -> Transport:
        """Make a connection to a relay; nothing is opened before it is used."""
        to = self.config.relays[relay]
        transport = _transport(to.hop)
        if not to.signers:
            return transport
        # Here, since its library takes its time to load, and few sites sign.
        from publisher.transports._signing import Signing

        return Signing(transport, to.signers)


def _transport(hop: Hop) -> Transport:
    match hop:
        case FileSettings():
            return File(hop.folder, hop.format)
        case LmtpSettings():
            return Lmtp(hop)
        case SmtpSettings():
            return Smtp(hop)
