"""What comes back: mailboxes that are read, and providers that tell of mails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from publisher import providers
from publisher.bounces import Bounces
from publisher.config import Config
from publisher.errors import FetchError
from publisher.fetch import Fetcher, user_agent
from publisher.mailboxes import Mailbox
from publisher.providers import Posted, Provider, Unsigned


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """The ways by which a site is told of its mails."""

    config: Config
    bounces: Bounces
    providers: Mapping[str, Provider]

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


def tellers(config: Config) -> dict[str, Provider]:
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
