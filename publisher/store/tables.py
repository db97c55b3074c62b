"""The tables. Migrations make them; a test proves that both agree on both databases.

Times are stored in UTC. Names of newsletters, cadences, sources and feeds are those of the
config file: what the config drops keeps its history here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from publisher.model import (
    ArticleState,
    DeliveryState,
    HubMode,
    IssueState,
    SubscriptionState,
    TellingState,
)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC instant on both databases; SQLite keeps no zone, so it is put back on."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: it would mean another instant on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> datetime | None:
        """Give the instant in UTC, whatever zone the database session speaks in."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


# SQLite numbers rows by itself only for a column that is exactly INTEGER PRIMARY KEY, and
# gives a deleted row's number again unless told not to (sqlite_autoincrement): an old token
# must never mean a new row.
ROW_ID = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, values: type[Any]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


keys = Table(
    "keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("created", UTCDateTime, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("name", String, primary_key=True),
    Column("first_load_done", Boolean, nullable=False, default=False),
    Column("last_try", UTCDateTime),
    Column("last_good", UTCDateTime),
    Column("error", Text),
    Column("counts", JSON, nullable=False, default=dict),
    # Not asked before then, whatever its schedule says.
    Column("next_try", UTCDateTime),
    # How many passes in a row have failed: what the back-off grows with.
    Column("failures", Integer, nullable=False, server_default="0"),
    # Somebody asked for a pass outside its schedule.
    Column("is_wanted", Boolean, nullable=False, server_default=false()),
    # What the source keeps for itself from pass to pass.
    Column("memory", JSON),
    # The settings under which it has gone for good: not asked again while they are the same.
    Column("gone_for", String(64)),
    # Why articles of it are held, until somebody decides; NULL if none are.
    Column("alarm", Text),
)

# Where an upstream feed's hub has been asked to tell us of news (WebSub).
hub_subscriptions = Table(
    "hub_subscriptions",
    metadata,
    Column("source", String, primary_key=True),
    Column("hub", Text, nullable=False),
    Column("topic", Text, nullable=False),
    # Names the subscription in the address that the hub calls; nobody else can guess it.
    Column("token", String, nullable=False, unique=True),
    Column("secret", String, nullable=False),
    Column("asked", UTCDateTime, nullable=False),
    # NULL until the hub has confirmed it.
    Column("lease_ends", UTCDateTime),
    # Why the hub refused, in its words.
    Column("denied", Text),
)

