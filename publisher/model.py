"""The words of the project as types: frozen values, times in aware UTC.

Everything above speaks in these; nothing here does any work beyond answering questions
about itself. Settings that come from the config file arrive here as plain values, so that
no verb knows how a config is written.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

# --- articles ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An author or contributor, as printed."""

    name: str
    email: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that belongs to an article. ``length_bytes`` is 0 when unknown."""

    url: str
    media_type: str
    length_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceArticle:
    """An article as its source tells it: not cleaned, not stored, nothing decided.

    ``guid`` is unique within the source and survives edits and moves. ``origin`` is where in
    the source it stands (a path, a URL), named in every message about it. ``stamp`` changes
    whenever the source would tell the article differently. ``base`` is what its relative
    links are relative to, when that is not its own page. ``weight`` and ``pinned`` say where it
    stands in an issue.
    """

    guid: str
    origin: str
    stamp: str
    title: str
    html: str
    summary: str = ""
    url: str | None = None
    base: str | None = None
    slug: str | None = None
    authors: tuple[Person, ...] = ()
    contributors: tuple[Person, ...] = ()
    tags: tuple[str, ...] = ()
    section: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    language: str | None = None
    image: str | None = None
    enclosures: tuple[Enclosure, ...] = ()
    weight: int = 0
    pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """What stands at ``origin`` still has the stamp that the caller named."""

    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """What stands below ``origin`` (a folder, whose name ends in a slash) cannot be looked at.

    Nothing of it has gone.
    """

    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """What stands at ``origin`` cannot be published; ``reason`` is a sentence for the editor."""

    origin: str
    stamp: str
    reason: str


class ArticleState(enum.StrEnum):
    """``held`` and ``withdrawn`` articles are in no feed and no issue that is yet to come."""

    LIVE = "live"
    HELD = "held"
    WITHDRAWN = "withdrawn"


class Hold(enum.StrEnum):
    """Why an article is held that has never been shown, and that nobody has held by hand."""

    ARRIVING = "arriving"  # its pass is not over
    ALARM = "alarm"  # too many came at once: somebody has to decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A source that an article comes from; ``arrived`` is from when it counts as that one's."""

    source: str
    arrived: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One published piece, cleaned and stored.

    ``uri`` is its identity in every feed (atom:id, rss:guid, JSON id): an absolute IRI, made
    once, never changed. ``slug`` is as permanent and names its page here, which it has when
    ``url`` is None. ``html`` is sanitised and all its links are absolute; ``summary`` and
    ``title`` are plain text. ``first_seen`` is when we met it; ``changed`` is when what a
    feed shows of it last changed. ``published`` is what the source says, and may be unknown.
    ``eligible`` is from when it may be mailed; None for one that came with a backlog that
    nobody is to be mailed. ``source`` is where its content comes from; ``also_from`` are the
    other sources that have it. Issues begin with what is ``pinned``; then the higher ``weight``
    comes first.
    """

    id: int
    source: str
    guid: str
    uri: str
    slug: str
    url: str | None
    title: str
    summary: str
    html: str
    text: str
    authors: tuple[Person, ...]
    contributors: tuple[Person, ...]
    tags: tuple[str, ...]
    section: str | None
    published: datetime | None
    updated: datetime | None
    first_seen: datetime
    eligible: datetime | None
    changed: datetime
    language: str
    image: str | None
    enclosures: tuple[Enclosure, ...]
    state: ArticleState
    also_from: tuple[Origin, ...] = ()
    weight: int = 0
    pinned: bool = False

    @property
    def dated(self) -> datetime:
        """What readers are shown and sorted by: the source's date, else our first sight."""
        return self.published or self.first_seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which articles: an empty tuple allows all, several fields must all agree.

    Spellings of a name make no difference (`publisher.terms`). A language covers its regions
    (RFC 4647 §3.3.1).
    """

    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


# --- what is published ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The site: whose name is on everything. ``base_url`` has no final slash.

    ``logo`` is the address of a picture; ``hub`` that of the WebSub hub which tells readers of
    news, ours or another one.
    """

    title: str
    base_url: str
    description: str
    language: str
    timezone: ZoneInfo
    postal_address: str
    rights: str = ""
    logo: str | None = None
    hub: str | None = None

    @property
    def own_hub(self) -> str:
        """Where our own hub stands, if it is in use."""
        return f"{self.base_url}/hub"

    @property
    def has_own_hub(self) -> bool:
        """Whether the hub is ours."""
        return self.hub == self.own_hub

    def article_url(self, article: Article) -> str:
        """Give the page of an article: elsewhere if it has one there, else ours."""
        return article.url or f"{self.base_url}/articles/{article.slug}"


