"""The config file as models: every table and key, its type, default, unit and meaning.

Names are those of the file. The sentences below the keys are the reference page's, so they
are written for an admin. Rules that span tables are in `publisher.config.rules`.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr

from publisher.config.bounces import BouncesTable
from publisher.config.looks import ThemeTable
from publisher.config.site import Endpoint, Security
from publisher.config.table import Table
from publisher.config.values import (
    BaseUrl,
    Cron,
    DnsName,
    ExcerptText,
    Host,
    HoursText,
    Hub,
    Language,
    Listen,
    MailAddress,
    PositiveDuration,
    Rate,
    Relays,
    Slug,
    Start,
    StoreUrl,
    Text,
    WebUrl,
    Whole,
    Zone,
    one_or_several,
)
from publisher.config.webhooks import WebhookTable
from publisher.model import Format, InDoubtPolicy, MissedPolicy, Order, TermKind, Weight
from publisher.settings import Allowed, Duration
from publisher.transports._settings import FileFormat


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


class SelectTable(Table):
    """Which articles. Each key that is given must agree; one value of its list is enough."""

    sources: tuple[Slug, ...] = ()
    """Names of sources; none means every source."""
    tags: tuple[Text, ...] = ()
    """Tags; none means any."""
    sections: tuple[Text, ...] = ()
    """Sections; none means any."""
    authors: tuple[Text, ...] = ()
    """Names of authors; none means any."""
    languages: tuple[Language, ...] = ()
    """Languages, each with its regions (en covers en-GB); none means any."""


class PodcastTable(Table):
    """What a feed of sound files says for podcast programs."""

    category: Text
    """Its category in Apple's list, such as News."""
    explicit: bool = False
    """Whether it is for adults only."""
    owner: MailAddress | None = None
    """Whom directories write to; it is public."""


class FeedTable(Table):
    """A feed that is published at /feeds/SLUG, one table each."""

    slug: Slug
    """Its name in its URL; never change it, as feed readers keep the URL."""
    title: Text
    """Its name as readers see it."""
    description: str = ""
    """One sentence on what is in it; without one, the publication's."""
    formats: Annotated[tuple[Format, ...], Field(min_length=1)] = tuple(Format)
    """In which formats it is published."""
    limit: Annotated[Whole, Field(ge=1, le=1000)] = 50
    """How many articles it holds, newest first; older ones are in its archive."""
    complete: bool = False
    """Whether it holds everything instead, however much that is: for short lists that readers
    are to mirror.
    """
    content: Literal["full", "summary"] = "full"
    """Whether it holds whole texts or summaries."""
    select: SelectTable = SelectTable()
    """Which articles are in it."""
    language: Language | None = None
    """Its language; without one, the publication's."""
    formerly: tuple[Slug, ...] = ()
    """Slugs that it had before, the oldest first (of which its identity is made); who asks for one
    of them is sent here (301).
    """
    retired: bool = False
    """Whether it has ended; who asks for it is told that it will not come back (410)."""
    podcast: PodcastTable | None = None
    """For feeds of sound files: what podcast programs want to know."""


class AutomaticFeedsTable(Table):
    """Feeds that need no table of their own, at /feeds/KIND/NAME: one for each tag, section,
    author, source or language that an article has.
    """

    by: tuple[TermKind, ...] = ()
    """Of which kinds; none means that there are no such feeds."""
    formats: Annotated[tuple[Format, ...], Field(min_length=1)] = tuple(Format)
    """In which formats they are published."""
    limit: Annotated[Whole, Field(ge=1, le=1000)] = 50
    """How many articles each holds, newest first."""
    content: Literal["full", "summary"] = "full"
    """Whether they hold whole texts or summaries."""


class CadenceTable(Table):
    """A schedule that readers may choose. `instant` has no cron and mails as articles come."""

    cron: Cron | None = None
    """When it is due, on the newsletter's wall clock; weekdays 0 and 7 are Sunday. A time that a
    clock change skips is due right after it; one that comes twice, at the first.
    """
    own_time: bool = False
    """Whether readers may have it at an hour, and in a time zone, of their own: for a cron with one
    hour and one minute.
    """
    template: Text | None = None
    """The template of its mails; without one, the newsletter's. `instant` is made for a cadence of
    that name.
    """


class TopicTable(SelectTable):
    """Some of a newsletter's articles, which readers may choose by themselves. Its keys besides
    `title` are those of `select`.
    """

    title: Text
    """Its name as readers see it."""


