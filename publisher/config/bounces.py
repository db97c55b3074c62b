"""What the config says of mail that comes back: its tables, its rules, and where mailboxes are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from publisher.config.document import anchored
from publisher.config.faults import Faults
from publisher.config.relays import check_login
from publisher.config.site import BounceSettings, Endpoint, Mailboxes, Security
from publisher.config.table import Table
from publisher.config.values import (
    Host,
    ImapText,
    ListenOrSocket,
    MailAddress,
    PositiveDuration,
    Whole,
)
from publisher.mailboxes._settings import ImapSettings, LmtpListenSettings, MaildirSettings
from publisher.settings import Allowed

_PORTS = {"tls": 993, "starttls": 143, "none": 143}


class ImapTable(Table):
    """A folder at an IMAP server, into which mail to that address comes. It is watched by IDLE."""

    host: Host
    """Its host name, or its address."""
    port: Annotated[Whole, Field(ge=1, le=65535)] | None = None
    """Its port; without one, 993 for tls, and 143 for starttls and none."""
    security: Security = "tls"
    """How the line is encrypted. A server that does not offer what is set here is told nothing. Use
    none on this machine alone: it would show the password.
    """
    verify: bool = True
    """Whether its certificate must be in order; false encrypts to whomever answers."""
    ca_file: Path | None = None
    """The authorities that its certificate is checked by (PEM); without one, the system's."""
    auth: Literal["password", "xoauth2"] = "password"
    """What we log in with. With xoauth2 it is a token, as Google and Microsoft ask for."""
    username: ImapText
    """The name to log in with."""
    password: SecretStr | None = None
    """The password to log in with; write password_file to read it from a file. Must be given, but
    for xoauth2.
    """
    oauth_token_file: Path | None = None
    """For xoauth2: the file of the access token. It is read at each login, so another program may
    renew it.
    """
    folder: ImapText = "INBOX"
    """The folder to read. Every mail in it is taken for one that came back: give it one of its own.
    """
    move_to: ImapText | None = None
    """The folder into which processed mails go. It must be there. Without one, `processed` decides
    what becomes of them.
    """


class WebhookTable(Table):
    """What a provider tells of mails, at /hooks/bounces/NAME. Its own keys are those that its name
    has below.
    """

    model_config = ConfigDict(extra="allow")


class BouncesTable(Table):
    """Mail that comes back: bounces, complaints, and wishes to leave."""

    address: MailAddress | None = None
    """The envelope sender: bounces come to it with a token, as bounce+TOKEN@example.org. Without
    one, the newsletter's own address, and nobody can tell whose bounces they are.
    """
    maildir: Path | None = None
    """The Maildir folder into which mail to that address is delivered."""
    lmtp: ListenOrSocket | None = None
    """Where to listen for a mail server that delivers mail to that address by LMTP (RFC 2033). It
    asks nobody who they are, so let it be an address of this machine or of a network of your own.
    """
    imap: ImapTable | None = None
    """The IMAP folder into which mail to that address is delivered."""
    processed: Literal["keep", "delete"] = "keep"
    """What becomes of a mail in a Maildir or IMAP folder when it is recorded: it stays, marked as
    seen, or is deleted.
    """
    soft_limit: Annotated[float, Field(ge=1, le=100), Allowed("a number from 1 to 100")] = 4
    """An address is suppressed when its score reaches this. Each day on which it bounces for now
    (its mailbox is full, its host cannot be reached) adds 1. Hard bounces and complaints suppress
    at once, whatever the score.
    """
    soft_half_life: PositiveDuration = timedelta(days=30)
    """How long it takes until the score is half of what it was."""
    webhooks: dict[str, WebhookTable] = Field(default={})
    """Providers that tell of mails over HTTP, by name."""


def check(site: dict[str, Any], faults: Faults) -> None:
    """Note every fault between the keys."""
    table = site.get("bounces")
    if not isinstance(table, dict):
        return
    for key in ("maildir", "lmtp", "imap"):
        if key in table and "address" not in table:
            faults.add(("bounces", "address"), f"missing, though there is {key}", "a mail address")
    imap = table.get("imap")
    if isinstance(imap, dict):
        path = ("bounces", "imap")
        if imap.get("auth") != "xoauth2" and not imap.get("password"):
            faults.add((*path, "password"), "missing or empty")
        check_login(path, imap, faults)


def settle(
    table: BouncesTable, folder: Path, providers: dict[str, tuple[Any, BaseModel]]
) -> BounceSettings:
    """Make the values of the table; paths are relative to ``folder``."""
    keep = table.processed == "keep"
    lmtp = None
    match table.lmtp:
        case Endpoint(host, port):
            lmtp = LmtpListenSettings(host=host, port=port)
        case Path() as path:
            lmtp = LmtpListenSettings(socket=anchored(path, folder))
    return BounceSettings(
        address=table.address,
        soft_limit=table.soft_limit,
        soft_half_life=table.soft_half_life,
        mailboxes=Mailboxes(
            maildir=None
            if table.maildir is None
            else MaildirSettings(folder=anchored(table.maildir, folder), keep=keep),
            lmtp=lmtp,
            imap=None if table.imap is None else _imap(table.imap, folder, keep=keep),
        ),
        providers=providers,
    )


def _imap(table: ImapTable, folder: Path, *, keep: bool) -> ImapSettings:
    return ImapSettings(
        host=table.host,
        port=table.port or _PORTS[table.security],
        security=table.security,
        verify=table.verify,
        ca_file=None if table.ca_file is None else anchored(table.ca_file, folder),
        username=table.username,
        password=table.password.get_secret_value() if table.password else "",
        oauth_token_file=None
        if table.oauth_token_file is None
        else anchored(table.oauth_token_file, folder),
        folder=table.folder,
        move_to=table.move_to,
        keep=keep,
    )
