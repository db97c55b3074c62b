"""An open SMTP connection: what is said, and the replies in the order of what they answer.

Takes the connection over from aiosmtplib, whose protocol drops a reply that comes while another
waits to be read. Here many commands may be under way (RFC 2920), and each reply is kept for its
command. A reply that nobody asked for ends the conversation: after it, no answer could be matched
to what it answers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

_LINE_OCTETS = 8192
_REPLY_OCTETS = 32768  # a server that never ends its reply gets no more memory than this


class Ended(Exception):
    """The server closed the connection, or spoke out of turn."""


class Garbled(Exception):
    """What came is no SMTP reply (RFC 5321 §4.2)."""


class Answer(NamedTuple):
    """A reply as it came: lines joined by LF, octets that are no UTF-8 as surrogates."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class Conversation(asyncio.Protocol):
    """An open connection, used by one task at a time.

    Waits have a limit, after which the conversation is over: TimeoutError. There is one timer
    for all of them, since to set one for each takes as long as to write a message.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._limit = 0.0  # the end of the present wait, by the loop's clock
        self._buffer = bytearray()
        self._lines: list[str] = []
        self._octets = 0
        self._asked = 0
        self._answers: deque[Answer] = deque()
        self._waiting: asyncio.Future[None] | None = None  # for an answer, or to be drained
        self._is_full = False
        self.has_left = True  # the kernel has the end of what was said last
        self._error: Exception | None = None
        # So drain() returns only when nothing waits in this process. A plain transport pauses
        # above its limit, a TLS one at it, and would pause for good at 0.
        is_encrypted = transport.get_extra_info("sslcontext") is not None
        transport.set_write_buffer_limits(high=1 if is_encrypted else 0, low=0)
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether it stands, as far as is known here."""
        return self._error is None and not self._transport.is_closing()

    def ask(self, octets: bytes | memoryview, replies: int) -> None:
        """Say what is answered by so many replies, of which none may come before all of it left."""
        self._asked += replies
        self.has_left = False
        if self._error is not None:  # whoever waits next is told; uvloop would raise here
            return
        self._transport.write(octets)
        # A transport that could write nothing closes at once, and tells later.
        self.has_left = not self._is_full and not self._transport.is_closing()

    async def drain(self, seconds: float) -> None:
        """Wait till the kernel has all that was written. Raises Ended, Garbled, TimeoutError."""
        if self._is_full or self._error is not None:
            self._set_limit(seconds)
            while self._is_full or self._error is not None:
                await self._wait()

    async def answer(self, seconds: float) -> Answer:
        """Wait for the next reply. Raises what ended it only after those that came before."""
        if not self._answers:
            self._set_limit(seconds)
            while not self._answers:
                await self._wait()
        return self._answers.popleft()

    def cut(self) -> None:
        """End it now: what waits to be written must not leave."""
        self._end(Ended("cut by us"))

    # --- waiting ----------------------------------------------------------------------------

    async def _wait(self) -> None:
        """Wait for something to happen. Raises what has ended the conversation."""
        if self._error is not None:
            raise self._error
        self._waiting = self._loop.create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _set_limit(self, seconds: float) -> None:
        self._limit = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._limit:
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._limit, self._look_at_clock)

    def _look_at_clock(self) -> None:
        self._timer = None
        if self._waiting is None:
            return
        if self._loop.time() >= self._limit:
            self._end(TimeoutError())
        else:
            self._set_timer()

    # --- what the loop calls ----------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0 and self._error is None:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._take(line)
        if len(self._buffer) > _LINE_OCTETS:
            self._end(Garbled("a reply without an end"))

    def eof_received(self) -> bool:
        self._end(Ended("the server closed the connection"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(Ended(str(exc) if exc else "the connection was closed"))

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self.has_left = True
        self._wake()

    def _take(self, line: bytes) -> None:
        code = line[:3]
        self._octets += len(line)
        if not (len(code) == 3 and code.isdigit()) or self._octets > _REPLY_OCTETS:
            self._end(Garbled(f"not an SMTP reply: {line[:80].decode('utf-8', 'replace')}"))
            return
        self._lines.append(line[4:].strip(b" \t\r").decode("utf-8", "surrogateescape"))
        if line[3:4] == b"-":
            return
        answer = Answer(int(code), "\n".join(self._lines))
        self._lines, self._octets = [], 0
        if self._asked == 0 or self._is_full:
            self._end(Ended(f"said unasked: {answer}"))
            return
        self._asked -= 1
        self._answers.append(answer)
        self._wake()

    def _end(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
            self._transport.abort()
            if self._timer is not None:
                self._timer.cancel()
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
