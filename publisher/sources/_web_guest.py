"""How a site is visited: as a guest who asks robots.txt first and leaves time between requests.

Robots Exclusion Protocol: RFC 9309. Everything that the kind ``web`` fetches goes through here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from protego import Protego

from publisher.errors import FetchError, SourceError
from publisher.fetch import Answer, Fetcher
from publisher.sources._answers import require_good

# The name that robots.txt knows us by (RFC 9309 §2.2.1); the User-Agent begins with it.
_TOKEN = "Publisher"  # noqa: S105 -- a product token, no secret
_ROBOTS_BYTES = 500 * 1024  # RFC 9309 §2.5
_MOST_DELAY_SECONDS = 30.0
# So many pages in a row that cannot be had are a server in trouble, not a bad page.
_MOST_TROUBLES = 3

Sleep = Callable[[float], Awaitable[None]]


class Disallowed(Exception):
    """robots.txt asks programs such as this one not to read the page."""


class Trouble(Exception):
    """A page cannot be had now: a sentence with the reason. It is to be tried again."""

    def __init__(self, reason: str, rest: timedelta | None = None) -> None:
        super().__init__(reason)
        self.rest = rest


class Guest:
    """Fetches for source ``name`` in one pass, ``delay`` or longer apart.

    ``sleep`` waits for seconds.
    """

    def __init__(
        self, fetcher: Fetcher, *, name: str, now: datetime, delay: timedelta, sleep: Sleep
    ) -> None:
        self._fetcher = fetcher
        self._name = name
        self._now = now
        self._delay_seconds = delay.total_seconds()
        self._sleep = sleep
        self._has_asked = False
        self._troubles = 0
        self._rules: dict[str, Protego | Trouble] = {}

    async def may_read(self, url: str) -> bool:
        """Say whether robots.txt lets us; raises Trouble when that cannot be known now."""
        rules = await self._rules_for(url)
        # In a thread: thousands of patterns with asterisks take their time.
        return await asyncio.to_thread(rules.can_fetch, url, _TOKEN)

    async def get(self, url: str) -> Answer:
        """Fetch a page. Gives answers of every status but 429 and 5xx.

        Raises Disallowed, Trouble, or, when too much in a row was trouble, SourceError.
        """
        try:
            if not await self.may_read(url):
                raise Disallowed
            answer = await self._ask(url)
        except Trouble as trouble:
            self._troubles += 1
            if self._troubles == _MOST_TROUBLES:
                raise SourceError(
                    f'source "{self._name}": {_MOST_TROUBLES} requests in a row failed, the last'
                    f" with {trouble}; the rest waits for the next pass",
                    rest=trouble.rest,
                ) from trouble
            raise
        self._troubles = 0
        return answer

    async def require(self, url: str) -> Answer:
        """Fetch what the pass cannot do without. Raises SourceError if it is not to be had."""
        try:
            answer = await self.get(url)
        except Disallowed as error:
            raise SourceError(
                f'source "{self._name}": the robots.txt of {urlsplit(url).netloc} asks programs'
                f' not to read {url}; ask those who run the site to allow "{_TOKEN}"'
            ) from error
        except Trouble as trouble:
            raise SourceError(
                f'source "{self._name}": {trouble}; this pass is given up', rest=trouble.rest
            ) from trouble
        require_good(answer, name=self._name, now=self._now)
        return answer

    async def _rules_for(self, url: str) -> Protego:
        authority = _authority(url)
        if authority not in self._rules:
            try:
                self._rules[authority] = await self._read_robots(authority)
            except Trouble as trouble:
                # RFC 9309 §2.3.1.4: what cannot be known is taken for a no to everything.
                self._rules[authority] = trouble
        rules = self._rules[authority]
        if isinstance(rules, Trouble):
            raise rules
        return rules

    async def _read_robots(self, authority: str) -> Protego:
        answer = await self._ask(f"{authority}/robots.txt")
        # RFC 9309 §2.3.1.3: without a robots.txt everything may be read.
        written = answer.body[:_ROBOTS_BYTES] if answer.is_good else b""
        text = written.decode("utf-8-sig", "replace")
        rules = await asyncio.to_thread(Protego.parse, text)
        wished = rules.crawl_delay(_TOKEN) or 0.0
        self._delay_seconds = max(self._delay_seconds, min(wished, _MOST_DELAY_SECONDS))
        return rules

    async def _ask(self, url: str) -> Answer:
        if self._has_asked:
            await self._sleep(self._delay_seconds)
        self._has_asked = True
        try:
            answer = await self._fetcher.get(url)
        except FetchError as error:
            raise Trouble(str(error)) from error
        if answer.status == 429 or answer.status >= 500:
            raise Trouble(f"{url} answers {answer.status}", answer.rest(self._now))
        return answer


def _authority(url: str) -> str:
    """Give what a robots.txt speaks for: scheme, host and port (RFC 9309 §2.3)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
