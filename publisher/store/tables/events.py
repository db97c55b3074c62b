"""What other programs are told, and what they may do."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text, text

from publisher.store.tables.base import ROW_ID, UTCDateTime, metadata

# Written in the transaction of the change itself, the ids in the order of the commits.
events = Table(
    "events",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("kind", String, nullable=False),
    Column("occurred", UTCDateTime, nullable=False),
    Column("newsletter", String),
    # No foreign keys: an event stays when what it tells of is gone.
    Column("issue_id", ROW_ID),
    Column("subscriber_id", ROW_ID),
    # With `data`, all that it says of a person. NULL for an issue, and once they are erased.
    Column("address", String),
    Column("data", JSON, nullable=False),
    # Erasure looks for a person's, and for what was said of the address before it was theirs.
    Index(
        "ix_events_subscriber_id",
        "subscriber_id",
        sqlite_where=text("subscriber_id IS NOT NULL"),
        postgresql_where=text("subscriber_id IS NOT NULL"),
    ),
    Index(
        "ix_events_of_nobody",
        "address",
        sqlite_where=text("subscriber_id IS NULL AND address IS NOT NULL"),
        postgresql_where=text("subscriber_id IS NULL AND address IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

# How far each webhook of the config has been told.
webhooks = Table(
    "webhooks",
    metadata,
    Column("name", String, primary_key=True),
    # Every event up to this id it was told, or does not want.
    Column("position", ROW_ID, nullable=False),
    # How often it was claimed: the fence that a result must name.
    Column("attempts", Integer, nullable=False, default=0),
    # Not before then, or the end of the lease.
    Column("due", UTCDateTime, nullable=False),
    # When it was told last.
    Column("told", UTCDateTime),
    # Since when it fails, how often that was, and why the last time; NULL, 0 and empty if it
    # does not.
    Column("failing", UTCDateTime),
    Column("failures", Integer, nullable=False, default=0),
    Column("error", Text, nullable=False, default=""),
    # Since when it is left alone, for having failed for days or wanting no more.
    Column("stopped", UTCDateTime),
)

# The tokens of the API. What a program shows is not kept: whoever reads this cannot use it.
api_tokens = Table(
    "api_tokens",
    metadata,
    Column("name", String, primary_key=True),
    # SHA-256 of the token, which is random and long: nobody finds it by trying.
    Column("digest", String(64), nullable=False, unique=True),
    # With blanks between them.
    Column("scopes", String, nullable=False),
    Column("created", UTCDateTime, nullable=False),
    Column("expires", UTCDateTime),
    # To the minute.
    Column("used", UTCDateTime),
)
