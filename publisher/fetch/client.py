"""Asking servers, within limits: one session for one source and one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from io import BytesIO
from types import TracebackType
from typing import Self

from publisher.fetch.answer import Answer
from publisher.fetch.limits import Limits


class Fetcher:
    """Fetches for one source during one pass: ``async with Fetcher(...) as fetcher``.

    ``agent`` is the User-Agent: `user_agent` makes it. ``allow_private`` lets it reach
    loopback, private and link-local addresses. Cookies are never kept.
    """

    def __init__(
        self, *, agent: str, allow_private: bool = False, limits: Limits | None = None
    ) -> None:
        self._agent = agent
        self._allow_private = allow_private
        self._limits = limits or Limits()

    async def __aenter__(self) -> Self:
        """Open the session."""
        # Loaded when something is fetched, for the memory of a process that fetches nothing.
        from publisher.fetch.session import Session

        self._session = await Session.open(
            self._agent, self._limits, allow_private=self._allow_private
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        await self._session.close()

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch a page, following redirects. Gives answers of every status, 304 and 404 too.

        Raises FetchError, with a sentence that names the URL, when no whole answer came within
        the limits, or the address, scheme or port is one that may not be asked. Headers other
        than conditions and preferences are not sent on to another site.
        """
        return await self._session.ask(url, headers or {}, None)

    async def post(self, url: str, form: Mapping[str, str] | Sequence[tuple[str, str]]) -> Answer:
        """Send a form; redirects are not followed. Raises FetchError as `get` does."""
        return await self._session.ask(url, {}, form)

    async def hand_over(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a document; redirects are not followed. Raises FetchError as `get` does.

        Of the answer only status and headers are taken.
        """
        # Read from in pieces: sent as one, a large body would hold up everything else.
        return await self._session.ask(url, headers, BytesIO(body))


def user_agent(base_url: str) -> str:
    """Make the User-Agent: this program, its version, and the site that asks."""
    return f"Publisher/{version('publisher')} (+{base_url})"
