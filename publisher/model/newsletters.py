"""Newsletters as the config has them: who sends, when, what and how it looks."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from publisher.model.articles import Selection


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


# As the newsletter has it.
AS_USUAL = OwnTime()


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
