"""A scripted SMTP server in the test's own event loop, or in a process of its own.

It is strict where it can show a client's fault (a second MAIL without RSET is 503, a bare LF
ends no line) and otherwise does what its scripts say (`tests.rig.script`). It offers PIPELINING
unless told otherwise. With ``lmtp`` it speaks LMTP (RFC 2033), and at a ``path`` it listens on a
socket in the file system::

    async with SmtpRig(at("RCPT", say(550, "5.1.1 nobody here"), argument="bad@")) as rig:
        ...  # rig.port
    assert rig.accepted == [...]

``python -m tests.rig.smtp --port 0 --log FILE`` prints its port and then appends one line a
message (recipient, Message-ID) to FILE before it answers 250.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import email.parser
import email.policy
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from tests.rig.script import Accepted, Act, Moment, Script, line

_END = b"\r\n.\r\n"
_COMMANDS = ("STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "QUIT")


class SmtpRig:
    """The server. What it saw stays readable after it has stopped: ``reads`` as it was cut."""

    EXTENSIONS: ClassVar = ("8BITMIME", "ENHANCEDSTATUSCODES", "SIZE 26214400", "PIPELINING")
    LMTP: ClassVar = False

    def __init__(
        self,
        *scripts: Script,
        extensions: tuple[str, ...] | None = None,
        tls: ssl.SSLContext | None = None,
        tls_at_once: bool = False,
        users: Mapping[str, str] | None = None,
        mechanisms: str = "PLAIN LOGIN",
        host: str = "127.0.0.1",
        port: int = 0,
        path: Path | None = None,
        lmtp: bool | None = None,
        receive_buffer: int | None = None,
        on_accept: Callable[[Accepted], None] | None = None,
    ) -> None:
        self.scripts = list(scripts)
        self.extensions = self.EXTENSIONS if extensions is None else extensions
        self.tls = tls
        self.tls_at_once = tls_at_once
        self.users = users
        self.mechanisms = mechanisms
        self.host = host
        self.port = port
        self.path = path
        self.is_lmtp = self.LMTP if lmtp is None else lmtp
        self.greetings = ("LHLO",) if self.is_lmtp else ("EHLO", "HELO")
        self.on_accept = on_accept
        self.accepted: list[Accepted] = []
        self.moments: list[Moment] = []
        self.reads: list[bytes] = []
        self.connections = 0
        self.open_connections = 0
        self.most_open_connections = 0
        self._receive_buffer = receive_buffer
        self._changed = asyncio.Condition()
        self._sessions: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        listener = self._listener()
        self._server = await asyncio.start_server(
            self._serve,
            sock=listener,
            backlog=1024,
            limit=1 << 16,
            ssl=self.tls if self.tls_at_once else None,
        )
        return self

    def _listener(self) -> socket.socket:
        if self.path is not None:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(self.path))
            return listener
        listener = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._receive_buffer is not None:  # inherited by each connection
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        listener.bind((self.host, self.port))
        self.port = listener.getsockname()[1]
        return listener

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self.hang_up()

    async def hang_up(self) -> None:
        """End all sessions without a word, and return when their connections are closed."""
        sessions = list(self._sessions)
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    async def until(self, is_so: Callable[[SmtpRig], bool]) -> None:
        """Wait until something said about this rig is so."""
        async with self._changed:
            await self._changed.wait_for(lambda: is_so(self))

    async def until_asked(self, verb: str, times: int = 1) -> None:
        """Wait until a verb has come so many times in all."""
        await self.until(lambda rig: rig.count(verb) >= times)

    def count(self, verb: str) -> int:
        """Tell how often a verb came."""
        return sum(moment.verb == verb for moment in self.moments)

    def act(self, moment: Moment) -> Act | None:
        """Ask the scripts."""
        self.moments.append(moment)
        return next((act for script in self.scripts if (act := script(moment))), None)

    def accept(self, message: Accepted) -> None:
        """Keep a message, before it is answered."""
        self.accepted.append(message)
        if self.on_accept is not None:
            self.on_accept(message)

    async def announce_change(self) -> None:
        """Wake those who wait in `until`."""
        async with self._changed:
            self._changed.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        self.connections += 1
        self.open_connections += 1
        self.most_open_connections = max(self.most_open_connections, self.open_connections)
        session = _Session(self, self.connections, reader, writer)
        try:
            # Cancelled only by hang_up; a cancelled task would be reported by the server.
            with contextlib.suppress(_Ended, OSError, asyncio.CancelledError):
                await session.run()
        finally:
            writer.transport.abort()
            self.open_connections -= 1
            self._sessions.discard(task)
            await self.announce_change()


class _Ended(Exception):
    """The session is over."""


class _Session:
    def __init__(
        self,
        rig: SmtpRig,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._rig = rig
        self._number = number
        self._reader = reader
        self._writer = writer
        self._buffer = bytearray()
        self._messages = 0
        self._is_encrypted = rig.tls_at_once
        self._sender: str | None = None
        self._recipient: str | None = None

    async def run(self) -> None:
        await self._answer("BANNER", "", line(220, "rig ESMTP"))
        while True:
            verb, _, rest = (await self._read_line()).partition(" ")
            if verb.upper() in (*self._rig.greetings, *_COMMANDS):
                await getattr(self, f"_{verb.lower()}")(rest)
            else:
                await self._answer(verb.upper(), rest, line(500, "5.5.2 unknown command"))

    # --- the commands -------------------------------------------------------------------

    async def _ehlo(self, rest: str, verb: str = "EHLO") -> None:
        self._sender = self._recipient = None
        offers = list(self._rig.extensions)
        if self._rig.tls is not None and not self._is_encrypted:
            offers.append("STARTTLS")
        if self._rig.users is not None:
            offers.append(f"AUTH {self._rig.mechanisms}")
        await self._answer(verb, rest, line(250, "rig", *offers))

    async def _lhlo(self, rest: str) -> None:
        await self._ehlo(rest, "LHLO")

    async def _helo(self, rest: str) -> None:
        self._sender = self._recipient = None
        await self._answer("HELO", rest, line(250, "rig"))

    async def _starttls(self, rest: str) -> None:
        if self._rig.tls is None or self._is_encrypted:
            await self._answer("STARTTLS", rest, line(502, "5.5.1 no TLS here"))
        elif await self._answer("STARTTLS", rest, line(220, "go ahead")):
            self._buffer.clear()
            await self._writer.start_tls(self._rig.tls)
            self._is_encrypted = True

    async def _auth(self, rest: str) -> None:
        users = self._rig.users or {}
        mechanism, _, initial = rest.partition(" ")
        words = base64.b64decode(initial).decode()
        if mechanism.upper() == "XOAUTH2":
            await self._xoauth2(words)
            return
        if mechanism.upper() == "LOGIN":
            await self._answer("AUTH", rest, line(334, "UGFzc3dvcmQ6"))
            username, password = words, base64.b64decode(await self._read_line()).decode()
            verb = "LOGIN"
        else:
            _, username, password = words.split("\0")
            verb = "AUTH"
        is_right = users.get(username) == password
        right, wrong = line(235, "2.7.0 welcome"), line(535, "5.7.8 wrong user or password")
        await self._answer(verb, mechanism, right if is_right else wrong)

    async def _xoauth2(self, words: str) -> None:
        """As Google has it: a refusal is explained before it is said."""
        user = re.fullmatch(r"user=(.*)\x01auth=Bearer (.*)\x01\x01", words)
        if user and (self._rig.users or {}).get(user[1]) == user[2]:
            await self._answer("AUTH", "XOAUTH2", line(235, "2.7.0 welcome"))
            return
        reason = base64.b64encode(b'{"status":"400","schemes":"Bearer"}').decode()
        await self._answer("AUTH", "XOAUTH2", line(334, reason))
        more = await self._read_line()
        wrong = line(535, "5.7.8 bad token") if not more else line(501, "5.5.2 empty line wanted")
        await self._answer("LOGIN", more, wrong)

    async def _mail(self, rest: str) -> None:
        self._messages += 1
        address = _address(rest, "FROM:")
        if self._sender is not None:
            await self._answer("MAIL", rest, line(503, "5.5.1 nested MAIL"))
        elif address is None:
            await self._answer("MAIL", rest, line(501, "5.5.4 syntax"))
        elif await self._answer("MAIL", address, line(250, "2.1.0 ok")):
            self._sender = address

    async def _rcpt(self, rest: str) -> None:
        address = _address(rest, "TO:")
        if self._sender is None:
            await self._answer("RCPT", rest, line(503, "5.5.1 need MAIL"))
        elif self._recipient is not None:
            await self._answer("RCPT", rest, line(452, "4.5.3 one recipient a message"))
        elif address is None:
            await self._answer("RCPT", rest, line(501, "5.5.4 syntax"))
        elif await self._answer("RCPT", address, line(250, "2.1.5 ok")):
            self._recipient = address

    async def _data(self, rest: str) -> None:
        is_right = self._recipient is not None
        right, wrong = line(354, "end with a dot"), line(503, "5.5.1 need RCPT")
        if await self._answer("DATA", rest, right if is_right else wrong):
            await self._content()

    async def _rset(self, rest: str) -> None:
        if await self._answer("RSET", rest, line(250, "2.0.0 ok")):
            self._sender = self._recipient = None

    async def _quit(self, rest: str) -> None:
        await self._answer("QUIT", rest, line(221, "2.0.0 bye"))
        raise _Ended

    async def _content(self) -> None:
        # A CRLF before it, so that a dot in the very first line needs no case of its own.
        content = bytearray(b"\r\n") + self._buffer
        searched = 0
        while (end := content.find(_END, searched)) < 0:
            searched = max(0, len(content) - len(_END))
            content += await self._read_some()
        self._buffer = content[end + len(_END) :]
        message = Accepted(
            sender=self._sender or "",
            recipient=self._recipient or "",
            content=bytes(content[2 : end + 2]).replace(b"\r\n.", b"\r\n").removeprefix(b"."),
        )
        is_right = self._recipient is not None
        self._sender = self._recipient = None
        if self._rig.is_lmtp and not is_right:
            return  # RFC 2033 §4.2: an answer for each recipient that was taken
        right, wrong = line(250, "2.0.0 taken"), line(554, "5.5.1 no valid recipients")
        await self._answer("CONTENT", message.recipient, right if is_right else wrong, message)

    # --- the wire -----------------------------------------------------------------------

    async def _answer(
        self, verb: str, argument: str, reply: bytes, message: Accepted | None = None
    ) -> bool:
        """Do what the script says, else reply; tell whether the answer was a good one."""
        moment = Moment(verb=verb, argument=argument, session=self._number, message=self._messages)
        act = self._rig.act(moment) or Act(reply=reply)
        await self._rig.announce_change()
        if act.after is not None:
            await act.after.wait()
        is_good = act.reply[:1] in (b"2", b"3")
        if message is not None and (is_good if act.take is None else act.take):
            self._rig.accept(message)
        if act.trickle:
            for byte in act.reply:
                self._writer.write(bytes((byte,)))
                await self._writer.drain()
                await asyncio.sleep(0)
        else:
            self._writer.write(act.reply)
            await self._writer.drain()
        if act.pause is not None:
            await act.pause.wait()
        if act.read_bytes is not None:
            while len(self._buffer) < act.read_bytes:
                self._buffer += await self._read_some(act.read_bytes - len(self._buffer))
            raise _Ended
        if act.cut:
            raise _Ended
        return is_good

    async def _read_line(self) -> str:
        while (end := self._buffer.find(b"\r\n")) < 0:
            self._buffer += await self._read_some()
        text = bytes(self._buffer[:end]).decode("utf-8", "backslashreplace")
        del self._buffer[: end + 2]
        return text

    async def _read_some(self, at_most: int = 1 << 16) -> bytes:
        data = await self._reader.read(at_most)
        if not data:
            raise _Ended
        self._rig.reads.append(data)
        return data


def _address(rest: str, keyword: str) -> str | None:
    """Read <address> behind a keyword; parameters after it are let pass."""
    match = re.fullmatch(rf"{keyword}<([^<>]*)>( .*)?", rest, re.IGNORECASE)
    return match[1] if match else None


@contextlib.asynccontextmanager
async def logging_rig(port: int, log: Path) -> AsyncIterator[SmtpRig]:
    """Run a healthy server that notes each message in a file before it answers."""
    parser = email.parser.BytesHeaderParser(policy=email.policy.default)
    with log.open("a", encoding="utf-8") as stream:

        def note(message: Accepted) -> None:
            message_id = parser.parsebytes(message.content)["Message-ID"]
            stream.write(f"{message.recipient} {message_id}\n")
            stream.flush()

        async with SmtpRig(port=port, on_accept=note) as rig:
            yield rig


async def _main(port: int, log: Path) -> None:
    async with logging_rig(port, log) as rig:
        print(rig.port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--log", type=Path, required=True)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(**vars(arguments.parse_args())))
