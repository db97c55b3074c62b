"""The tables of newsletters: when they go out, what is in them, how they look."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from publisher.config.feeds import SelectTable
from publisher.config.looks import ThemeTable
from publisher.config.table import Table
from publisher.config.values import (
    Cron,
    ExcerptText,
    HoursText,
    Language,
    MailAddress,
    PositiveDuration,
    Relays,
    Slug,
    Text,
    Whole,
    Zone,
)
from publisher.model import InDoubtPolicy, MissedPolicy, Order
from publisher.settings import Allowed, Duration


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
