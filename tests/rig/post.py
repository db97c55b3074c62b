"""A desk with a relay: what its issues have for people is sent, and the ledger looked at."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from publisher.deliver import LEASE, Relay, Sent, deliver
from publisher.deliver.admission import Admission
from publisher.deliver.domains import Domains
from publisher.deliver.pace import Pace
from publisher.deliver.retry import GIVE_UP_AFTER
from publisher.deliver.witness import Witness
from publisher.letters import Letters, Stationery
from publisher.model import Balance, Issue
from publisher.tokens import Tokens
from publisher.transports.smtp import Smtp, SmtpSettings
from tests.rig.desk import Desk
from tests.rig.smtp import SmtpRig

SECRET = b"k" * 32
TOKENS = Tokens({1: SECRET}, 1)


class Post:
    """A desk with a relay: it sends what the desk's issues have for people."""

    def __init__(self, desk: Desk, rig: SmtpRig, connections: int = 3) -> None:
        self.desk = desk
        self.rig = rig
        self.connections = connections
        self.domains: Domains | None = None  # of no limits
        self.pace: Pace | None = None
        self.admission = Admission()
        self.give_up_after = GIVE_UP_AFTER
        self.witness: Witness | None = None
        self.is_ahead = False  # the next envelope may follow a content
        self.stop = asyncio.Event()

    def letters(self) -> Letters:
        newsletter = self.desk.newsletter
        return Letters(
            self.desk.store,
            Stationery(
                publication=self.desk.publication,
                newsletters={newsletter.slug: newsletter},
                tokens=TOKENS,
                secret=SECRET,
                bounce=replace(newsletter.sender, mailbox="bounce@example.org", name=""),
            ),
        )

    async def send(self, lease: timedelta = LEASE) -> Sent:
        if self.domains is None:
            self.domains = Domains(self.connections)
        settings = SmtpSettings(
            host="127.0.0.1",
            port=self.rig.port,
            security="none",
            envelope_ahead=self.is_ahead,
        )
        return await deliver(
            self.desk.store,
            Relay(
                name="main",
                connections=self.connections,
                connect=lambda: Smtp(settings),
                domains=self.domains,
                admission=self.admission,
                pace=self.pace,
                give_up_after=self.give_up_after,
                is_ahead=self.is_ahead,
            ),
            self.letters(),
            newsletters=[self.desk.newsletter.slug],
            clock=self.desk.clock,
            stop=self.stop,
            lease=lease,
            witness=self.witness,
        )

    async def issue_for(self, *names: str) -> Issue:
        await self.desk.bring("one")
        for name in names:
            await self.desk.join(name)
        return await self.desk.issue_now()

    def arrived(self) -> Counter[str]:
        return Counter(
            message.recipient.removesuffix("@example.org") for message in self.rig.accepted
        )

    def message_ids(self) -> list[str]:
        parsed = [
            email.message_from_bytes(message.content, policy=email.policy.default)
            for message in self.rig.accepted
        ]
        return [message["Message-ID"] for message in parsed]


def everybody(count: int, **stands: int) -> Balance:
    empty = {"accepted": 0, "failed": 0, "skipped": 0, "pending": 0, "in_doubt": 0}
    return Balance(audience=count, **{**empty, **stands})
