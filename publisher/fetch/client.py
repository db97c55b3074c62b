"""Asking servers, within limits: one session for one source and one pass."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from types import TracebackType
from typing import Self, TypeAlias

import aiohttp

from publisher.errors import FetchError
from publisher.fetch.addresses import PrivateAddress, is_public
from publisher.fetch.answer import Answer
from publisher.fetch.fault import FAILURES, Fault, cause_of
from publisher.fetch.route import UNFIT, Route
from publisher.fetch.unpack import read_body

# A form, or a document.
_Sent: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]] | BytesIO

_REDIRECTS = (301, 302, 303, 307, 308)
_CONNECTIONS_PER_HOST = 2
# Policies for a browser's eyes make single headers of some kilobytes.
_HEADER_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a stranger's answer is put up with. Bytes count unpacked as well as packed."""

    seconds: float = 60.0
    connect_seconds: float = 10.0
    body_bytes: int = 10 * 1024 * 1024
    redirects: int = 5


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
        # Reading the authorities takes long; anew each time, so that renewed ones are heeded.
        tls = await asyncio.to_thread(ssl.create_default_context)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=tls, socket_factory=self._socket, limit_per_host=_CONNECTIONS_PER_HOST
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._agent, "Accept-Encoding": "gzip, deflate"},
            timeout=aiohttp.ClientTimeout(sock_connect=self._limits.connect_seconds),
            auto_decompress=False,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
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
        return await self._ask(url, headers or {}, None)

    async def post(self, url: str, form: Mapping[str, str] | Sequence[tuple[str, str]]) -> Answer:
        """Send a form; redirects are not followed. Raises FetchError as `get` does."""
        return await self._ask(url, {}, form)

    async def hand_over(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a document; redirects are not followed. Raises FetchError as `get` does.

        Of the answer only status and headers are taken.
        """
        # Read from in pieces: sent as one, a large body would hold up everything else.
        return await self._ask(url, headers, BytesIO(body))

    async def _ask(self, url: str, headers: Mapping[str, str], sent: _Sent | None) -> Answer:
        route = Route(url, headers, self._limits.redirects)
        try:
            async with asyncio.timeout(self._limits.seconds):
                route.begin()
                while (answer := await self._exchange(route, sent)) is None:
                    pass
                return answer
        except Fault as fault:
            raise FetchError(route.place, str(fault), is_too_large=fault.is_too_large) from fault
        except aiohttp.ConnectionTimeoutError as error:
            cause = f"no connection within {self._limits.connect_seconds:g} s"
            raise FetchError(route.place, cause) from error
        except TimeoutError as error:
            cause = f"no whole answer within {self._limits.seconds:g} s"
            raise FetchError(route.place, cause) from error
        except FAILURES as error:
            raise FetchError(route.place, cause_of(error)) from error

    async def _exchange(self, route: Route, sent: _Sent | None) -> Answer | None:
        """Ask once; gives None when the answer leads on, and the route does."""
        async with self._session.request(
            "GET" if sent is None else "POST",
            route.url,
            headers=route.headers,
            data=sent,
            allow_redirects=False,
        ) as response:
            location = response.headers.get("Location")
            if sent is None and response.status in _REDIRECTS and location:
                route.redirect(response.status, location)
                return None
            return Answer(
                url=str(route.url),
                moved=route.moved,
                status=response.status,
                headers=_headers(response),
                body=b""
                if isinstance(sent, BytesIO)
                else await read_body(response, self._limits.body_bytes),
            )

    def _socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """Open the socket for an address, the one that will be connected to, if it may be.

        Here, and not where names are looked up, no way of writing an address, no redirect and
        no name that changes its address in between gets by.
        """
        family, kind, protocol, _, address = info
        if not self._allow_private and not is_public(address[0]):
            raise PrivateAddress(address[0])
        return socket.socket(family, kind, protocol)


def user_agent(base_url: str) -> str:
    """Make the User-Agent: this program, its version, and the site that asks."""
    return f"Publisher/{version('publisher')} (+{base_url})"


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Give the headers; those of one name as one, in their order (RFC 9110 §5.3).

    What could not be stored, or be sent back as an ETag is, does not get in.
    """
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        name, value = name.lower(), UNFIT.sub("\ufffd", value)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
