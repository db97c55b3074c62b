"""The tables of relays, and of the limits that mails to and from others have."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr

from publisher.config.site import Security
from publisher.config.table import Table
from publisher.config.values import DnsName, Host, PositiveDuration, Rate, Whole, one_or_several
from publisher.settings import Allowed
from publisher.transports._settings import FileFormat


class WarmUpTable(Table):
    """A daily quota that grows, for a relay or a domain from which nobody has had much mail yet."""

    start: Annotated[date, Allowed("a day, such as 2026-12-01")]
    """The first day, such as 2026-12-01; before it the quota is that of the first day."""
    first: Annotated[Whole, Field(ge=1, le=1_000_000)] = 500
    """How many mails go out on the first day."""
    factor: Annotated[float, Field(ge=1.01, le=10), Allowed("a number from 1.01 to 10")] = 1.5
    """How many times as many as on the day before go out on each day after it. It ends where
    `daily` is reached, or a million.
    """


class PerDomainTable(Table):
    """Limits for each domain of recipients, such as gmail.com. Each worker counts for itself."""

    connections: Annotated[Whole, Field(ge=1)] | None = None
    """How many mails to a domain may be under way at once; without one, as many as there are
    connections.
    """
    rate: Rate | None = None
    """How many mails a domain is sent in a time; without one, no limit of its own."""
    group_by_mx: bool = False
    """Whether domains whose mail goes to the same provider, as their MX records say, count as one.
    Until that is known, and where it cannot be known, each counts for itself.
    """


class DkimTable(Table):
    """DKIM signatures (RFC 6376)."""

    domain: DnsName
    """The signing domain, which should be that of the sender."""
    selector: DnsName
    """Names the public key's DNS record, SELECTOR._domainkey.DOMAIN."""
    key: SecretStr
    """The private key, RSA or Ed25519, in PEM form; write key_file to name its file."""


class RelayTable(Table):
    """A mail server that takes our mail, under a name of your choice."""

    protocol: Literal["smtp", "lmtp", "file"] = "smtp"
    """How it is spoken to. LMTP (RFC 2033) is for what keeps the readers' mailboxes itself, such as
    Dovecot. With file nothing is sent: mails are written into a folder, for archives and trials.
    """
    host: Host | None = None
    """Its host name, or its address, IPv4 or IPv6; must be given, but for a socket or folder."""
    port: Annotated[Whole, Field(ge=1, le=65535)] | None = None
    """Its port; without one, 587 for starttls, 465 for tls and 25 for none. LMTP has none of its
    own, and must not have 25.
    """
    socket: Path | None = None
    """For lmtp: the socket in the file system where it listens, instead of host and port."""
    folder: Path | None = None
    """For file: where each mail is written; it is made if it is missing."""
    format: FileFormat = "eml"
    """For file: one .eml file for each mail, or a mailbox in the Maildir format."""
    client_hostname: Host | None = None
    """The name by which we greet it; without one, this machine's full name, or its address where
    it has none.
    """
    security: Security = "starttls"
    """How the line is encrypted. A relay that does not offer what is set here gets no mail."""
    verify: bool = True
    """Whether its certificate must be in order; false encrypts to whomever answers."""
    ca_file: Path | None = None
    """The authorities that its certificate is checked by (PEM); without one, the system's."""
    client_cert_file: Path | None = None
    """The certificate that we show to a relay that asks for one (PEM)."""
    client_key_file: Path | None = None
    """The private key of that certificate, without a password (PEM); without one, it is in
    client_cert_file.
    """
    auth: Literal["password", "xoauth2"] = "password"
    """What we log in with. With xoauth2 it is a token, as Google and Microsoft ask for."""
    username: str = ""
    """The name to log in with; empty for no login."""
    password: SecretStr | None = None
    """The password to log in with; write password_file to read it from a file."""
    oauth_token_file: Path | None = None
    """For xoauth2: the file of the access token. It is read for each connection, so another program
    may renew it.
    """
    connections: Annotated[Whole, Field(ge=1, le=1000)] = 20
    """How many connections may stand at once."""
    envelope_ahead: bool = False
    """Whether the envelope of the next mail may follow a mail that is not yet answered, as RFC 2920
    allows where a relay offers PIPELINING: one round trip for each mail instead of two. For relays
    that are far away; not all bear it.
    """
    rate: Rate | None = None
    """How many mails it takes in a time; each worker counts for itself."""
    daily: Annotated[Whole, Field(ge=1)] | None = None
    """How many mails it is given on a day of the publication's calendar, by all workers together;
    the rest waits for the next day. Confirmations never wait, but they count.
    """
    warm_up: WarmUpTable | None = None
    """How that number grows from a small one."""
    give_up_after: PositiveDuration = timedelta(days=4)
    """For how long a mail that it puts off is tried again. Time in which nobody could try does not
    count.
    """
    per_domain: PerDomainTable | None = None
    """Limits for each domain of recipients. A domain that has to wait holds up no other."""
    dkim: Annotated[
        tuple[DkimTable, ...],
        BeforeValidator(one_or_several),
        Allowed("a table, or a list of such tables"),
    ] = ()
    """The key that signs what goes through this relay, or several, each of which does: RSA for
    everybody, and Ed25519 for those who know it (RFC 8463).
    """


class SenderTable(Table):
    """Limits of all mails that are from one domain, whatever the newsletter and the relay: its
    reputation is the domain's. Each name is that of a domain, such as [senders."example.org"].
    """

    rate: Rate | None = None
    """How many mails go out in a time; each worker counts for itself."""
    daily: Annotated[Whole, Field(ge=1)] | None = None
    """How many mails go out on a day of the publication's calendar, by all workers together; the
    rest waits for the next day. Confirmations never wait, but they count.
    """
    warm_up: WarmUpTable | None = None
    """How that number grows from a small one."""
