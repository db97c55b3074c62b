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
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectResponseError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
)

from publisher.errors import Unreachable
from publisher.transports._conversation import Conversation

# What is left in a reply: controls, and surrogates for octets that are no UTF-8.
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
class Greeted:
    """A connection that waits for the first MAIL, and what the server says that it can.

    ``extensions`` are EHLO keywords in lower case with their parameters (RFC 5321 §4.1.1.1).
    """

    conversation: Conversation
    extensions: Mapping[str, str]


class Connector:
    """Makes connections to one relay."""

    def __init__(self, settings: SmtpSettings, timeout_seconds: float) -> None:
        self._settings = settings
        self._timeout_seconds = timeout_seconds
        self._where = f"{settings.host}:{settings.port}"
        self._tls: ssl.SSLContext | None = None

    async def connect(self) -> Greeted:
        """Connect, greet and log in, within the time for all of it together.

        Raises Unreachable with one sentence that says why, and what to check.
        """
        settings = self._settings
        client: SMTP | None = None
        try:
            if settings.security != "none" and self._tls is None:
                self._tls = await asyncio.to_thread(self._load_tls)
            client = SMTP(
                hostname=settings.host,
                port=settings.port,
                local_hostname=settings.client_hostname,
                timeout=None,  # ours instead, for all of it
                use_tls=settings.security == "tls",
                # True, not None: None goes on in plain text where STARTTLS is not announced.
                start_tls=settings.security == "starttls",
                tls_context=self._tls,
            )
            async with asyncio.timeout(self._timeout_seconds):
                await client.connect()  # and TLS; cleans up after itself
                await self._greet(client)
                if settings.username:
                    await client.login(settings.username, settings.password or "")
            transport = cast(asyncio.Transport, client.transport)
            return Greeted(conversation=Conversation(transport), extensions=client.esmtp_extensions)
        # UnicodeError is what a host name that IDNA cannot encode ends in.
        except (SMTPException, OSError, UnicodeError) as error:
            _abort(client)
            raise Unreachable(self._explain(error)) from error
        except BaseException:
            _abort(client)
            raise

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
            return f"{self._where}: not ready in {self._timeout_seconds:g} s, {untouched}"
        return f"{self._where}: no connection, {untouched}: {clean(str(error))}"


def clean(text: str) -> str:
    """Make a server's words fit for a database and a terminal; several lines stay several."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def _abort(client: SMTP | None) -> None:
    if client is not None:
        transport = cast(asyncio.Transport | None, client.transport)
        client.close()
        if transport is not None:
            transport.abort()  # close() alone goes on flushing


def _quote(error: SMTPResponseException) -> str:
    return f"{error.code} {clean(error.message)}"
