"""What is published for programs that poll: the publication, feeds, documents and their hub."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from publisher.model.articles import Article, Selection
from publisher.model.newsletters import Address


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
