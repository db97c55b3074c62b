"""An LMTP listener (RFC 2033), to which a mail server delivers what comes to the bounce address.

It takes mail for that address alone, with or without a token, and says 250 only when what the mail
says is recorded. It asks nobody who they are: tokens prove what a mail is about.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import cast

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from publisher.errors import MailboxError, PublisherError
from publisher.mail.verp import verp_token
from publisher.mailboxes import Take
from publisher.mailboxes._settings import LmtpListenSettings
from publisher.model import Address

__all__ = ["LmtpListenSettings", "LmtpListener"]

log = structlog.get_logger()

_MOST_BYTES = 25 * 1024 * 1024
_MOST_RECIPIENTS = 20
_PATIENCE_SECONDS = 10
# Whoever may deliver to it locally may write to it: a mail server runs as a user of its own.
_SOCKET_MODE = 0o666


class LmtpListener:
    """The listener: `publisher.mailboxes.Mailbox`. ``port`` is known once it listens."""

    name = "lmtp"

    def __init__(self, settings: LmtpListenSettings, bounce: Address) -> None:
        self._settings = settings
        self._bounce = bounce
        self._sessions: set[_Session] = set()
        self.port = settings.port

    async def follow(self, take: Take, stop: asyncio.Event) -> None:
        """Listen; see `publisher.mailboxes.Mailbox`."""
        handler = _Handler(take, self._bounce)
        try:
            server = await self._listen(handler)
        except OSError as error:
            raise MailboxError(f"LMTP cannot listen on {self._where}: {error.strerror}") from error
        log.info("bounces are taken over LMTP", listen=self._where)
        try:
            await stop.wait()
        finally:
            server.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await handler.idle.wait()
            for session in list(self._sessions):
                session.cut()
            await asyncio.sleep(0)  # one turn of the loop for the connections to be closed in
            await server.wait_closed()
            if self._settings.socket is not None:
                self._settings.socket.unlink(missing_ok=True)

    @property
    def _where(self) -> str:
        return str(self._settings.socket or f"{self._settings.host}:{self.port}")

    async def _listen(self, handler: _Handler) -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def session() -> _Session:
            return _Session(self._sessions, handler)

        path = self._settings.socket
        if path is None:
            server = await loop.create_server(session, self._settings.host, self._settings.port)
            self.port = server.sockets[0].getsockname()[1]
            return server
        # What is there is left over from a process that was killed.
        with contextlib.suppress(FileNotFoundError):
            if await asyncio.to_thread(path.is_socket):
                path.unlink()
        server = await loop.create_unix_server(session, path)
        path.chmod(_SOCKET_MODE)
        return server


class _Session(LMTP):
    """One connection, known to the listener so that it can be cut."""

    def __init__(self, sessions: set[_Session], handler: _Handler) -> None:
        super().__init__(
            handler,
            data_size_limit=_MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="publisher",
            loop=asyncio.get_running_loop(),
        )
        self._sessions = sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the open ones."""
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Leave the open ones."""
        self._sessions.discard(self)
        super().connection_lost(error)

    def cut(self) -> None:
        """End it without a word."""
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()


class _Handler:
    """What is answered; ``idle`` is set while no mail is being recorded."""

    def __init__(self, take: Take, bounce: Address) -> None:
        self._take = take
        self._bounce = bounce
        self._under_way = 0
        self.idle = asyncio.Event()
        self.idle.set()

    # aiosmtpd finds its hooks by name and fills their arguments by place.
    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        """Take mail for the bounce address and for nobody else."""
        is_ours = address.casefold() == self._bounce.mailbox.casefold()
        if not is_ours and verp_token(address, self._bounce) is None:
            return "550 5.1.1 only bounces are taken here"
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        """Record the mail, and answer for each recipient (RFC 2033 §4.2)."""
        content = cast(bytes, envelope.content)
        self._under_way += 1
        self.idle.clear()
        try:
            answers = [await self._taken(content, each) for each in envelope.rcpt_tos]
        finally:
            self._under_way -= 1
            if not self._under_way:
                self.idle.set()
        return "\r\n".join(answers)

    async def _taken(self, content: bytes, recipient: str) -> str:
        try:
            await self._take(content, [recipient], via="lmtp")
        except PublisherError as error:
            log.error("bounce not taken, the mail server keeps it", reason=str(error))  # noqa: TRY400
            return "451 4.3.0 not now"
        return "250 2.6.0 recorded"