rejections = Table(
    "rejections",
    metadata,
    Column("source", String, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("stamp", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("first_seen", UTCDateTime, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    # The origin that its content comes from.
    Column("source", String, nullable=False),
    Column("guid", Text, nullable=False),
    Column("uri", Text, nullable=False, unique=True),
    Column("slug", String, nullable=False, unique=True),
    Column("url", Text),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("authors", JSON, nullable=False),
    Column("contributors", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("section", Text),
    Column("published", UTCDateTime),
    Column("updated", UTCDateTime),
    Column("first_seen", UTCDateTime, nullable=False),
    # From when it may be shown and mailed; NULL: it came with a backlog that is not mailed.
    Column("eligible", UTCDateTime),
    Column("changed", UTCDateTime, nullable=False),
    Column("language", String, nullable=False),
    Column("image", Text),
    Column("enclosures", JSON, nullable=False),
    Column("state", String, nullable=False),
    # Held or withdrawn by a person: what the source tells does not bring it back.
    Column("by_hand", Boolean, nullable=False, default=False),
    # Why it is held and has never been shown (publisher.model.Hold); NULL if it has.
    Column("hold", String),
    UniqueConstraint("source", "guid"),
    _one_of("state", ArticleState),
    # Few articles are on hold at a time, and each pass asks for those of its source.
    Index(
        "ix_articles_on_hold",
        "source",
        "hold",
        sqlite_where=text("hold IS NOT NULL"),
        postgresql_where=text("hold IS NOT NULL"),
    ),
    Index(None, "state", "eligible"),
    Index(None, "state", "changed"),
    # Feeds read newest first and stop at their limit.
    Index(
        "ix_articles_newest",
        "state",
        text("coalesce(published, first_seen) DESC"),
        text("id DESC"),
    ),
    sqlite_autoincrement=True,
)

# Where an article comes from. One that two sources have, or that its source has given another
# guid, has several; the one named by the article is where its content is taken from.
origins = Table(
    "origins",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("source", String, nullable=False),
    Column("guid", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("stamp", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("article_id", ROW_ID, ForeignKey("articles.id"), nullable=False),
    # From when the article may count as this source's (publisher.store.arrivals).
    Column("arrived", UTCDateTime, nullable=False),
    # Whether the source has ceased to tell it.
    Column("gone", Boolean, nullable=False, default=False),
    # By what it said last it is known again elsewhere (publisher.content.sameness).
    Column("url_key", Text),
    Column("title_key", Text, nullable=False, server_default=text("''")),
    Column("text_key", String(64)),
    UniqueConstraint("source", "guid"),
    Index(None, "source", "fingerprint"),
    Index(None, "source", "origin"),
    Index(None, "article_id"),
    Index(None, "url_key"),
    Index(None, "text_key"),
    sqlite_autoincrement=True,
)

# Requests that are to be obeyed once, however often they are sent (publisher.store.idempotency).
idempotency = Table(
    "idempotency",
    metadata,
    Column("source", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("digest", String(64), nullable=False),
    # The answer; NULL while the request is under way.
    Column("status", SmallInteger),
    Column("answer", JSON),
    Column("created", UTCDateTime, nullable=False),
    Index(None, "created"),
)

feed_documents = Table(
    "feed_documents",
    metadata,
    Column("feed", String, primary_key=True),
    Column("format", String, primary_key=True),
    # A digest of everything the bytes were made from: equal means that nothing need be built.
    Column("inputs", String(64), nullable=False),
    Column("media_type", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("gzip", LargeBinary, nullable=False),
    Column("br", LargeBinary, nullable=False),
    Column("zstd", LargeBinary, nullable=False),
    Column("etag", String, nullable=False),
    # [start, end, mark] of each entry.
    Column("spans", JSON, nullable=False),
    Column("modified", UTCDateTime, nullable=False),
    # SQLite walks through all of a row's bytes to what stands behind them; this holds the tags.
    Index(None, "feed", "format", "etag"),
)

# Earlier states of feed documents, so that who has one is told only what came since (RFC 3229).
feed_versions = Table(
    "feed_versions",
    metadata,
    Column("feed", String, primary_key=True),
    Column("format", String, primary_key=True),
    Column("etag", String, primary_key=True),
    Column("marks", JSON, nullable=False),
    Column("made", UTCDateTime, nullable=False),
)

# What has fallen out of a feed's document, in that order, which is never changed: the archive
# (RFC 5005) that is made of it keeps its pages. Positions count from 1.
archived = Table(
    "archived",
    metadata,
    Column("feed", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("article_id", ROW_ID, ForeignKey("articles.id"), nullable=False),
    UniqueConstraint("feed", "article_id"),
    Index(None, "article_id"),
)

# What articles have in common: the kinds of publisher.model.TermKind without the sources, which
# are origins. ``key`` is what two spellings of a name have in common (publisher.terms).
terms = Table(
    "terms",
    metadata,
    Column("article_id", ROW_ID, ForeignKey("articles.id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("name", Text, nullable=False),
    Index(None, "kind", "key"),
)

# Who is subscribed to a feed at our own hub (WebSub): a program, at its callback. The row is
# the ledger of what it is to be told as well: the newest version, so that a newer one takes the
# place of one that waits, and nothing is left to be cleared away.
callbacks = Table(
    "callbacks",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("url", Text, nullable=False),
    # Its host, of which no more than a few are called at once.
    Column("host", String, nullable=False),
    Column("feed", String, nullable=False),
    Column("format", String, nullable=False),
    # What bodies are signed with; empty where nothing was agreed.
    Column("secret", Text, nullable=False),
    Column("lease_ends", UTCDateTime, nullable=False),
    # The ETag of what it was told last, or is to be.
    Column("version", String, nullable=False),
    # From when on it is the newest.
    Column("since", UTCDateTime, nullable=False),
    Column("state", String, nullable=False),
    # How often it was claimed: the fence that a result must name.
    Column("attempts", Integer, nullable=False, default=0),
    # How often telling it this version went wrong: what the back-off grows with.
    Column("failures", SmallInteger, nullable=False, default=0),
    # Pending: not before then. Sending: the end of the lease.
    Column("due", UTCDateTime, nullable=False),
    Column("tried", UTCDateTime),
    # Why the last try went wrong; empty if it did not.
    Column("error", Text, nullable=False, default=""),
    UniqueConstraint("url", "feed", "format"),
    _one_of("state", TellingState),
    Index(None, "feed", "format"),
    Index(None, "host"),
    Index(
        "ix_callbacks_waiting",
        "due",
        sqlite_where=text("state IN ('pending', 'sending')"),
        postgresql_where=text("state IN ('pending', 'sending')"),
    ),
    sqlite_autoincrement=True,
)

# What was asked of our hub and is not verified yet, one a callback and feed: the last word
# counts. The subscription itself stays as it is until then.
intents = Table(
    "intents",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("url", Text, nullable=False),
    Column("host", String, nullable=False),
    Column("feed", String, nullable=False),
    Column("format", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("secret", Text, nullable=False),
    Column("lease_seconds", Integer, nullable=False),
    # The ETag of the feed when it was asked: whatever comes after it is news.
    Column("version", String, nullable=False),
    # The address that asked, so that no one of them asks too much.
    Column("peer", String, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    # It is kept for a while then, so that the callback is not asked again at once.
    Column("has_failed", Boolean, nullable=False, default=False),
    # Not before then, or the end of the lease.
    Column("due", UTCDateTime, nullable=False),
    UniqueConstraint("url", "feed", "format"),
    _one_of("mode", HubMode),
    Index(None, "due"),
    sqlite_autoincrement=True,
)

# What a hub that is not ours has been told, or is to be: one a document.
pings = Table(
    "pings",
    metadata,
    Column("feed", String, primary_key=True),
    Column("format", String, primary_key=True),
    Column("hub", Text, nullable=False),
    Column("version", String, nullable=False),
    # When to tell it, or the end of the lease; NULL if it knows.
    Column("due", UTCDateTime),
    Column("failures", SmallInteger, nullable=False, default=0),
    Column("error", Text, nullable=False, default=""),
    Index(None, "due"),
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("mailbox", String, nullable=False),
    # What two spellings of one mailbox have in common (publisher.mail.address.key).
    Column("address_key", String, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("created", UTCDateTime, nullable=False),
    sqlite_autoincrement=True,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("subscriber_id", ROW_ID, ForeignKey("subscribers.id"), nullable=False),
    Column("newsletter", String, nullable=False),
    Column("cadence", String, nullable=False),
    Column("state", String, nullable=False),
    Column("created", UTCDateTime, nullable=False),
    Column("confirmed", UTCDateTime),
    Column("ended", UTCDateTime),
    Column("consent", JSON, nullable=False),
    # Articles eligible up to here were considered for this person. It only bounds the search;
    # the ledger (deliveries and their renditions) is the judge, so moving it back is safe.
    Column("covered", UTCDateTime),
    UniqueConstraint("subscriber_id", "newsletter"),
    _one_of("state", SubscriptionState),
    # Composing walks an audience in the order of its people.
    Index(None, "newsletter", "cadence", "state", "subscriber_id"),
    sqlite_autoincrement=True,
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("created", UTCDateTime, nullable=False),
)

cadences = Table(
    "cadences",
    metadata,
    Column("newsletter", String, primary_key=True),
    Column("cadence", String, primary_key=True),
    Column("schedule", String, nullable=False),
    # From when this schedule is in force: slots before it never fall due.
    Column("since", UTCDateTime, nullable=False),
)

issues = Table(
    "issues",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("newsletter", String, nullable=False),
    Column("cadence", String, nullable=False),
    Column("slot", String, nullable=False),
    Column("due", UTCDateTime, nullable=False),
    # Given when composing begins, so that empty and missed occurrences leave no gap.
    Column("number", Integer),
    Column("state", String, nullable=False),
    Column("opens", UTCDateTime, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("cut", UTCDateTime),
    # The last person that composing has dealt with: a crash resumes behind it.
    Column("composed_to", ROW_ID, nullable=False, default=0),
    Column("audience", Integer, nullable=False, default=0),
    Column("note", Text, nullable=False, default=""),
    Column("created", UTCDateTime, nullable=False),
    # An occurrence is this row: however often the clock rings, there is one.
    UniqueConstraint("newsletter", "cadence", "slot"),
    UniqueConstraint("newsletter", "number"),
    _one_of("state", IssueState),
    Index(None, "state"),
    sqlite_autoincrement=True,
)

renditions = Table(
    "renditions",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("newsletter", String, nullable=False),
    Column("issue_id", ROW_ID, ForeignKey("issues.id")),
    Column("key", String(64), nullable=False),
    Column("language", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created", UTCDateTime, nullable=False),
    UniqueConstraint("newsletter", "issue_id", "key"),
    sqlite_autoincrement=True,
)

rendition_articles = Table(
    "rendition_articles",
    metadata,
    Column("rendition_id", ROW_ID, ForeignKey("renditions.id"), primary_key=True),
    Column("article_id", ROW_ID, ForeignKey("articles.id"), primary_key=True),
    Column("position", SmallInteger, nullable=False),
    Index(None, "article_id", "rendition_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("lane", SmallInteger, nullable=False),
    Column("newsletter", String, nullable=False),
    Column("issue_id", ROW_ID, ForeignKey("issues.id")),
    Column("rendition_id", ROW_ID, ForeignKey("renditions.id"), nullable=False),
    Column("subscriber_id", ROW_ID, ForeignKey("subscribers.id"), nullable=False),
    Column("state", String, nullable=False),
    # How often it was claimed: the fence that a worker's writes must name.
    Column("attempts", Integer, nullable=False, default=0),
    # How often the next hop put it off: what the back-off grows with.
    Column("deferrals", SmallInteger, nullable=False, default=0),
    # Pending: not before then. Claimed or sending: the end of the lease.
    Column("due", UTCDateTime, nullable=False),
    # Was once in doubt, so it may have arrived whatever else the row says.
    Column("doubted", Boolean, nullable=False, default=False),
    Column("reply", Text, nullable=False, default=""),
    Column("created", UTCDateTime, nullable=False),
    Column("settled", UTCDateTime),
    UniqueConstraint("issue_id", "subscriber_id"),
    _one_of("state", DeliveryState),
    Index(None, "subscriber_id", "rendition_id"),
    Index(None, "issue_id", "state"),
    # Claiming reads only what is left to do, in its order.
    Index(
        "ix_deliveries_pending",
        "issue_id",
        "due",
        "id",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index(
        "ix_deliveries_sending",
        "due",
        sqlite_where=text("state = 'sending'"),
        postgresql_where=text("state = 'sending'"),
    ),
    sqlite_autoincrement=True,
)