class Format(enum.StrEnum):
    """The feed formats; the value is the ending of the file name as well."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "json"


class TermKind(enum.StrEnum):
    """What articles have in common, so that they may have a feed of their own."""

    TAG = "tag"
    SECTION = "section"
    AUTHOR = "author"
    SOURCE = "source"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Podcast:
    """What a feed of sound files says for podcast programs; ``owner`` may be None."""

    category: str
    is_explicit: bool = False
    owner: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed that we publish. ``full`` chooses whole texts or summaries.

    ``limit`` is None where the feed is complete: then it holds everything. ``formerly`` are
    slugs that it had before, the oldest first, of which its identity is made; one that is retired
    is there no more, and says so.
    """

    slug: str
    title: str
    description: str
    formats: tuple[Format, ...]
    limit: int | None
    full: bool
    select: Selection
    language: str
    formerly: tuple[str, ...] = ()
    is_retired: bool = False
    podcast: Podcast | None = None

    @property
    def first_slug(self) -> str:
        """The slug that it had at first: what is to outlive a move goes by that."""
        return (*self.formerly, self.slug)[0]

    @property
    def path(self) -> str:
        """Where on our site it stands, as in an address; without the ending of a format."""
        return f"/feeds/{quote(self.slug)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticFeeds:
    """Feeds that exist as soon as an article has the term: one a term of each of these kinds."""

    kinds: tuple[TermKind, ...]
    formats: tuple[Format, ...]
    limit: int
    full: bool


class Coding(enum.StrEnum):
    """How the bytes of a document may be packed; the names are those of Content-Encoding."""

    GZIP = "gzip"
    BROTLI = "br"
    ZSTD = "zstd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where an entry stands in a document, in bytes; ``mark`` is another one for other bytes."""

    start: int
    end: int
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDocument:
    """A feed's bytes in one format. ``modified`` is when the bytes last became different.

    ``spans`` are its entries, in order.
    """

    feed: str
    format: Format
    media_type: str
    body: bytes
    packed: Mapping[Coding, bytes]
    etag: str
    modified: datetime
    spans: tuple[Span, ...]

    @property
    def path(self) -> str:
        """Where on our site it stands, as in an address."""
        return f"/feeds/{quote(self.feed)}.{self.format}"


class HubMode(enum.StrEnum):
    """What a callback is asked by a hub, or told of its subscription (WebSub §5.2, §5.3)."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    DENIED = "denied"


class TellingState(enum.StrEnum):
    """Whether a callback has been told the newest version of its feed.

    ``failed`` is one that was given up: it is told the next version again.
    """

    PENDING = "pending"
    SENDING = "sending"
    TOLD = "told"
    FAILED = "failed"


# --- newsletters ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A mail address that may be written to; made by `publisher.mail.address` only.

    ``mailbox`` is local@domain with an ASCII (A-label) domain.
    """

    mailbox: str
    name: str = ""

    @property
    def domain(self) -> str:
        """The part behind the last @."""
        return self.mailbox.rpartition("@")[2]


