"""A mail server up to its TLS, of blocking sockets: asyncio's tells no client why it is refused."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Door:
    """Lets clients in by TLS, from the first byte or after STARTTLS, one after the other.

    ``said`` are the lines that came over TLS, which it does not answer.
    """

    def __init__(self, tls: ssl.SSLContext, *, tls_at_once: bool) -> None:
        self.said: list[bytes] = []
        self._tls = tls
        self._tls_at_once = tls_at_once
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._listener.getsockname()
        self._thread = threading.Thread(target=self._serve)

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        await asyncio.to_thread(self._thread.join)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with client, suppress(OSError):
                    self._meet(client)

    def _meet(self, client: socket.socket) -> None:
        client.settimeout(20)
        if not self._tls_at_once:
            for reply in (b"220 door\r\n", b"250-door\r\n250 STARTTLS\r\n", b"220 go\r\n"):
                client.sendall(reply)
                if reply != b"220 go\r\n":
                    client.recv(1024)
        try:
            # A copy, as what it wraps is no longer the client's to be shut down.
            with self._tls.wrap_socket(client.dup(), server_side=True) as inside:
                if self._tls_at_once:
                    inside.sendall(b"220 door\r\n")
                while line := inside.recv(1024):
                    self.said.append(line)
        except ssl.SSLError:
            # Heard to the end, as a reset would overtake the alert that says why.
            client.shutdown(socket.SHUT_WR)
            while client.recv(1024):
                pass
