"""One kept SMTP connection to a relay (RFC 5321), for many messages, one recipient each.

The only module that imports aiosmtplib, for connecting, TLS, AUTH and reading replies. Its
``send_message`` is not used: it raises the same error for a cut before the final dot (surely
not taken) and after it (perhaps taken), waits 60 s where the standard asks for 600 s, and cuts
a hostile address short without a word. Here MAIL, RCPT and DATA go out apart, and the content
is handed to the kernel before the dot is written, so that the two kinds of cut are told apart.

Never falls back from TLS to plain text, and never sends a message a second time by itself.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectResponseError,
    SMTPException,
    SMTPHeloError,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from aiosmtplib.protocol import SMTPProtocol

from publisher.errors import InDoubt, Refused, Unreachable
from publisher.model import Envelope, Reply
from publisher.transports._wire import check_content, check_envelope

# A write of this size is one "data block" in the sense of RFC 5321 §4.5.3.2.5.
_BLOCK_BYTES = 256 * 1024

# 421 closes the connection (RFC 5321 §3.8), 530 wants a login or TLS first (RFC 4954 §6): both
# are answers to our being there, and no recipient may be failed for them.
_ABOUT_US = (421, 530)

# What aiosmtplib leaves in a reply: controls, and surrogates for octets that are no UTF-8.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """How to reach a relay and who we are to it.

    ``security``: "tls" from the first byte (port 465), "starttls" (port 587) or "none".
    ``client_hostname`` is said in EHLO; None is this machine's own full name. ``ca_file`` (PEM)
    replaces the system's authorities; ``verify=False`` encrypts to whomever answers.
    """

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    client_hostname: str | None = None
    ca_file: Path | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait, in seconds; an answer that trickles gains no time.

    ``connect`` is for all of it together (TCP, banner, TLS, EHLO, AUTH), ``command`` for the
    whole reply to MAIL, RCPT and DATA each and for each block of content to leave, ``final``
    for the answer to the dot.
    """

    connect: float = 30
    command: float = 300  # RFC 5321 §4.5.3.2.2 and §4.5.3.2.3
    final: float = 600  # RFC 5321 §4.5.3.2.6: waiting less sends messages twice
    quit: float = 3


