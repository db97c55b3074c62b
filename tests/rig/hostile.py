"""A server on loopback that says what a test wants on the wire, proper HTTP or not."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
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

    async def __aenter__(self) -> Self:
        # No asyncio.Server: at the end it loses sight of what it has only just accepted.
        self._listener = socket.create_server((self._host, 0))
        self._listener.setblocking(False)
        port = self._listener.getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://{self._host}:{port}"
        self._talks: dict[asyncio.Task[None], socket.socket] = {}
        asyncio.get_running_loop().add_reader(self._listener, self._accept)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        for accepted in self._talks.values():  # a talk that never began has closed nothing
            accepted.close()

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            accepted, _ = self._listener.accept()
            accepted.setblocking(False)
            self._talks[asyncio.create_task(self._talk(accepted))] = accepted

    async def _talk(self, accepted: socket.socket) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        loop = asyncio.get_running_loop()
        with accepted, suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, accepted, ssl=self._tls
            )
            writer = asyncio.StreamWriter(transport, protocol, reader, loop)
            try:
                await self._say(reader, writer)
                writer.close()
                await writer.wait_closed()
            finally:
                transport.abort()

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._rash:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        if callable(self.answer):
            await self.answer(writer)
        else:
            writer.write(self.answer)
        await writer.drain()


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
