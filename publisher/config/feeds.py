"""The tables of what is published for feed readers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from publisher.config.table import Table
from publisher.config.values import Language, MailAddress, Slug, Text, Whole
from publisher.model import Format, TermKind


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
