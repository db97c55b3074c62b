"""A mail server that takes everything and keeps nothing; bench.delivery shows its own limit.

    python -m bench.sink [DELAY_MS]

Prints its port, and for each line on its standard input how many messages it has taken since the
line before. With a delay each reply leaves so many milliseconds late, as from a relay that far
away; replies to commands that came at once leave at once.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

_GREETING = b"220 sink ESMTP\r\n"
_EHLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n"
_REPLIES = {
    b"EHLO": _EHLO,
    b"HELO": b"250 sink\r\n",
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RCPT": b"250 2.1.5 ok\r\n",
    b"DATA": b"354 go on\r\n",
    b"RSET": b"250 2.0.0 ok\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}
_END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One session. Believes that its peer is well-behaved."""

    taken = 0
    delay = 0.0

    def __init__(self) -> None:
        self._rest = b""
        self._is_content = False
        self._recipient = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._say(_GREETING)

    def data_received(self, data: bytes) -> None:
        rest = self._rest + data if self._rest else data
        replies = []
        while rest:
            if self._is_content:
                end = rest.find(_END)
                if end < 0:
                    # Enough to know the end of the content by, wherever it was cut.
                    rest = rest[-4:]
                    break
                rest = rest[end + len(_END) :]
                self._is_content = False
                self.took(self._recipient)
                replies.append(b"250 2.0.0 taken\r\n")
                continue
            line, found, behind = rest.partition(b"\r\n")
            if not found:
                break
            verb = line[:4].upper()
            replies.append(_REPLIES.get(verb, b"500 5.5.2 what\r\n"))
            if verb == b"RCPT":
                self._recipient = line
            elif verb == b"DATA":
                self._is_content = True
                # A dot in the very first line ends it as well.
                behind = b"\r\n" + behind
            rest = behind
        self._rest = rest
        if replies:
            self._say(b"".join(replies))

    def took(self, recipient: bytes) -> None:  # noqa: ARG002 -- bench.latency looks at it
        """Count a message; ``recipient`` is the line that named it."""
        Sink.taken += 1

    def _say(self, replies: bytes) -> None:
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self._transport.write, replies)
        else:
            self._transport.write(replies)


async def main(delay_ms: float) -> None:
    Sink.delay = delay_ms / 1000
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    told = 0
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(Sink.taken - told, flush=True)
        told = Sink.taken


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1]) if sys.argv[1:] else 0.0))
