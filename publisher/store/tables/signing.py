"""What comes in by forms, and what people were told when they agreed."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, String, Table, Text

from publisher.store.tables.base import ROW_ID, UTCDateTime, metadata

# Taken in, answered, and not yet looked at: a moment later the row is gone.
sign_ups = Table(
    "sign_ups",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("newsletter", String, nullable=False),
    Column("mailbox", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("wishes", JSON, nullable=False),
    Column("consent", JSON, nullable=False),
    Column("created", UTCDateTime, nullable=False),
    # Whoever took it in looks at it; from then on anybody does.
    Column("due", UTCDateTime, nullable=False),
    Index(None, "due"),
    sqlite_autoincrement=True,
)

# How much of a limit is used up, by whom it counts (blinded).
sign_up_limits = Table(
    "sign_up_limits",
    metadata,
    Column("key", String(32), primary_key=True),
    # When all of it is there again, in milliseconds since 1970.
    Column("until", BigInteger, nullable=False),
    Index(None, "until"),
)

# What people were shown when they agreed. Consents name it by its hash.
wordings = Table(
    "wordings",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("created", UTCDateTime, nullable=False),
)

# The consent of a time before a person left; that of now is with the subscription.
former_consents = Table(
    "former_consents",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column(
        "subscription_id",
        ROW_ID,
        ForeignKey("subscriptions.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("consent", JSON, nullable=False),
    Column("created", UTCDateTime, nullable=False),
    Column("confirmed", UTCDateTime, nullable=False),
    Column("ended", UTCDateTime, nullable=False),
    Index(None, "subscription_id"),
    sqlite_autoincrement=True,
)
