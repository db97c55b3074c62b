"""A site that people visit: its pages on a real socket, and a letterbox where its mails arrive."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from publisher.app import App, opened
from publisher.config import load
from publisher.mail.address import key, parse
from publisher.model import Subscription, Wishes
from publisher.service import site_for
from publisher.store import subscribers
from publisher.subscribe import subscribe
from publisher.web.app import application
from publisher.web.serve import serve
from tests.rig.clock import SettableClock
from tests.rig.program import free_port
from tests.rig.smtp import SmtpRig

CONFIG = """
[publication]
title = "The Lighthouse"
base_url = "http://127.0.0.1:{web}"
postal_address = "1 Mole Street, Wismar"
timezone = "Europe/Berlin"

[store]
url = "${{DATABASE}}"

[[newsletters]]
slug = "digest"
title = "The Digest"
description = "The day in five minutes."
from = "The Lighthouse <news@example.org>"
languages = ["de", "ar"]
[newsletters.topics]
ports = {{ title = "Ports", tags = ["ports"] }}
ships = {{ title = "Ships", tags = ["ships"] }}
[newsletters.cadences]
instant = {{}}
daily = {{ cron = "0 7 * * *", own_time = true }}
weekly = {{ cron = "0 8 * * mon" }}

[smtp.main]
host = "127.0.0.1"
port = {smtp}
security = "none"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A site at work. Nobody sends its mails but `post`, so that a test knows when."""

    app: App
    url: str
    clock: SettableClock
    relay: SmtpRig

    async def join(self, address: str, *, confirmed: bool = True) -> Subscription:
        """Subscribe somebody to the first newsletter, or ask them; give their subscription."""
        newsletter, person = self.app.config.newsletters[0], parse(address)
        await subscribe(
            self.app.store,
            newsletter,
            person,
            wishes=Wishes(cadence=newsletter.default_cadence.name),
            confirmed=confirmed,
            consent={"by": "test"},
            publication=self.app.config.publication,
            templates=self.app.templates,
            clock=self.clock,
        )
        return await self.bond(address)

    async def bond(self, address: str) -> Subscription:
        """Give somebody's only subscription."""
        async with self.app.store.read() as connection:
            (found,) = await subscribers.page(connection, address_key=key(parse(address)))
        return found

    async def post(self) -> list[EmailMessage]:
        """Send what is due, and give the mails that arrive, in their order."""
        before = len(self.relay.accepted)
        sent = await self.app.relays.deliver("main", asyncio.Event())
        assert sent.error is None, sent.error
        return [
            email.message_from_bytes(each.content, policy=email.policy.default)
            for each in self.relay.accepted[before:]
        ]


def link(mail: EmailMessage, path: str) -> str:
    """Find the address in a mail's text part that stands below a path, such as "/confirm/"."""
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(rf"http\S*{re.escape(path)}\S+", body.get_content())
    assert found, body.get_content()
    return found[0]


@asynccontextmanager
async def at_home(
    folder: Path, database_url: str, clock: SettableClock, *, more: str = ""
) -> AsyncIterator[House]:
    """Open a house; ``more`` is put at the end of its config."""
    async with SmtpRig() as relay:
        port = free_port()
        path = folder / "publisher.toml"
        path.write_text(CONFIG.format(web=port, smtp=relay.port) + more, encoding="utf-8")
        config = load(path, {"DATABASE": database_url})
        async with opened(config, clock=clock) as app, asyncio.TaskGroup() as tasks:
            stop, started = asyncio.Event(), asyncio.Event()
            tasks.create_task(
                serve(
                    application(site_for(app, capture=False)),
                    "127.0.0.1",
                    port,
                    stop=stop,
                    started=lambda _port: started.set(),
                )
            )
            try:
                await started.wait()
                yield House(app=app, url=config.publication.base_url, clock=clock, relay=relay)
            finally:
                stop.set()
