"""A small IMAP server (RFC 3501): one folder, which a test fills, and lines that break."""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

USER, PASSWORD = "bounce@example.org", 'open "sesame"'
TOKEN = "ya29.a0-Secret_token~+/=="


@dataclass
class Kept:
    """A mail in the folder."""

    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


class ImapRig:
    """Serves ``INBOX``. ``moved`` is what was moved or copied elsewhere, by folder.

    ``capabilities`` says what it offers. ``cuts`` names a command (FETCH, STORE, IDLE) at which it
    ends the connection, once each; ``commands`` is all that it was told. With ``starttls`` it obeys
    STARTTLS, and offers ``encrypted`` afterwards; ``ahead`` is what it says too early then.
    ``token`` opens it, and ``challenge`` is what it says of any other one.
    """

    def __init__(
        self, tls: ssl.SSLContext | None = None, *, starttls: ssl.SSLContext | None = None
    ) -> None:
        self.capabilities = "IMAP4rev1 IDLE UIDPLUS MOVE"
        self.encrypted = "IMAP4rev1 IDLE UIDPLUS MOVE AUTH=XOAUTH2 SASL-IR"
        self.ahead = b""
        self.token = TOKEN
        self.challenge = '{"status":"400","schemes":"Bearer"}'
        self.mails: list[Kept] = []
        self.moved: list[tuple[str, bytes]] = []
        self.cuts: list[str] = []
        self.commands: list[str] = []
        self.connections = 0
        self.idling = asyncio.Event()
        self._tls = tls
        self._starttls = starttls
        self._news = asyncio.Condition()
        self._number = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()

    async def put(self, *mails: bytes) -> None:
        """Deliver mails into the folder."""
        for raw in mails:
            self._number += 1
            self.mails.append(Kept(self._number, raw))
        async with self._news:
            self._news.notify_all()

    def flags(self) -> list[set[str]]:
        return [mail.flags for mail in self.mails]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(b"* OK ready\r\n")
        try:
            while line := await reader.readline():
                tag, _, command = line.decode().strip().partition(" ")
                self.commands.append(command)
                if await self._obey(tag, command, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _obey(
        self, tag: str, command: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Do what is told; True ends the connection."""
        name = command.removeprefix("UID ").split(" ")[0]
        if name in self.cuts:
            self.cuts.remove(name)
            if name == "FETCH":  # in the middle of a mail
                writer.write(b"* 1 FETCH (UID 1 BODY[]<0> {500}\r\nReturn-Path: <>\r\n")
                await writer.drain()
            return True
        answer = "OK done"
        match name:
            case "CAPABILITY":
                is_encrypted = self._starttls and writer.get_extra_info("sslcontext")
                offered = self.encrypted if is_encrypted else self.capabilities
                writer.write(f"* CAPABILITY {offered}\r\n".encode())
            case "STARTTLS":
                assert self._starttls is not None
                writer.write(f"{tag} OK begin\r\n".encode() + self.ahead)
                await writer.start_tls(self._starttls)
                return False
            case "AUTHENTICATE":
                right = f"user={USER}\x01auth=Bearer {self.token}\x01\x01".encode()
                if command != f"AUTHENTICATE XOAUTH2 {base64.b64encode(right).decode()}":
                    told = base64.b64encode(self.challenge.encode())
                    writer.write(b"+ " + told + b"\r\n")
                    self.commands.append((await reader.readline()).decode().strip())
                    answer = f"NO AUTHENTICATE failed {command.split()[-1]}"
            case "LOGIN":
                escaped = PASSWORD.replace('"', '\\"')
                if command != f'LOGIN "{USER}" "{escaped}"':
                    answer = "NO [AUTHENTICATIONFAILED] who are you"
            case "SELECT":
                if command != 'SELECT "INBOX"':
                    answer = "NO [NONEXISTENT] no such folder"
                writer.write(f"* {len(self.mails)} EXISTS\r\n".encode())
            case "SEARCH":
                wanted = [
                    str(mail.uid)
                    for mail in self.mails
                    if not ("UNSEEN" in command and r"\Seen" in mail.flags)
                    and r"\Deleted" not in mail.flags
                ]
                writer.write(f"* SEARCH {' '.join(wanted)}".rstrip().encode() + b"\r\n")
            case "FETCH":
                for number, mail in self._named(command):
                    most = re.search(r"<0\.(\d+)>", command)
                    raw = mail.raw[: int(most[1]) if most else None]
                    head = f"* {number} FETCH (UID {mail.uid} BODY[]<0> {{{len(raw)}}}\r\n"
                    writer.write(head.encode() + raw + b")\r\n")
            case "STORE":
                for _, mail in self._named(command):
                    mail.flags |= set(re.findall(r"\\\w+", command))
            case "EXPUNGE":
                for _, mail in self._named(command):
                    self.mails.remove(mail)
            case "MOVE" | "COPY":
                for _, mail in self._named(command):
                    self.moved.append((command.split(" ", 3)[3].strip('"'), mail.raw))
                    if name == "MOVE":
                        self.mails.remove(mail)
            case "IDLE":
                await self._idle(reader, writer)
            case "LOGOUT":
                writer.write(b"* BYE\r\n")
        writer.write(f"{tag} {answer}\r\n".encode())
        await writer.drain()
        return name == "LOGOUT"

    def _named(self, command: str) -> list[tuple[int, Kept]]:
        uid = int(command.split(" ")[2])
        return [(n, mail) for n, mail in enumerate(self.mails, 1) if mail.uid == uid]

    async def _idle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+ idling\r\n")
        done = asyncio.ensure_future(reader.readline())

        async def tell() -> None:
            while True:
                told = self._number
                async with self._news:
                    while self._number == told:
                        await self._news.wait()
                writer.write(f"* {len(self.mails)} EXISTS\r\n".encode())

        telling = asyncio.ensure_future(tell())
        await asyncio.sleep(0)
        self.idling.set()
        await done
        self.idling.clear()
        telling.cancel()
