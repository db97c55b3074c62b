"""A worker as a process of its own, to be killed: ``python -m tests.crash.sender URL PORT``.

It sends what is due over five connections until nothing is, and ends. Its lease is short, so
that a test need not wait a minute for what a killed one had claimed.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from publisher.app import utc_now
from publisher.deliver import Relay, deliver
from publisher.deliver.domains import Domains
from publisher.letters import Letters, Stationery
from publisher.model import Address
from publisher.store import keys
from publisher.store.engine import connect
from publisher.tokens import Tokens
from publisher.transports.smtp import Smtp, SmtpSettings
from tests.rig import builders

CONNECTIONS = 5
LEASE = timedelta(seconds=1.5)


async def main(url: str, port: int) -> None:
    store = connect(url)
    async with store.read() as connection:
        secrets = await keys.load(connection)
    newsletter = builders.newsletter()
    letters = Letters(
        store,
        Stationery(
            publication=builders.publication(),
            newsletters={newsletter.slug: newsletter},
            tokens=Tokens(secrets, 1),
            secret=secrets[1],
            bounce=Address(mailbox="bounce@example.org"),
        ),
    )
    settings = SmtpSettings(host="127.0.0.1", port=port, security="none")
    sent = await deliver(
        store,
        Relay(
            name="main",
            connections=CONNECTIONS,
            connect=lambda: Smtp(settings),
            domains=Domains(CONNECTIONS),
        ),
        letters,
        newsletters=[newsletter.slug],
        clock=utc_now,
        stop=asyncio.Event(),
        lease=LEASE,
    )
    print(sent)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