class _Lost(Unreachable):
    """The server ended the conversation, as it may with a kept connection at any time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wire:
    """An open connection. ``writer`` lives as long: a discarded one closes its transport."""

    client: SMTP
    protocol: SMTPProtocol
    writer: asyncio.StreamWriter

    def cut(self) -> None:
        """End it now: close() alone would go on flushing what must not leave."""
        self.client.close()
        self.writer.transport.abort()


class Smtp:
    """A relay as next hop: `publisher.ports.Transport`. Connects at the first offer."""

    def __init__(self, settings: SmtpSettings, timeouts: Timeouts | None = None) -> None:
        self._settings = settings
        self._timeouts = timeouts or Timeouts()
        self._where = f"{settings.host}:{settings.port}"
        self._tls: ssl.SSLContext | None = None
        self._wire: _Wire | None = None
        self._is_offered = False  # the server waits for DATA
        self._is_begun = False  # the server holds an envelope, perhaps half a one

    async def offer(self, envelope: Envelope) -> None:
        """Announce sender and recipient, connecting first if need be.

        A kept connection that the server closed meanwhile is opened again, once. Raises
        Refused, after which the connection is good for the next offer, or Unreachable; both
        mean surely not taken. Raises ValueError for an address unfit for the wire.
        """
        check_envelope(envelope)
        self._is_offered = False
        wire = self._wire
        if wire is not None and wire.client.is_connected:
            try:
                await self._announce(wire, envelope)
            except _Lost:
                await self._announce(await self._connect(), envelope)
        else:
            await self._announce(await self._connect(), envelope)
        self._is_offered = True

    async def transmit(self, content: bytes) -> Reply:
        """Hand over the content of the envelope just offered and wait for the answer.

        Raises Refused or Unreachable when it was surely not taken, InDoubt when the final dot
        may have left and no intelligible answer came. Raises ValueError for content unfit for
        the wire, after which the connection is good for the next offer.
        """
        check_content(content)
        if self._wire is None or not self._is_offered:
            raise RuntimeError("transmit() without offer()")
        wire = self._wire
        self._is_offered = False
        self._check_size(wire, content)
        await self._command(wire, "DATA", expected=3)
        await self._write_content(wire, content)
        return await self._finish(wire)

    async def close(self) -> None:
        """Say QUIT if the connection stands, wait for the answer a few seconds. Never raises."""
        if self._wire is not None:
            try:
                async with asyncio.timeout(self._timeouts.quit):
                    await self._wire.client.quit()
            except (SMTPException, OSError):
                pass  # only courtesy is lost (RFC 5321 §4.1.1.10)
            finally:
                self._drop()
        # One turn of the loop for the socket to be closed in, not merely marked for it.
        await asyncio.sleep(0)

    # --- connecting ---------------------------------------------------------------------

    async def _connect(self) -> _Wire:
        self._drop()
        settings = self._settings
        try:
            if settings.security != "none" and self._tls is None:
                self._tls = await asyncio.to_thread(self._load_tls)
            client = SMTP(
                hostname=settings.host,
                port=settings.port,
                local_hostname=settings.client_hostname,
                timeout=None,  # ours instead: see _read
                use_tls=settings.security == "tls",
                # True, not None: None goes on in plain text where STARTTLS is not announced.
                start_tls=settings.security == "starttls",
                tls_context=self._tls,
            )
            async with asyncio.timeout(self._timeouts.connect):
                await client.connect()  # and TLS; cleans up after itself
                self._wire = _wire(client)
                await self._greet(client)
                if settings.username:
                    await client.login(settings.username, settings.password or "")
        # UnicodeError is what a host name that IDNA cannot encode ends in.
        except (SMTPException, OSError, UnicodeError) as error:
            self._drop()
            raise Unreachable(self._explain(error)) from error
        except BaseException:
            self._drop()
            raise
        return self._wire

    def _load_tls(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._settings.ca_file)
        except OSError as error:
            raise OSError(f"ca_file {self._settings.ca_file}: {error.strerror}") from error
        if not self._settings.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    async def _greet(self, client: SMTP) -> None:
        try:
            await client.ehlo()
        except SMTPHeloError as error:
            # RFC 5321 §3.2: a server that knows no EHLO is greeted with HELO.
            if error.code not in (500, 502):
                raise
            await client.helo()

    def _drop(self) -> None:
        wire, self._wire = self._wire, None
        self._is_offered = self._is_begun = False
        if wire is not None:
            wire.cut()

    def _explain(self, error: Exception) -> str:
        """Say in one sentence why there is no connection, and what to check."""
        untouched = "no recipient was touched"
        tls_error = next((e for e in (error, error.__cause__) if isinstance(e, ssl.SSLError)), None)
        if tls_error is not None:
            return (
                f"{self._where}: TLS failed, {untouched}: {tls_error}; check security, "
                "the server's certificate and its name, or set ca_file"
            )
        if isinstance(error, SMTPAuthenticationError):
            advice = "check username and password" if error.code >= 500 else "try again later"
            return (
                f"{self._where}: login as {self._settings.username!r} failed, {untouched}: "
                f"{_quote(error)}; {advice}"
            )
        if isinstance(error, SMTPConnectResponseError):
            return f"{self._where}: turned us away, {untouched}: {_quote(error)}"
        if isinstance(error, SMTPResponseException):
            return f"{self._where}: refused the greeting, {untouched}: {_quote(error)}"
        if isinstance(error, TimeoutError):
            return f"{self._where}: not ready in {self._timeouts.connect:g} s, {untouched}"
        return f"{self._where}: no connection, {untouched}: {_clean(str(error))}"

    # --- one message --------------------------------------------------------------------

    async def _announce(self, wire: _Wire, envelope: Envelope) -> None:
        if self._is_begun:
            try:
                await self._command(wire, "RSET")
            except Refused as error:
                self._drop()
                raise _Lost(f"{self._where}: answered RSET with {error}") from error
        self._is_begun = True
        await self._command(wire, f"MAIL FROM:<{envelope.sender}>")
        await self._command(wire, f"RCPT TO:<{envelope.recipient}>")

    def _check_size(self, wire: _Wire, content: bytes) -> None:
        """Raise Refused when the server announced that it takes no message so large (RFC 1870)."""
        announced = wire.client.esmtp_extensions.get("size", "")
        limit = int(announced) if announced.isdecimal() else 0  # RFC 1870 §4: 0 is no limit
        if 0 < limit < len(content):
            raise Refused(
                552,
                f"5.3.4 not tried: the message has {len(content)} octets and {self._where} "
                f"announces SIZE {limit}; send summaries or fewer articles",
                permanent=True,
            )

    async def _write_content(self, wire: _Wire, content: bytes) -> None:
        """Hand the stuffed content to the kernel, all but the final dot.

        Returns only when no octet of it waits in this process, and raises Unreachable
        otherwise. So whatever goes wrong up to here, the dot has not left, and the server
        must not take what it has of the message (RFC 5321 §4.1.1.4). Under TLS the last
        64 KiB may still wait beneath it; a cut then is InDoubt, which errs on the safe side.
        """
        stuffed = memoryview(_stuffed(content))
        try:
            for start in range(0, len(stuffed), _BLOCK_BYTES):
                wire.writer.write(stuffed[start : start + _BLOCK_BYTES])
                async with asyncio.timeout(self._timeouts.command):
                    await wire.writer.drain()
        except OSError as error:  # TimeoutError is one too
            self._drop()
            raise Unreachable(f"{self._where}: cut before the end of the message") from error
        except BaseException:
            self._drop()
            raise
        if wire.writer.is_closing():
            self._drop()
            raise Unreachable(f"{self._where}: closed before the end of the message")

    async def _finish(self, wire: _Wire) -> Reply:
        """Write the final dot and wait for the answer: every cut from here on is InDoubt."""
        wire.writer.write(b".\r\n")
        try:
            response = await self._read(
                wire.protocol.read_response(), "the message", self._timeouts.final
            )
        except Unreachable as error:
            raise InDoubt(f"{error}; it was handed over whole, and may have been taken") from error
        if response.code // 100 not in (2, 4, 5):
            self._drop()
            raise InDoubt(f"{self._where}: answered the message with {_quote(response)}")
        # Taken or not, the answer to the dot ends the transaction (RFC 5321 §4.1.1.4).
        self._is_begun = False
        self._judge(response, "the message", expected=2)
        return Reply(code=response.code, text=_clean(response.message))

    async def _command(self, wire: _Wire, line: str, *, expected: int = 2) -> None:
        """Say one command and wait for a reply that begins with the expected digit."""
        verb = line.partition(" ")[0]
        response = await self._read(
            wire.client.execute_command(line.encode("ascii")), verb, self._timeouts.command
        )
        self._judge(response, verb, expected=expected)

    async def _read(
        self, reply: Awaitable[SMTPResponse], asked: str, timeout_seconds: float
    ) -> SMTPResponse:
        """Wait for a whole reply; whatever else comes cuts the connection.

        Also when the caller is cancelled: the reply still under way would be taken for the
        answer to the next command, and a refusal for an acceptance. The time limit is not
        aiosmtplib's, whose wait_for() loses a cancellation that comes with the reply
        (Python 3.11).
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                return await reply
        except SMTPServerDisconnected as error:
            self._drop()
            raise _Lost(f"{self._where}: the connection ended at {asked}") from error
        except (SMTPException, OSError) as error:
            self._drop()
            cause = _clean(str(error)) or f"nothing came in {timeout_seconds:g} s"
            raise Unreachable(f"{self._where}: no usable answer to {asked}: {cause}") from error
        except BaseException:
            self._drop()
            raise

    def _judge(self, response: SMTPResponse, asked: str, *, expected: int) -> None:
        """Decide what a reply means, here and nowhere else (RFC 5321 §4.2.1)."""
        code = response.code
        if code // 100 == expected:
            return
        if code // 100 not in (4, 5) or code in _ABOUT_US:
            self._drop()
            # Once RCPT is answered, the server has judged the recipient: no second try from here.
            kind = _Lost if code == 421 and asked != "RCPT" else Unreachable
            raise kind(f"{self._where}: answered {asked} with {_quote(response)}")
        raise Refused(code, _clean(response.message), permanent=code >= 500)


def _wire(client: SMTP) -> _Wire:
    """Take hold of a connected client's connection, and let nothing linger in its buffer."""
    protocol = cast(SMTPProtocol, client.protocol)
    transport = cast(asyncio.Transport, client.transport)
    # So drain() returns only when the buffer is empty: see Smtp._write_content. A plain
    # transport pauses above its limit, a TLS one at it, and would pause for good at 0.
    is_encrypted = transport.get_extra_info("sslcontext") is not None
    transport.set_write_buffer_limits(high=1 if is_encrypted else 0, low=0)
    writer = asyncio.StreamWriter(transport, protocol, None, asyncio.get_running_loop())
    return _Wire(client=client, protocol=protocol, writer=writer)


def _stuffed(content: bytes) -> bytes:
    """Double the dot that begins a line (RFC 5321 §4.5.2)."""
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _quote(response: SMTPResponse | SMTPResponseException) -> str:
    return f"{response.code} {_clean(response.message)}"


def _clean(text: str) -> str:
    """Make a server's words fit for a database and a terminal; several lines stay several."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)
