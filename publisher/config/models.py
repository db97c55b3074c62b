"""The config file as models: the whole of it, and the tables that have no file of their own.

Names are those of the file. The sentences below the keys are the reference page's, so they
are written for an admin. Rules that span tables are in `publisher.config.rules`.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, SecretStr

from publisher.config.bounces import BouncesTable
from publisher.config.feeds import AutomaticFeedsTable, FeedTable
from publisher.config.newsletters import NewsletterTable
from publisher.config.site import Endpoint
from publisher.config.smtp import RelayTable, SenderTable
from publisher.config.table import Table
from publisher.config.values import (
    BaseUrl,
    DnsName,
    Hub,
    Language,
    Listen,
    MailAddress,
    PositiveDuration,
    Rate,
    Slug,
    Start,
    StoreUrl,
    Text,
    WebUrl,
    Zone,
)
from publisher.config.webhooks import WebhookTable
from publisher.model import Weight
from publisher.settings import Allowed, Duration


class PublicationTable(Table):
    """The site: whose name is on everything."""

    title: Text
    """The name of the site, in every feed and mail."""
    base_url: BaseUrl
    """Where readers find this site; every link in feeds and mails begins with it."""
    description: str = ""
    """One sentence on what is published here."""
    language: Language = "en"
    """The language of articles, feeds and newsletters that name none of their own."""
    timezone: Zone = ZoneInfo("UTC")
    """Whose wall clock the cadences go by."""
    postal_address: str = ""
    """Where the publisher can be reached by post; at the foot of every mail, as many countries'
    law asks.
    """
    rights: str = ""
    """The copyright notice, in every feed."""
    logo: WebUrl | None = None
    """The address of a square picture, which feed readers show beside the name: 512 pixels wide
    or more, for podcasts 1400 to 3000.
    """
    admin: MailAddress | None = None
    """Who is mailed when somebody has to look at something: an issue that is held, slots that
    were missed. Without one, it is only logged, and shown by `publisher status`.
    """


class StoreTable(Table):
    """The database, which holds everything but this file and the templates."""

    url: StoreUrl = SecretStr("sqlite:///../var/publisher.db")
    """Which database. An SQLite file is relative to this file, and lies on a disk of this machine,
    not on a network's; two more of its name, `-wal` and `-shm`, belong to it while it is in use,
    so copy it while the program is stopped. PostgreSQL is for several machines.
    """
    witness: Path = Path("../var/publisher.witness")
    """A small file that remembers how far the database has come. So one that was put back from an
    older copy is noticed, and nothing that has gone out is sent again. Keep it where it outlives
    the database, and out of its backups.
    """


class WebTable(Table):
    """The web server."""

    listen: Listen = Endpoint("127.0.0.1", 8000)
    """Where to listen. If the environment holds PORT, as on hosting platforms, that port is taken
    on all interfaces (0.0.0.0) instead.
    """
    hub: Hub | None = None
    """The WebSub hub through which feed readers hear of news within seconds: our own ("self"), or
    the address of another one.
    """
    hub_allow_private: bool = False
    """Whether our own hub may call programs at private addresses (loopback, local network), for
    readers of your own. Anybody may name any address to it, so leave it off otherwise.
    """
    max_age: Duration = timedelta(minutes=5)
    """How long readers and caches may keep a feed before they ask again."""
    stale_while_revalidate: Duration = timedelta(hours=1)
    """How long after that a cache may still answer with it while it asks."""
    polls: Rate | None = None
    """How often one address may ask for the same feed; beyond it is told to wait (429). Without
    one, no limit.
    """
    trusted_proxies: tuple[Text, ...] = ()
    """Addresses of proxies that are believed when they say whose request they pass on
    (X-Forwarded-For). Without them, limits on who asks take all for one, or cannot work.
    """


class SignUpTable(Table):
    """The forms by which people sign up for newsletters, and what keeps them from being abused.
    Whoever signs up is asked by mail whether they meant it, at most once a day and three times in
    all.
    """

    record_ip: bool = False
    """Whether the record of a consent holds the address from which it was given. Where nobody asks
    you for it, better not.
    """
    per_network: Rate = "20/h"
    """How many sign-ups are taken from one network (IPv4 /24, IPv6 /64). One by a form on a page
    that is not ours counts three times.
    """
    per_address: Rate = "5/d"
    """How many sign-ups are looked at for one address; the others are answered the same."""
    per_domain: Rate = "300/h"
    """How many are taken for addresses of one domain, such as gmail.com."""
    total: Rate = "600/h"
    """How many are taken in all. Beyond it the admin is told."""
    proof_of_work: bool = False
    """Whether the browser solves a puzzle (ALTCHA) before a form is taken: a second's work or less
    for a person, and minutes of it for a thousand. It needs JavaScript, and https in `base_url`.
    """


class CaptureTable(Table):
    """The mail server of `publisher run --capture`, which keeps every mail and sends none on."""

    listen: Listen = Endpoint("127.0.0.1", 2525)
    """Where it listens; a relay that is meant to be captured names the same host and port."""
    folder: Path = Path("../var/caught")
    """Where caught mails are kept, one .eml file each."""


class TemplatesTable(Table):
    """The site's own templates."""

    path: Path = Path("../templates")
    """A folder whose files replace shipped templates of the same path; it may be missing."""


