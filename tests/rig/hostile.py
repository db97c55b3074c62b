"""A server on loopback that says what a test wants on the wire, proper HTTP or not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


class HostileRig:
    """Answers each request with ``answer``: bytes, or what writes them. Then it hangs up.

    ``requests`` holds the head of everything that was asked, as it came, oldest first. A rig
    that is ``rash`` answers before it was asked.
    """

    def __init__(
        self,
        answer: bytes | Script,
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        rash: bool = False,
    ) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.url = ""
        self._host = host
        self._tls = tls
        self._rash = rash
        self._talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self._host, 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://{self._host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for talk, writer in self._talks.items():
            talk.cancel()
            writer.transport.abort()  # close would wait for somebody to read what was written
        gone = [writer.wait_closed() for writer in self._talks.values()]
        await asyncio.gather(*self._talks, *gone, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of its own: the streams' own would report what a cut connection raises.
        self._talks[asyncio.create_task(self._talk(reader, writer))] = writer

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._rash:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        if callable(self.answer):
            await self.answer(writer)
        else:
            writer.write(self.answer)
        await writer.drain()
        writer.close()


def head(*lines: str, status: str = "200 OK") -> bytes:
    """Make the head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def endless(first: bytes, piece: bytes, pause_seconds: float = 0.0) -> Script:
    """Say ``first``, and then ``piece`` for ever."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_seconds)

    return write
