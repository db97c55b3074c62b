"""What sources bring and what is kept of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


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