class InDoubtPolicy(enum.StrEnum):
    """What becomes of a delivery that may or may not have been taken."""

    ASK = "ask"
    RESEND = "resend"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """A schedule that a reader can choose. ``cron`` is None for instant: when articles come.

    ``own_time`` says whether readers may have it at an hour, and in a zone, of their own.
    ``template`` is that of its mails, "" for the newsletter's.
    """

    name: str
    cron: str | None
    own_time: bool = False
    template: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTime:
    """When a reader wants what falls due on a day: the hour (0 to 23) and the zone.

    None means the newsletter's. As text it is "7@Europe/Berlin", "7@", "@Europe/Berlin", or ""
    for who goes by the newsletter altogether.
    """

    hour: int | None = None
    zone: ZoneInfo | None = None

    @classmethod
    def parse(cls, text: str) -> OwnTime:
        """Read it from its text. A zone that is there no more is as none: they read on."""
        hour, _, name = text.partition("@")
        try:
            zone = ZoneInfo(name) if name else None
        except (KeyError, ValueError, OSError):
            zone = None
        return cls(hour=int(hour) if hour else None, zone=zone)

    def __str__(self) -> str:
        if self.hour is None and self.zone is None:
            return ""
        hour = "" if self.hour is None else str(self.hour)
        return f"{hour}@{'' if self.zone is None else self.zone.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Some of a newsletter's articles, which readers may choose by themselves."""

    slug: str
    title: str
    select: Selection


class MissedPolicy(enum.StrEnum):
    """What becomes of slots that passed by more than max_lateness while nobody kept time."""

    SKIP = "skip"  # they are not made: their articles wait for the next slot
    MERGE = "merge"  # one issue is made for all of them
    SEND = "send"  # an issue is made for each


class Order(enum.StrEnum):
    """Which of two articles of the same weight an issue carries first."""

    NEWEST = "newest"
    OLDEST = "oldest"