class NewsletterTable(Table):
    """A recurring mail, one table each."""

    slug: Slug
    """Its name in URLs and on the command line; never change it."""
    title: Text
    """Its name as readers see it."""
    description: str = ""
    """One sentence for the sign-up page."""
    sender: MailAddress = Field(alias="from")
    """Whom its mails are from."""
    reply_to: MailAddress | None = None
    """Where replies go; without one, to the sender."""
    subject: Text = "{{ newsletter.title }}: {{ articles[0].title }}"
    """The subject, as a Jinja template."""
    template: Text = "digest"
    """The template of its mails, email/NAME.html (or .mjml.j2) and email/NAME.txt. Shipped are
    `digest` (a newspaper), `plain` (a letter), `full` (whole texts) and `instant` (one article).
    """
    excerpt: ExcerptText | None = None
    """How much of each article its mails show; without it, what their template is for: all of it in
    `full` and `instant`, else the summary. What does not fit into a mail is shortened.
    """
    group_by: Literal["section", "none"] = "section"
    """Whether its mails put articles of a section together, or keep all in one order."""
    reading_time: bool = False
    """Whether its mails say how many minutes an article takes; sensible where sources tell whole
    texts.
    """
    theme: ThemeTable = ThemeTable()
    """What its mails look like."""
    select: SelectTable = SelectTable()
    """Which articles it carries."""
    topics: dict[Slug, TopicTable] = Field(default={})
    """What of it readers may choose, by name; who chooses nothing gets everything."""
    shared: bool = True
    """Whether what a reader had by another newsletter counts, and the other way round, so that
    nobody is told of an article twice; false gives it an account of its own.
    """
    merge: bool = False
    """Whether it comes in one mail with other newsletters of which the same holds, for those who
    read several, wherever their times meet; the mail is that of the one that stands first here.
    """
    min_articles: Annotated[Whole, Field(ge=1)] = 1
    """With fewer new articles than this no issue goes out; they wait for the next."""
    max_articles: Annotated[Whole, Field(ge=1, le=500)] = 20
    """How many articles an issue carries at most."""
    max_age: PositiveDuration | None = None
    """Articles that are dated longer ago than this when an issue is made are left out of it;
    without one, none are.
    """
    order: Order = Order.NEWEST
    """Which articles come first. Before them come those that are pinned, and those of a higher
    weight.
    """
    max_lateness: PositiveDuration = timedelta(hours=6)
    """An issue that could not be made until this long after its time is not made: its articles
    wait for the next.
    """
    missed: MissedPolicy = MissedPolicy.SKIP
    """What becomes of issues that are later than that: they are left out, made as one for all of
    them, or made one by one.
    """
    in_doubt: InDoubtPolicy = InDoubtPolicy.ASK
    """What to do about a mail of which nobody can know whether it was taken, since the line broke
    at the end: ask you, resend it, or skip it. With several relays it is never resent by itself.
    """
    grace: Duration = timedelta(minutes=10)
    """How long a finished issue waits before it goes out, so that you can still stop it; 0s for
    none.
    """
    approval: bool = False
    """Whether each issue waits until somebody approves it."""
    hours: HoursText | None = None
    """When its issues may be sent, by its wall clock: what is left waits for the next day.
    Confirmations go at any time. Without it, so do issues.
    """
    intro: Path | None = None
    """A file in Markdown whose text stands above the articles of the next issue: of one in each
    cadence, as long as it says the same. It may be missing; an issue whose file cannot be read is
    held.
    """
    smtp: Relays | None = None
    """The relays that carry it, by name: of a list the first that works, and while that cannot be
    used the next one. A table shares mails out in proportion to its numbers; a relay with 0 stands
    in while none of the others can be used. Without this, the only relay there is.
    """
    cadences: Annotated[
        dict[Slug, CadenceTable],
        Field(min_length=1),
        Allowed("at least one table, such as daily = { cron = ... }"),
    ]
    """The schedules that readers may choose from, by name."""
    language: Language | None = None
    """Its language; without one, the publication's."""
    languages: tuple[Language, ...] = ()
    """In which other languages readers may have its mails: what surrounds the articles, not the
    articles.
    """
    timezone: Zone | None = None
    """Whose wall clock its cadences go by; without one, the publication's."""
    max_renditions: Annotated[Whole, Field(ge=1, le=100_000)] = 1000
    """How many different mails one issue may be made of, one for each set of articles and
    language. Beyond that a reader gets a part of what they are to get, and the rest next time.
    """
    public: bool = True
    """Whether anybody may sign up for it on its page; otherwise only you add subscribers."""
    confirm_within: PositiveDuration = timedelta(days=7)
    """For how long after a sign-up the link in its mail can confirm it."""


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
