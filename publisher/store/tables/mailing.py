"""What goes out by mail: people, issues, and the ledger."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from publisher.model import DeliveryState, IssueState, SubscriptionState, WaveState
from publisher.store.tables.base import ROW_ID, UTCDateTime, metadata, one_of

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
    # How it ended: "page" and "one-click" are its reader's own doing.
    Column("ended_by", String, nullable=False, server_default=text("''")),
    Column("consent", JSON, nullable=False),
    # Articles eligible up to here were considered for this person. It only bounds the search;
    # the ledger (deliveries and their renditions) is the judge, so moving it back is safe.
    Column("covered", UTCDateTime),
    # What the reader has chosen: slugs of topics with blanks between them, "" for all; a language,
    # "" for the newsletter's; an hour and a zone (publisher.model.OwnTime), "" for neither.
    Column("topics", String, nullable=False, server_default=text("''")),
    Column("language", String, nullable=False, server_default=text("''")),
    Column("own_time", String, nullable=False, server_default=text("''")),
    Column("paused_until", UTCDateTime),
    UniqueConstraint("subscriber_id", "newsletter"),
    one_of("state", SubscriptionState),
    # Composing walks an audience in the order of its people, or those of one own time.
    Index(None, "newsletter", "cadence", "state", "subscriber_id"),
    Index("ix_subscriptions_wave", "newsletter", "cadence", "state", "own_time", "subscriber_id"),
    sqlite_autoincrement=True,
)

cadences = Table(
    "cadences",
    metadata,
    Column("newsletter", String, primary_key=True),
    Column("cadence", String, primary_key=True),
    # Whose: readers with an own time have a schedule of their own, "" is everybody else's.
    Column("own_time", String, primary_key=True, server_default=text("''")),
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
    Column("audience", Integer, nullable=False, default=0),
    Column("note", Text, nullable=False, default=""),
    Column("created", UTCDateTime, nullable=False),
    # When nothing was left to send; NULL while something is, or until that is noted.
    Column("finished", UTCDateTime),
    # An occurrence is this row: however often the clock rings, there is one.
    UniqueConstraint("newsletter", "cadence", "slot"),
    UniqueConstraint("newsletter", "number"),
    one_of("state", IssueState),
    Index(None, "state"),
    Index(
        "ix_issues_unfinished",
        "state",
        sqlite_where=text("finished IS NULL"),
        postgresql_where=text("finished IS NULL"),
    ),
    sqlite_autoincrement=True,
)

waves = Table(
    "waves",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("issue_id", ROW_ID, ForeignKey("issues.id"), nullable=False),
    # Of which readers: those with this own time, "*" for everybody.
    Column("own_time", String, nullable=False),
    Column("due", UTCDateTime, nullable=False),
    Column("opens", UTCDateTime, nullable=False),
    Column("state", String, nullable=False),
    Column("cut", UTCDateTime),
    # The last person that composing has dealt with: a crash resumes behind it.
    Column("composed_to", ROW_ID, nullable=False, default=0),
    UniqueConstraint("issue_id", "own_time"),
    one_of("state", WaveState),
    Index(None, "cut"),
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
    # Whose article it is in a mail that several newsletters share.
    Column("newsletter", String, nullable=False, server_default=text("''")),
    Index(None, "article_id", "rendition_id"),
)

# What an editor has decided about an issue; without one, about the next issue of the cadence.
edits = Table(
    "edits",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("newsletter", String, nullable=False),
    Column("cadence", String, nullable=False),
    Column("issue_id", ROW_ID, ForeignKey("issues.id"), unique=True),
    Column("intro", Text, nullable=False),
    # What the newsletter's file held when the issue was made: it is not printed again.
    Column("from_file", Text, nullable=False),
    Column("changed", UTCDateTime, nullable=False),
    Index(
        "ix_edits_next",
        "newsletter",
        "cadence",
        unique=True,
        sqlite_where=text("issue_id IS NULL"),
        postgresql_where=text("issue_id IS NULL"),
    ),
    Index(None, "newsletter", "cadence"),
    sqlite_autoincrement=True,
)

edited_articles = Table(
    "edited_articles",
    metadata,
    Column("edits_id", ROW_ID, ForeignKey("edits.id"), primary_key=True),
    Column("article_id", ROW_ID, ForeignKey("articles.id"), primary_key=True),
    Column("included", Boolean, nullable=False),
    Column("excluded", Boolean, nullable=False),
    # Among those that come first; NULL for one that stands where it stands.
    Column("place", SmallInteger),
    Index(None, "article_id"),
)

corrections = Table(
    "corrections",
    metadata,
    # One for each issue.
    Column("issue_id", ROW_ID, ForeignKey("issues.id"), primary_key=True, autoincrement=False),
    # The issue that carries it: without a number and without articles.
    Column("sent_as", ROW_ID, ForeignKey("issues.id"), nullable=False, unique=True),
    Column("note", Text, nullable=False),
    Column("created", UTCDateTime, nullable=False),
    # The last person who has a row of it: a crash resumes behind it. NULL: everybody has.
    Column("composed_to", ROW_ID),
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
    one_of("state", DeliveryState),
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

# How far the ledger has come, in one row (publisher.store.generation).
generation = Table(
    "generation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)

# How many mails of a day's quota are taken: of a relay's, or of those of a sender's domain.
quotas = Table(
    "quotas",
    metadata,
    Column("name", String, primary_key=True),
    # On the publication's calendar.
    Column("day", Date, primary_key=True),
    Column("used", Integer, nullable=False),
)

# What the admin is told of, or a person about their own address. No part of the ledger: it counts
# no reader, and may come twice.
notices = Table(
    "notices",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    # A digest of what it is about and how that stands: it is told once.
    Column("key", String(64), nullable=False, unique=True),
    # Whom it is for, NULL for the admin, and in which newsletter's name.
    Column("recipient", String),
    Column("newsletter", String, nullable=False, server_default=text("''")),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created", UTCDateTime, nullable=False),
    # Not before then, or the end of the lease; NULL once it is sent, or given up.
    Column("due", UTCDateTime),
    Column("sent", UTCDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    # What the relay said last, or why it could not be asked.
    Column("reply", Text, nullable=False, default=""),
    sqlite_autoincrement=True,
)