class ExcerptKind(enum.StrEnum):
    """What of an article a mail shows."""

    SUMMARY = "summary"
    FIRST_PARAGRAPH = "first-paragraph"
    WORDS = "words"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """How much of each article a mail shows; ``words`` are how many where those are counted."""

    kind: ExcerptKind
    words: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of a mail, as CSS writes them; every text has contrast on its ground.

    ``paper`` lies on the ``background``; on it stand headings in ``ink``, ``text``, ``muted``
    remarks, links and marks in ``link``, and a ``line`` between two things. A button is
    ``on_accent`` on ``accent``.
    """

    background: str = "#f1efea"
    paper: str = "#ffffff"
    ink: str = "#1b1a18"
    text: str = "#363534"
    muted: str = "#5f5f5d"
    line: str = "#dbdada"
    link: str = "#9c1f1f"
    accent: str = "#9c1f1f"
    on_accent: str = "#ffffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """What a newsletter's mails look like, whatever their design.

    ``font`` is a stack as CSS writes it, that of headings and texts. ``width`` and
    ``logo_width`` are in pixels.
    """

    light: Palette = Palette()
    dark: Palette = Palette(
        background="#0f0f0e",
        paper="#191918",
        ink="#f2f0eb",
        text="#d8d6d2",
        muted="#b1b0ac",
        line="#3c3b3a",
        link="#e47878",
        accent="#e47878",
        on_accent="#000000",
    )
    font: str = 'Georgia, "Times New Roman", "Songti SC", "Noto Serif CJK SC", serif'
    width: int = 600
    logo: str | None = None
    logo_width: int = 200


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of each day, by the wall clock: from ``begin`` to just before ``end``.

    It may reach over midnight. Where a clock change leaves out or repeats an hour, so does this:
    what counts is what the clock shows.
    """

    begin: time
    end: time

    def hold(self, wall: time) -> bool:
        """Say whether the clock shows a time within."""
        if self.begin < self.end:
            return self.begin <= wall < self.end
        return wall >= self.begin or wall < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """A recurring publication: selection, cadences, template and sender.

    Readers choose among ``topics``, and among ``languages`` besides its own one. What a reader
    had by one ``shared`` newsletter they are not told by another; those that ``merge`` come in
    one mail where their slots meet. ``max_renditions`` bounds what one issue may cost.
    What is older than ``max_age`` when an issue is made is not in it; None lets all in.
    ``excerpt`` is how much of an article its mails show, None for what their template is for.
    ``intro`` is the path of a file whose text stands above the articles of one issue, "" for none.
    It goes over the first of its ``relays`` that works; or over all of them in proportion to
    ``weights``, of which each then has one.
    Its issues are sent within ``hours``, by the clock of its zone; None is at any time.
    ``is_public`` says whether anybody may sign up on its page; who is asked to confirm can do so
    ``confirm_within`` that time.
    """

    slug: str
    title: str
    description: str
    sender: Address
    reply_to: Address | None
    subject: str
    template: str
    select: Selection
    min_articles: int
    max_articles: int
    max_age: timedelta | None
    order: Order
    max_lateness: timedelta
    in_doubt: InDoubtPolicy
    grace: timedelta
    approval: bool
    relays: tuple[str, ...]
    cadences: tuple[Cadence, ...]
    language: str
    timezone: ZoneInfo
    missed: MissedPolicy = MissedPolicy.SKIP
    languages: tuple[str, ...] = ()
    topics: tuple[Topic, ...] = ()
    shared: bool = True
    merge: bool = False
    max_renditions: int = 1000
    excerpt: Excerpt | None = None
    by_section: bool = True
    reading_time: bool = False
    theme: Theme = Theme()
    intro: str = ""
    hours: Hours | None = None
    weights: tuple[int, ...] = ()
    is_public: bool = True
    confirm_within: timedelta = timedelta(days=7)

    @property
    def default_cadence(self) -> Cadence:
        """What somebody gets who does not choose: the first with a schedule, if there is one.

        A mail for every article is for those who ask for it.
        """
        return next((one for one in self.cadences if one.cron is not None), self.cadences[0])

    def is_instant(self, cadence: str) -> bool:
        """Say whether a cadence of this name goes out as articles come."""
        return any(each.name == cadence and each.cron is None for each in self.cadences)

    def template_of(self, cadence: str) -> str:
        """Name the template of the mails of a cadence."""
        own = next((each.template for each in self.cadences if each.name == cadence), "")
        return own or self.template

    def language_for(self, wanted: str) -> str:
        """Give the language of a reader's mails: what they want, where it is on offer."""
        return wanted if wanted in self.languages else self.language

    def midnight(self, day: date) -> datetime:
        """Give the instant at which a day begins where the newsletter is at home."""
        return datetime.combine(day, time(), self.timezone)

    def local_text(self, moment: datetime) -> str:
        """Write an instant as the slot of an issue that no schedule made: local, to the µs."""
        local = moment.astimezone(self.timezone).replace(tzinfo=None)
        return local.isoformat(timespec="microseconds")


class IssueState(enum.StrEnum):
    """The states of an issue. Whether it is finished is not one: its balance says that."""

    HELD = "held"  # in its grace time, waiting for approval, or being composed
    OPEN = "open"
    PAUSED = "paused"
    STOPPED = "stopped"
    EMPTY = "empty"
    MISSED = "missed"


