"""aioimaplib's client, with STARTTLS, and a login by token that says why it failed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

# aioimaplib ships no types; nothing of it leaves this package.
from aioimaplib.aioimaplib import (  # type: ignore[import-untyped]
    AUTH,
    IMAP4,
    Command,
    Error,
    IMAP4ClientProtocol,
    Response,
    change_state,
)


class Client(IMAP4):  # type: ignore[misc]
    """A connection to an IMAP server; of ours are ``start_tls`` and ``show``."""

    protocol: _Protocol

    def create_client(
        self,
        host: str,
        port: int,
        loop: asyncio.AbstractEventLoop | None,
        conn_lost_cb: Callable[[Exception | None], None] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Begin to connect; called by the library."""
        here = loop or asyncio.get_running_loop()
        self.protocol = _Protocol(here, conn_lost_cb)
        self._client_task = here.create_task(
            here.create_connection(lambda: self.protocol, host, port, ssl=ssl_context)
        )

    async def start_tls(self, tls: ssl.SSLContext) -> Response:
        """Encrypt the line."""
        async with asyncio.timeout(self.timeout):
            return await self.protocol.start_tls(tls, self.host)

    async def show(self, initial: str) -> Response:
        """Log in by XOAUTH2."""
        async with asyncio.timeout(self.timeout):
            return await self.protocol.show(initial)


class _Protocol(IMAP4ClientProtocol):  # type: ignore[misc]
    transport: Any

    async def start_tls(self, tls: ssl.SSLContext, host: str) -> Response:
        answer = await self.execute(Command("STARTTLS", self.new_tag(), loop=self.loop))
        if answer.result != "OK":
            return answer
        if self.incomplete_line:
            raise Error("the server goes on talking before the line is encrypted")
        self.transport = await self.loop.start_tls(self.transport, self, tls, server_hostname=host)
        # RFC 3501 §6.2.1: what it offered before may have been said by somebody else.
        await self.capability()
        return answer

    @change_state  # type: ignore[untyped-decorator]
    async def show(self, initial: str) -> Response:
        command = Command("AUTHENTICATE", self.new_tag(), "XOAUTH2", initial, loop=self.loop)
        answer = await self.execute(command, scrub=initial)
        if answer.result == "OK":
            self.state = AUTH
        return answer

    def _continuation(self, line: bytes) -> None:
        super()._continuation(line)
        command: Any = self.pending_sync_command
        if command is not None and command.name == "AUTHENTICATE":
            # It has said why as JSON, and waits for an empty line before it refuses.
            self.send("")
