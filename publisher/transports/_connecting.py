"""From a host name to a greeted, encrypted, authenticated SMTP connection.

The only module that imports aiosmtplib, for TCP, TLS, EHLO and AUTH. Its ``send_message`` is not
used: it raises the same error for a cut before the final dot (surely not taken) and after it
(perhaps taken), waits 60 s where the standard asks for 600 s, takes four round trips a message,
and cuts a hostile address short without a word. So the connection is taken over once it is
greeted (`publisher.transports._conversation`).

Never falls back from TLS to plain text. No failure here may be any recipient's.
"""

from __future__ import annotations

import asyncio
import enum
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectResponseError,
    SMTPException,
    SMTPHeloError,
    SMTPResponse,
    SMTPResponseException,
)

from publisher.errors import Unreachable
from publisher.transports import _oauth, _reaching, _tls
from publisher.transports._conversation import Conversation
from publisher.transports._settings import SmtpSettings
from publisher.xoauth2 import NoLogin

# What is left in a reply: controls, and surrogates for octets that are no UTF-8.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# UnicodeError is what a host name that IDNA cannot encode ends in.
_FAILURES = (SMTPException, OSError, UnicodeError, _tls.UnusableFile, NoLogin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeted:
    """A connection that waits for the first MAIL, and what the server says that it can.

    ``extensions`` are EHLO keywords in lower case with their parameters (RFC 5321 §4.1.1.1).
    """

    conversation: Conversation
    extensions: Mapping[str, str]


class Greeting(enum.Enum):
    """The word that begins a conversation: EHLO of SMTP, LHLO of LMTP (RFC 2033 §4.1)."""

    EHLO = b"EHLO"
    LHLO = b"LHLO"


class Connector:
    """Makes connections to one relay."""

    def __init__(
        self,
        settings: SmtpSettings,
        timeout_seconds: float,
        greeting: Greeting = Greeting.EHLO,
    ) -> None:
        self._settings = settings
        self._timeout_seconds = timeout_seconds
        self._greeting = greeting
        self._where = settings.where
        self._tls: ssl.SSLContext | None = None

    async def connect(self) -> Greeted:
        """Connect, greet and log in, within the time for all of it together.

        Raises Unreachable with one sentence that says why, and what to check.
        """
        client: SMTP | None = None
        try:
            if self._settings.security != "none" and self._tls is None:
                self._tls = await asyncio.to_thread(_tls.context, self._settings)
            async with asyncio.timeout(self._timeout_seconds):
                client = await self._client()
                await client.connect()  # cleans up after itself
                await self._open(client)
            transport = cast(asyncio.Transport, client.transport)
            return Greeted(conversation=Conversation(transport), extensions=client.esmtp_extensions)
        except _FAILURES as error:
            _abort(client)
            raise Unreachable(self._explain(error)) from error
        except BaseException:
            _abort(client)
            raise

    async def _client(self) -> SMTP:
        """Reach the server, and have a client that is still to speak, and that owns the socket."""
        settings = self._settings
        connected = None
        place: dict[str, Any] = {"socket_path": str(settings.socket)}
        if settings.socket is None:
            connected = await _reaching.reach(settings.host, settings.port)
            place = {"hostname": settings.host, "sock": connected}
        kind = SMTP if self._greeting is Greeting.EHLO else _LmtpClient
        try:
            return kind(
                **place,
                local_hostname=settings.client_hostname or await _reaching.own_name(connected),
                timeout=None,  # ours instead, for all of it
                use_tls=settings.security == "tls",
                # Not None: that goes on in plain text where STARTTLS is not announced. We say it
                # ourselves, once the server has been greeted as it wants.
                start_tls=False,
                tls_context=self._tls,
            )
        except BaseException:
            if connected is not None:
                connected.close()
            raise

    async def _open(self, client: SMTP) -> None:
        """Greet, encrypt and log in; never fall back to plain text."""
        settings = self._settings
        await self._greet(client)
        if settings.security == "starttls":
            await client.starttls()
            # RFC 3207 §4.2: what it said before may have been said by somebody else.
            await self._greet(client)
        if settings.username and settings.oauth_token_file:
            await _oauth.log_in(client, settings.username, settings.oauth_token_file)
        elif settings.username:
            await client.login(settings.username, settings.password or "")

    async def _greet(self, client: SMTP) -> None:
        try:
            await client.ehlo()
        except SMTPHeloError as error:
            # RFC 5321 §3.2: a server that knows no EHLO is greeted with HELO; LMTP has none.
            if error.code not in (500, 502) or self._greeting is Greeting.LHLO:
                raise
            await client.helo()

    def _explain(self, error: Exception) -> str:
        """Say in one sentence why there is no connection, and what to check."""
        untouched = "no recipient was touched"
        tls_error = next((e for e in _causes(error) if isinstance(e, ssl.SSLError)), None)
        if tls_error is not None:
            return f"{self._where}: TLS failed, {untouched}: {tls_error}; {_advice(tls_error)}"
        failed = f"{self._where}: login as {self._settings.username!r} failed, {untouched}"
        if isinstance(error, SMTPAuthenticationError):
            proof = "oauth_token_file" if self._settings.oauth_token_file else "password"
            advice = f"check username and {proof}" if error.code >= 500 else "try again later"
            return f"{failed}: {_quote(error)}; {advice}"
        if isinstance(error, NoLogin):
            return f"{failed}: {error}"
        if isinstance(error, SMTPConnectResponseError):
            return f"{self._where}: turned us away, {untouched}: {_quote(error)}"
        if isinstance(error, SMTPResponseException):
            return f"{self._where}: refused the greeting, {untouched}: {_quote(error)}"
        if isinstance(error, TimeoutError):
            return f"{self._where}: not ready in {self._timeout_seconds:g} s, {untouched}"
        # What the library makes of it names an address that it was not told.
        cause = error.__cause__ if isinstance(error, SMTPException) and error.__cause__ else error
        reason = clean(str(cause)) or "the connection was cut"
        return f"{self._where}: no connection, {untouched}: {reason}"


class _LmtpClient(SMTP):
    """The library's client, with the other greeting."""

    async def ehlo(self, *, hostname: str | None = None, **options: Any) -> SMTPResponse:
        name = hostname or self.local_hostname or ""
        response = await self.execute_command(b"LHLO", name.encode("ascii"), **options)
        if response.code != 250:
            raise SMTPHeloError(response.code, response.message)
        self.last_ehlo_response = response
        return response


def clean(text: str) -> str:
    """Make a server's words fit for a database and a terminal; several lines stay several."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def _advice(error: ssl.SSLError) -> str:
    """Say what to do about a failure of TLS; ALERT is what the server had against us."""
    reason = error.reason or ""
    if "VERSION" in reason or "PROTOCOL" in reason:
        return "it must offer TLS 1.2 or newer, and security must be as it wants"
    if "ALERT" in reason:
        return "it may want another client_cert_file, or any"
    return "check security, the server's certificate and its name, or set ca_file"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error and what it came from, the last to happen first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _abort(client: SMTP | None) -> None:
    if client is not None:
        transport = cast(asyncio.Transport | None, client.transport)
        client.close()
        if transport is not None:
            transport.abort()  # close() alone goes on flushing


def _quote(error: SMTPResponseException) -> str:
    # The library gives a code below 0 to what is no reply.
    return clean(error.message if error.code < 0 else f"{error.code} {error.message}")