# Composed and let out, whatever became of it then. Issues that are held can still be changed.
LET_OUT = (IssueState.OPEN, IssueState.PAUSED, IssueState.STOPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One numbered occurrence of a newsletter's cadence.

    ``slot`` is the local due time as text, unique within (newsletter, cadence); ``due`` is the
    instant that it stands for. ``opens`` is when its grace ends. ``number`` counts the issues
    that a newsletter sent; None before composing, and for one that was never composed.
    ``audience`` counts the deliveries made for it.
    """

    id: int
    newsletter: str
    cadence: str
    slot: str
    due: datetime
    number: int | None
    state: IssueState
    opens: datetime
    approved: bool
    audience: int
    note: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What an editor has decided about one issue; articles are ids.

    ``included`` are printed though nothing selects them any more or at all, to whoever has not had
    them; ``excluded`` are left out, and wait for the issue after it; ``first`` come first, in this
    order. Above the articles stands ``intro``, in Markdown, and where there is none
    ``from_file``: what the newsletter's own file held when the issue was made.
    """

    included: tuple[int, ...] = ()
    excluded: tuple[int, ...] = ()
    first: tuple[int, ...] = ()
    intro: str = ""
    from_file: str = ""

    @property
    def text(self) -> str:
        """What is printed above the articles."""
        return self.intro or self.from_file


class WaveState(enum.StrEnum):
    """Whether the readers of a wave have been dealt with."""

    DUE = "due"
    COMPOSED = "composed"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """The readers of an issue for whom it falls due at the same time; most issues have one.

    ``own_time`` is the text of what they have chosen, None where everybody is of this wave.
    ``opens`` is when its grace ends. ``cut`` is the instant up to which articles were considered
    for them; None until composing begins.
    """

    id: int
    issue: int
    own_time: str | None
    due: datetime
    opens: datetime
    state: WaveState
    cut: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """The frozen subject, HTML and text of an issue for one set of articles and a language.

    ``parts`` are the newsletters in it, by slug, the first of which it is, with the ids of their
    articles; none in a confirmation. Subject, HTML and text hold slots (`publisher.mail.slots`)
    where a recipient's own values go.
    """

    id: int
    newsletter: str
    issue: int | None
    key: str
    language: str
    subject: str
    html: str
    text: str
    parts: tuple[tuple[str, tuple[int, ...]], ...]
    created: datetime

    @property
    def article_ids(self) -> tuple[int, ...]:
        """All its articles, in the order of print."""
        return tuple(id for _, ids in self.parts for id in ids)


class Weight(enum.StrEnum):
    """What a rule of the preflight does with what it finds; one that is off is not asked."""

    OFF = "off"
    WARN = "warn"
    BLOCK = "block"  # the issue stays held


class SubscriptionState(enum.StrEnum):
    """``pending`` until the person confirms; ``ended`` for whatever reason."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a reader wants a newsletter; they may change all of it at any moment.

    ``topics`` are slugs, none for everything; ``language`` is "" for the newsletter's. Nothing is
    mailed before ``paused_until``, and nothing is lost by that.
    """

    cadence: str
    topics: tuple[str, ...] = ()
    language: str = ""
    own_time: OwnTime = OwnTime()
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A person's bond to a newsletter. One row for each (address, newsletter).

    ``ended_by`` says how it ended; "page" and "one-click" are the person's own doing.
    """

    id: int
    subscriber: int
    address: Address
    newsletter: str
    wishes: Wishes
    state: SubscriptionState
    created: datetime
    confirmed: datetime | None
    ended: datetime | None
    ended_by: str
    consent: Mapping[str, str]

    @property
    def cadence(self) -> str:
        """How often they hear."""
        return self.wishes.cadence


class SuppressionReason(enum.StrEnum):
    """Why an address is never mailed."""

    HARD_BOUNCE = "hard_bounce"  # there is nobody
    SOFT_BOUNCES = "soft_bounces"  # it has failed for now too often
    COMPLAINT = "complaint"  # its owner reported a mail as spam
    MANUAL = "manual"  # an admin's decision
    ERASED = "erased"  # its owner had themselves erased


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address, or all of a domain, that is never mailed, by one newsletter or by any ("").

    ``address_key`` is that of the address, or "@" and the domain; None once its owner was erased,
    when only ``hash`` is left to know it by. ``until`` is None for ever.
    """

    id: int
    hash: str
    address_key: str | None
    newsletter: str
    reason: SuppressionReason
    note: str
    created: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how long what is held of people is kept, from when it was last of use."""

    left: timedelta
    unconfirmed: timedelta
    replies: timedelta
    notices: timedelta
    bounces: timedelta
    quarantine: timedelta
    events: timedelta


class MoveState(enum.StrEnum):
    """How far a change of address has come."""

    ASKED = "asked"  # the new mailbox is asked
    DONE = "done"
    STOPPED = "stopped"  # the old mailbox wanted none of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A person as a list from elsewhere tells of them.

    ``state`` is None where the list does not say. ``suppressed`` is why the other system mails
    them no more, "" if it does. A ``cadence`` of "" is whatever is usual. ``consent`` is what the
    list knows about how they came.
    """

    address: Address
    state: SubscriptionState | None = None
    suppressed: str = ""
    created: datetime | None = None
    confirmed: datetime | None = None
    ended: datetime | None = None
    cadence: str = ""
    topics: tuple[str, ...] = ()
    language: str = ""
    own_time: str = ""
    paused_until: datetime | None = None
    consent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """What somebody asked for by a form: a subscription to a newsletter, for an address.

    ``consent`` says by which form, and what they were shown there.
    """

    newsletter: str
    address: Address
    wishes: Wishes
    consent: Mapping[str, str]


class DeliveryState(enum.StrEnum):
    """``sending`` is durable before the final dot can leave; past its lease it is in doubt."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    SKIPPED = "skipped"


class Lane(enum.IntEnum):
    """Lower overtakes higher. What is of no issue is claimed with the confirmations."""

    CONFIRMATION = 0
    ISSUE = 1
    REMINDER = 2  # says to who signs up again that they are subscribed


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that a worker has leased: what it needs to send it.

    ``attempt`` is the fence: a result is recorded only while the row still has this number.
    """

    delivery: int
    attempt: int
    lane: Lane
    newsletter: str
    issue: int | None
    rendition: int
    subscriber: int
    subscription: int
    address: Address
    created: datetime
    deferrals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Which of a newsletter's issue mails a relay is to carry, of several that share them.

    Those whose delivery's id, divided by ``of``, leaves ``first`` or more, but less than ``end``.
    So a retry goes the way of the first try, and workers need not agree on anything.
    """

    of: int
    first: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """A daily quota that grows: ``first`` on the day ``start``, then ``factor`` times as many."""

    start: date
    first: int
    factor: float

    def on(self, day: date) -> int | None:
        """Say how many that is on a day, before the start as on it; None once it is over."""
        days = max(0, (day - self.start).days)
        if math.log(self.first) + days * math.log(self.factor) > math.log(1_000_000):
            return None
        return int(self.first * self.factor**days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Where every recipient of an issue stands. The five counts always sum to the audience.

    ``pending`` includes rows under way; ``in_doubt`` are those whose worker is gone or whose
    connection was cut after the final dot.
    """

    audience: int
    accepted: int
    failed: int
    skipped: int
    pending: int
    in_doubt: int

    @property
    def holds(self) -> bool:
        """Whether nobody is missing and nobody is counted twice."""
        return self.audience == (
            self.accepted + self.failed + self.skipped + self.pending + self.in_doubt
        )

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left that would be sent by itself."""
        return self.pending == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A word to the admin, in plain text. ``key`` says what it is about and how that stands.

    What has been said once under a key is not said again. With a ``recipient`` it is a word to
    that mailbox instead, in the name of a newsletter.
    """

    key: str
    subject: str
    text: str
    recipient: str | None = None
    newsletter: str = ""


# --- what is told to other programs -----------------------------------------------------


class EventKind(enum.StrEnum):
    """What may have changed. Other programs know these names: add to them, rename none."""

    SUBSCRIPTION_ASKED = "subscription.asked"
    SUBSCRIPTION_CONFIRMED = "subscription.confirmed"
    SUBSCRIPTION_CHANGED = "subscription.changed"  # its reader has it otherwise now
    SUBSCRIPTION_ENDED = "subscription.ended"
    SUBSCRIPTION_RESUMED = "subscription.resumed"  # its reader took back that it ended
    SUBSCRIBER_MOVED = "subscriber.moved"  # to another address
    SUBSCRIBER_ERASED = "subscriber.erased"
    SUBSCRIBER_IMPORTED = "subscriber.imported"
    SUPPRESSION_ADDED = "suppression.added"
    SUPPRESSION_REMOVED = "suppression.removed"
    BOUNCE_HARD = "bounce.hard"
    BOUNCE_SOFT = "bounce.soft"
    COMPLAINT = "complaint"
    DELIVERY_FAILED = "delivery.failed"
    ISSUE_HELD = "issue.held"
    ISSUE_OPENED = "issue.opened"
    ISSUE_PAUSED = "issue.paused"
    ISSUE_RESUMED = "issue.resumed"
    ISSUE_STOPPED = "issue.stopped"
    ISSUE_FINISHED = "issue.finished"  # nothing is left that would be sent by itself
    ISSUE_EMPTY = "issue.empty"
    ISSUE_MISSED = "issue.missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change of state, as other programs are told of it.

    ``subscriber`` and ``issue`` are ids. Of a person nothing but ``address`` and ``data`` says
    more than their id; both are forgotten when they are erased.
    """

    kind: EventKind
    occurred: datetime
    newsletter: str | None = None
    issue: int | None = None
    subscriber: int | None = None
    address: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class Scope(enum.StrEnum):
    """What a token of the API lets a program do. What is in none of them nobody may do."""

    NEWSLETTERS_READ = "newsletters:read"
    SUBSCRIBERS_READ = "subscribers:read"
    SUBSCRIBERS_WRITE = "subscribers:write"
    SUBSCRIBERS_CONFIRM = "subscribers:confirm"  # vouch for people, who are not asked then
    SUBSCRIBERS_ERASE = "subscribers:erase"
    SUPPRESSIONS_READ = "suppressions:read"
    SUPPRESSIONS_WRITE = "suppressions:write"
    BOUNCES_READ = "bounces:read"
    ISSUES_READ = "issues:read"
    ISSUES_WRITE = "issues:write"
    EVENTS_READ = "events:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


# --- mail -------------------------------------------------------------------------------


class BounceKind(enum.StrEnum):
    """What is told of one of our mails: by a mail that came back, or by a provider."""

    HARD = "hard"  # nobody is at this address
    SOFT = "soft"  # not taken this time
    POLICY = "policy"  # refused for who we are or what we say: no fault of the address
    COMPLAINT = "complaint"  # its reader calls it spam
    FEEDBACK = "feedback"  # a feedback report of another type
    DELAYED = "delayed"  # not yet; there will be word of it
    DELIVERED = "delivered"  # evidence that it arrived
    AUTO_REPLY = "auto_reply"
    CHALLENGE = "challenge"  # asks us to prove that we are no machine
    UNSUBSCRIBE = "unsubscribe"
    UNPARSED = "unparsed"


class Consequence(enum.StrEnum):
    """What followed from a bounce."""

    NONE = "none"
    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one mail, or one event of a provider, says. All of it is as hostile as its sender.

    ``tokens`` stood in addresses of ours, ``links`` in unsubscribe links of the returned mail;
    none is verified yet. ``message_id`` and ``address`` are those of the mail that it is about,
    ``status`` an enhanced status code or the type of a feedback report. ``reason`` is why it
    could not be read. ``digest`` is the same for copies of one report.
    """

    kind: BounceKind
    digest: str
    tokens: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    message_id: str = ""
    address: str = ""
    status: str = ""
    diagnostic: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """MAIL FROM and RCPT TO (RFC 5321 §3.3): one recipient a message, always."""

    sender: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Bytes ready for the wire: CRLF line ends, 7-bit (`publisher.mail.wire`).

    ``stuffed`` is all that follows DATA (RFC 5321 §4.5.2): the content with the dots at the
    beginning of its lines doubled, and the line with the final dot.
    """

    envelope: Envelope
    stuffed: bytes

    @property
    def content(self) -> bytes:
        """What the recipient's server takes it for, made when it is asked for."""
        lines = self.stuffed.removesuffix(b".\r\n")
        if b"\r\n.." in lines:
            lines = lines.replace(b"\r\n..", b"\r\n.")
        return lines[1:] if lines.startswith(b"..") else lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The next hop's answer to a message that it took (RFC 5321 §4.2)."""

    code: int
    text: str
