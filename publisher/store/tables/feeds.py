"""What goes out to feed readers: documents, archives, and who is told of them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from publisher.model import HubMode, TellingState
from publisher.store.tables.base import ROW_ID, UTCDateTime, metadata, one_of

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
    one_of("state", TellingState),
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
    one_of("mode", HubMode),
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
