"""A folder at an IMAP server (RFC 3501), watched by IDLE (RFC 2177).

A mail is marked, moved or deleted when it is recorded and not before, so a line that breaks in
between costs nothing but a second look (F34).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

# aioimaplib ships no types; nothing of it leaves this package.
from aioimaplib import AioImapException, Response  # type: ignore[import-untyped]

from publisher.errors import MailboxError
from publisher.mail.incoming import LIMIT_BYTES
from publisher.mailboxes import Take
from publisher.mailboxes._client import Client
from publisher.mailboxes._settings import ImapSettings
from publisher.xoauth2 import NoLogin, proof

__all__ = ["Imap", "ImapSettings"]

T = TypeVar("T")

_ANSWER_SECONDS = 60.0
_FAREWELL_SECONDS = 3.0
_IDLE_SECONDS = 25 * 60.0  # RFC 2177 §3: anew before the server takes us for gone after 30 min
_LOOK_SECONDS = 60.0  # where the server has no IDLE
_MOST_SHOWN = 200  # characters of what a server says
_UID = re.compile(rb"\d+")


class Imap:
    """The mails in a folder: `publisher.mailboxes.Kept`."""

    name = "imap"

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings

    async def follow(self, take: Take, stop: asyncio.Event) -> None:
        """Hand over mails as they come; see `publisher.mailboxes.Mailbox`."""
        async with self._selected() as session:
            while not stop.is_set():
                # News of what comes meanwhile is given once, and not to IDLE.
                while await session.read(take, stop):
                    pass
                await session.until_news(stop)

    async def drain(self, take: Take) -> int:
        """Hand over what is there; see `publisher.mailboxes.Kept`."""
        async with self._selected() as session:
            return await session.read(take, asyncio.Event())

    @asynccontextmanager
    async def _selected(self) -> AsyncIterator[_Session]:
        """Connect, log in and open the folder, for as long as the block lasts."""
        settings = self._settings
        lost = asyncio.Event()
        tls = await asyncio.to_thread(_context, settings)
        client = Client(
            settings.host,
            settings.port,
            timeout=_ANSWER_SECONDS,
            conn_lost_cb=lambda _: lost.set(),
            ssl_context=tls if settings.security == "tls" else None,
        )
        session = _Session(client, settings, lost)
        try:
            with _said_plainly(settings):
                await client.wait_hello_from_server()
                if tls is not None and settings.security == "starttls":
                    await session.encrypt(tls)
                await session.log_in()
                await session.ask(client.select(_quoted(settings.folder)))
                yield session
        finally:
            if client.protocol.transport is not None:
                if not lost.is_set():
                    with contextlib.suppress(AioImapException, TimeoutError, OSError):
                        async with asyncio.timeout(_FAREWELL_SECONDS):
                            await client.logout()
                client.protocol.transport.abort()


class _Session:
    """An open folder."""

    def __init__(self, client: Any, settings: ImapSettings, lost: asyncio.Event) -> None:
        self._client = client
        self._settings = settings
        self._lost = lost

    async def encrypt(self, tls: ssl.SSLContext) -> None:
        """Encrypt the line, or say nothing more."""
        if not self._client.has_capability("STARTTLS"):
            where = _where(self._settings)
            raise MailboxError(
                f'{where}: the server does not offer STARTTLS; set security = "tls"?'
            )
        await self.ask(self._client.start_tls(tls))

    async def log_in(self) -> None:
        """Log in by password or token."""
        settings, where = self._settings, _where(self._settings)
        if settings.oauth_token_file is None:
            name = _quoted(settings.username)
            await self.ask(self._client.login(name, settings.password))
            return
        if not self._client.has_capability("AUTH=XOAUTH2"):
            raise MailboxError(
                f'{where}: the server does not offer XOAUTH2; set auth = "password"?'
            )
        try:
            shown = await proof(settings.username, settings.oauth_token_file)
        except NoLogin as error:
            raise MailboxError(f"{where}: {error}") from error
        answer = await self._first_of(self._client.show(shown.initial))
        if answer.result != "OK":
            *challenges, said = (bytes(line).decode(errors="replace") for line in answer.lines)
            challenge = challenges[-1].removeprefix("+").strip() if challenges else ""
            reason = shown.hidden(said, challenge)[:_MOST_SHOWN]
            raise MailboxError(f"{where}: the server refuses the token: {reason}")

    async def read(self, take: Take, stop: asyncio.Event) -> int:
        """Hand over each mail that is there, and let go of it."""
        taken = 0
        for uid in await self._waiting():
            if stop.is_set():
                break
            raw = await self._fetch(uid)
            if raw is not None:
                await take(raw, via=Imap.name)
                taken += 1
                await self._let_go(uid)
        return taken

    async def until_news(self, stop: asyncio.Event) -> None:
        """Wait until the folder may hold something new, or ``stop`` is set."""
        if not self._client.has_capability("IDLE"):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._first_of(stop.wait())
            await self.ask(self._client.noop())
            return
        idle = await self._first_of(self._client.idle_start(timeout=_IDLE_SECONDS))
        try:
            news = asyncio.ensure_future(self._client.wait_server_push(timeout=2 * _IDLE_SECONDS))
            halt = asyncio.ensure_future(stop.wait())
            await self._first_of(asyncio.wait([news, halt], return_when=asyncio.FIRST_COMPLETED))
        finally:
            for each in (news, halt):
                each.cancel()
            if self._lost.is_set():
                idle.cancel()
        self._client.idle_done()
        await self._first_of(asyncio.wait_for(idle, _ANSWER_SECONDS))

    async def _waiting(self) -> list[str]:
        is_marked = self._settings.keep and self._settings.move_to is None
        criteria = ("UNSEEN", "UNDELETED") if is_marked else ("UNDELETED",)
        answer = await self.ask(self._client.uid_search(*criteria, charset=None))
        return [uid.decode() for uid in _UID.findall(answer.lines[0])] if answer.lines else []

    async def _fetch(self, uid: str) -> bytes | None:
        """Fetch a mail, of a large one so much that it is known to be; None if it has gone."""
        part = f"(BODY.PEEK[]<0.{LIMIT_BYTES + 1}>)"
        answer = await self.ask(self._client.uid("fetch", uid, part))
        literals = [bytes(line) for line in answer.lines if isinstance(line, bytearray)]
        return literals[0] if literals else None

    async def _let_go(self, uid: str) -> None:
        client, target = self._client, self._settings.move_to
        if target is not None and client.has_capability("MOVE"):  # RFC 6851
            await self.ask(client.uid("move", uid, _quoted(target)))
            return
        if target is not None:
            await self.ask(client.uid("copy", uid, _quoted(target)))
        elif self._settings.keep:
            await self.ask(client.uid("store", uid, "+FLAGS.SILENT", r"(\Seen)"))
            return
        await self.ask(client.uid("store", uid, "+FLAGS.SILENT", r"(\Seen \Deleted)"))
        if client.has_capability("UIDPLUS"):  # RFC 4315: else others' deleted mails would go, too
            await self.ask(client.uid("expunge", uid))

    async def ask(self, command: Coroutine[Any, Any, Response]) -> Response:
        """Give a command, and its answer if that is yes. Raises MailboxError if it is not."""
        answer = await self._first_of(command)
        if answer.result != "OK":
            said = b" ".join(bytes(line) for line in answer.lines[-1:])[:_MOST_SHOWN]
            raise MailboxError(
                f"{_where(self._settings)}: the server refuses: {said.decode(errors='replace')}"
            )
        return answer

    async def _first_of(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for this, but not beyond the end of the connection, which the library ignores."""
        doing, lost = asyncio.ensure_future(work), asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait([doing, lost], return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise ConnectionResetError("the server has closed the connection")
            return doing.result()
        finally:
            doing.cancel()
            lost.cancel()


@contextlib.contextmanager
def _said_plainly(settings: ImapSettings) -> Any:
    try:
        yield
    except TimeoutError as error:
        raise MailboxError(f"{_where(settings)}: no answer in time") from error
    except (AioImapException, OSError) as error:
        raise MailboxError(f"{_where(settings)}: {error}") from error


def _where(settings: ImapSettings) -> str:
    return f"IMAP server {settings.host}:{settings.port}"


def _quoted(text: str) -> str:
    r"""Write a string (RFC 3501 §4.3); the config has seen to it that it has no line ends."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _context(settings: ImapSettings) -> ssl.SSLContext | None:
    if settings.security == "none":
        return None
    try:
        made = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise MailboxError(f"bounces.imap.ca_file cannot be used: {error}") from error
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if not settings.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made
