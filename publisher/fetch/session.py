"""What the client library does: one session, and one request after another within limits.

Loaded where something is fetched: aiohttp takes memory of which a process that only sends mail is
spared.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Self, TypeAlias

import aiohttp

from publisher.errors import FetchError
from publisher.fetch.addresses import PrivateAddress, is_public
from publisher.fetch.answer import Answer
from publisher.fetch.fault import FAILURES, Fault, cause_of
from publisher.fetch.limits import Limits
from publisher.fetch.route import UNFIT, Route
from publisher.fetch.unpack import read_body

# A form, or a document.
Sent: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]] | BytesIO

_REDIRECTS = (301, 302, 303, 307, 308)
_CONNECTIONS_PER_HOST = 2
# Policies for a browser's eyes make single headers of some kilobytes.
_HEADER_BYTES = 16 * 1024


class Session:
    """An open session; `open` makes it. The arguments are those of `publisher.fetch.Fetcher`."""

    def __init__(self, tls: ssl.SSLContext, agent: str, limits: Limits, *, allow_private: bool):
        self._limits = limits
        self._allow_private = allow_private
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=tls, socket_factory=self._socket, limit_per_host=_CONNECTIONS_PER_HOST
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": agent, "Accept-Encoding": "gzip, deflate"},
            timeout=aiohttp.ClientTimeout(sock_connect=limits.connect_seconds),
            auto_decompress=False,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
        )

    @classmethod
    async def open(cls, agent: str, limits: Limits, *, allow_private: bool) -> Self:
        """Open one."""
        # Reading the authorities takes long; anew each time, so that renewed ones are heeded.
        tls = await asyncio.to_thread(ssl.create_default_context)
        return cls(tls, agent, limits, allow_private=allow_private)

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def ask(self, url: str, headers: Mapping[str, str], sent: Sent | None) -> Answer:
        """Get a page, or send something. Raises FetchError."""
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

    async def _exchange(self, route: Route, sent: Sent | None) -> Answer | None:
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


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Give the headers; those of one name as one, in their order (RFC 9110 §5.3).

    What could not be stored, or be sent back as an ETag is, does not get in.
    """
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        name, value = name.lower(), UNFIT.sub("\ufffd", value)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
