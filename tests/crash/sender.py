"""A worker as a process of its own, to be killed, frozen, or run beside another.

    python -m tests.crash.sender URL PORT CONNECTIONS POLICY

It decides what is in doubt by the policy (resend, skip), sends what is due until nothing is, and
ends. With several connections each announces the next message ahead. Its lease is short, so that
a test need not wait a minute for what a killed one had claimed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from publisher.deliver import Relay, decide_doubt, deliver
from publisher.deliver.domains import Domains
from publisher.letters import Letters, Stationery
from publisher.model import Address, InDoubtPolicy
from publisher.store import keys
from publisher.store.engine import connect
from publisher.tokens import Tokens
from publisher.transports.smtp import Smtp, SmtpSettings
from tests.rig import builders

LEASE = timedelta(seconds=1.5)


def utc_now() -> datetime:
    """Tell the time without `publisher.app`, which takes longer to load than all else here."""
    return datetime.now(UTC)


@asynccontextmanager
async def running(
    url: str, port: int, connections: int, policy: InDoubtPolicy, stdout: int = DEVNULL
) -> AsyncIterator[Process]:
    """Run a sender; on leaving it has ended, by itself if nobody killed it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crash.sender",
        url,
        str(port),
        str(connections),
        policy,
        stdout=stdout,
        env={**os.environ, "PGAPPNAME": "sender"},
    )
    try:
        yield process
    except BaseException:
        process.kill()
        raise
    finally:
        await process.wait()


async def main(url: str, port: int, connections: int, policy: InDoubtPolicy) -> None:
    store = connect(url)
    async with store.read() as connection:
        secrets = await keys.load(connection)
    newsletter = builders.newsletter(in_doubt=policy)
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
    is_ahead = connections > 1
    settings = SmtpSettings(host="127.0.0.1", port=port, security="none", envelope_ahead=is_ahead)
    await decide_doubt(store, [newsletter], clock=utc_now)
    sent = await deliver(
        store,
        Relay(
            name="main",
            connections=connections,
            connect=lambda: Smtp(settings),
            domains=Domains(connections),
            is_ahead=is_ahead,
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
    url, port, connections, policy = sys.argv[1:]
    asyncio.run(main(url, int(port), int(connections), InDoubtPolicy(policy)))
