"""What the rest of the program gets from the config: plain, frozen, complete values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel, SecretStr

from publisher.mailboxes._settings import ImapSettings, LmtpListenSettings, MaildirSettings
from publisher.model import (
    Address,
    AutomaticFeeds,
    EventKind,
    Feed,
    Newsletter,
    Publication,
    Retention,
    WarmUp,
    Weight,
)
from publisher.ports import Source
from publisher.transports._settings import Hop

if TYPE_CHECKING:
    from publisher.mail.dkim import Signer

Security = Literal["none", "starttls", "tls"]


class Endpoint(NamedTuple):
    """Where to listen. ``port`` 0 means any that is free."""

    host: str
    port: int


class RelayWeights(NamedTuple):
    """Relays by name, and a weight for each; without weights they stand in for each other."""

    names: tuple[str, ...]
    weights: tuple[int, ...]


# So many mails in so many seconds.
Rate = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What all mails from one domain share; None is no limit."""

    rate: Rate | None
    daily: int | None
    warm_up: WarmUp | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PerDomain:
    """What a relay may send to each recipient domain; None is no limit of its own.

    ``by_mx`` counts domains whose mail goes to one provider as one.
    """

    connections: int | None
    rate: Rate | None
    by_mx: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A next hop for mail.

    ``hop`` says where it is, and by its type how mail is brought there. ``connections`` is how many
    may stand at once; ``rate`` how many mails it takes in a time, ``daily`` and ``warm_up`` how
    many on a day; what it puts off is tried again for ``give_up_after``; all ``signers`` sign them.
    """

    name: str
    hop: Hop
    connections: int
    rate: Rate | None
    daily: int | None
    warm_up: WarmUp | None
    give_up_after: timedelta
    per_domain: PerDomain | None
    signers: tuple[Signer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """A source as configured: the module of its kind, and that module's own settings.

    ``start`` is how many of the newest articles of the first load may be mailed; None is all.
    ``breaker`` says whether an abnormal number of new articles is held.
    """

    name: str
    kind: str
    every: timedelta
    start: int | None
    breaker: bool
    module: ModuleType
    settings: BaseModel

    def make(self, publication: Publication) -> Source:
        """Make the source. Opens nothing that needs closing (see `publisher.ports.Source`)."""
        source: Source = self.module.make(self.name, self.settings, publication)
        return source


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailboxes:
    """Where mails that come back arrive; None where none do."""

    maildir: MaildirSettings | None
    lmtp: LmtpListenSettings | None
    imap: ImapSettings | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceSettings:
    """What becomes of mails that come back, and how they come.

    ``address`` is the envelope sender without its token. ``providers`` maps those that tell of
    mails over HTTP to their module and its settings.
    """

    address: Address | None
    soft_limit: float
    soft_half_life: timedelta
    mailboxes: Mailboxes
    providers: Mapping[str, tuple[ModuleType, BaseModel]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Where the capturing mail server of ``run --capture`` listens and keeps what it caught."""

    listen: Endpoint
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How feeds are served. ``polls`` is how many requests in how long, None for no limit."""

    max_age: timedelta
    stale_while_revalidate: timedelta
    polls: tuple[int, timedelta] | None
    trusted_proxies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUps:
    """What holds for all forms by which people sign up. A limit is so many in so many seconds.

    ``per_network`` counts what comes from one network, ``per_address`` and ``per_domain`` what is
    for one address or all of a domain, ``total`` everything. ``proof_of_work`` has whoever signs up
    bring one.
    """

    record_ip: bool = False
    per_network: Rate = (20, 3600)
    per_address: Rate = (5, 86400)
    per_domain: Rate = (300, 3600)
    total: Rate = (600, 3600)
    proof_of_work: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A program that is told of what happens: of these kinds of event, none for all.

    ``key`` signs what it is told. ``allow_private`` lets it be at a private address.
    """

    name: str
    url: str
    key: bytes = field(repr=False)
    kinds: tuple[EventKind, ...] = ()
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A config without a fault. All paths are relative to the working directory, or absolute.

    ``admin`` is who hears of what needs somebody's attention, None for nobody. ``preflight`` maps
    each rule to what it does with what it finds.
    ``senders`` are by domain, in lower case.
    Two of them are equal exactly if they mean the same, secrets included.
    """

    path: Path
    publication: Publication
    admin: Address | None
    store_url: SecretStr
    witness: Path
    web: Endpoint
    serving: Serving
    sign_ups: SignUps
    hub_allow_private: bool
    capture: Capture
    templates: Path
    sources: tuple[SourceEntry, ...]
    feeds: tuple[Feed, ...]
    automatic_feeds: AutomaticFeeds
    newsletters: tuple[Newsletter, ...]
    relays: Mapping[str, Relay]
    senders: Mapping[str, Sender]
    bounces: BounceSettings
    webhooks: tuple[Webhook, ...]
    retention: Retention
    preflight: Mapping[str, Weight]