class SourceTable(Table):
    """Where articles come from, one table each. The keys of its kind stand beside these."""

    model_config = ConfigDict(extra="allow")

    name: Slug
    """Its name here, in the database and on the command line; never change it."""
    kind: Annotated[Text, Allowed("the name of a kind, such as folder")]
    """What it is: a kind that is shipped, or the dotted name of a Python module of your own."""
    every: PositiveDuration = timedelta(minutes=1)
    """How often to look for articles."""
    start: Start = Field(default=None, json_schema_extra={"shown": '"all"'})
    """What of the first load is mailed: all of it, nothing ("now"), or only so many of the newest.
    Feeds show all of it in any case.
    """
    breaker: bool = True
    """Whether articles are held when an abnormal number of them suddenly looks new, until
    `publisher sources release` or `discard` decides.
    """


class PreflightTable(Table):
    """What each issue is examined for before it opens, in the mails of a few of its readers. A rule
    that blocks holds the issue until it is mended, and the admin is told; one that warns is noted
    in the log. `publisher preview --check` tells what would be found now.
    """

    message: Weight = Weight.BLOCK
    """A mail can be made. For a single reader who cannot have one it warns at most."""
    unsubscribe: Weight = Weight.BLOCK
    """The unsubscribe link is in header, HTML and text, and ends this very subscription."""
    subject: Weight = Weight.BLOCK
    """The subject is not empty and holds no control characters. For one beyond 78 columns it warns
    at most.
    """
    articles: Weight = Weight.BLOCK
    """There is an article in it, and none twice."""
    slots: Weight = Weight.BLOCK
    """No marker, template code or missing value is left in it."""
    size: Weight = Weight.BLOCK
    """The HTML is not longer than 102 kB, where Gmail cuts it off. From 90 kB on it warns at most.
    """
    language: Weight = Weight.BLOCK
    """The HTML says its language and direction, and rightly."""
    text: Weight = Weight.BLOCK
    """The text part has every title and link that the HTML part has."""
    links: Weight = Weight.BLOCK
    """Every link and picture has an absolute address that readers can reach; none is asked for."""
    alt: Weight = Weight.WARN
    """Every picture has a text that stands for it, and a width."""
    preheader: Weight = Weight.WARN
    """There is a preheader, which keeps the first words of the mail out of lists of mails."""
    contrast: Weight = Weight.WARN
    """Text stands out from its ground (WCAG 2.2, level AA)."""
    audience: Weight = Weight.WARN
    """Not less than half and not more than double as many get it as got the last issue."""
    spam: Weight = Weight.WARN
    """SpamAssassin, if it is installed, gives it at most 5 points. As this takes a second or two,
    issues are only examined for it where it blocks; `preview --check` always asks.
    """


class RetentionTable(Table):
    """For how long what is held of people is kept. The clock lets go of it once a day; `publisher
    prune --dry-run` says of how much. Rows of the ledger stay, as they prove that nothing came
    twice; what goes of them is what says more.
    """

    left: PositiveDuration = timedelta(days=1095)
    """For how long people are kept who have left everything, with their consent. Then they are
    erased as if they had asked for it: a hash stays, so that no import brings them back.
    """
    unconfirmed: PositiveDuration = timedelta(days=30)
    """For how long sign-ups wait that nobody confirms. Then they are forgotten."""
    replies: PositiveDuration = timedelta(days=90)
    """For how long it is kept what relays answered to each mail."""
    notices: PositiveDuration = timedelta(days=90)
    """For how long it is kept what the admin, and readers who changed their address, were written
    about.
    """
    bounces: PositiveDuration = timedelta(days=180)
    """For how long bounces and complaints are kept. What they led to, a suppression, stays."""
    quarantine: PositiveDuration = timedelta(days=30)
    """For how long mail to the bounce address is kept that nobody could read."""
    events: PositiveDuration = timedelta(days=90)
    """For how long events can be read, and webhooks be told of them."""


class Site(Table):
    """The whole file."""

    publication: PublicationTable
    store: StoreTable = StoreTable()
    web: WebTable = WebTable()
    signup: SignUpTable = SignUpTable()
    capture: CaptureTable = CaptureTable()
    templates: TemplatesTable = TemplatesTable()
    sources: tuple[SourceTable, ...] = ()
    feeds: tuple[FeedTable, ...] = ()
    automatic_feeds: AutomaticFeedsTable = AutomaticFeedsTable()
    newsletters: tuple[NewsletterTable, ...] = ()
    smtp: dict[Slug, RelayTable] = Field(default={})
    senders: dict[DnsName, SenderTable] = Field(default={})
    bounces: BouncesTable = BouncesTable()
    webhooks: tuple[WebhookTable, ...] = ()
    retention: RetentionTable = RetentionTable()
    preflight: PreflightTable = PreflightTable()
