"""What is kept of those who are not to be mailed, and of those who were forgotten."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from publisher.model import MoveState, SuppressionReason
from publisher.store.tables.base import ROW_ID, UTCDateTime, metadata, one_of

suppressions = Table(
    "suppressions",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    # A keyed hash of the address: it is known again by it once nothing else of it is left.
    Column("hash", String(64), nullable=False),
    # The key of an address (publisher.mail.address.key), or "@" and a domain; NULL once the person
    # was erased. Claims look here.
    Column("address_key", String),
    # "" for all newsletters.
    Column("newsletter", String, nullable=False, server_default=text("''")),
    Column("reason", String, nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("created", UTCDateTime, nullable=False),
    # NULL for ever.
    Column("until", UTCDateTime),
    UniqueConstraint("hash", "newsletter"),
    one_of("reason", SuppressionReason),
    Index(None, "address_key", "newsletter"),
    sqlite_autoincrement=True,
)

# What was done when somebody was erased. It says nothing of who that was.
erasures = Table(
    "erasures",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    # As in suppressions; NULL for who had never confirmed, and so is not kept away.
    Column("hash", String(64)),
    # Who wanted it: "person", "admin", or "retention".
    Column("wanted_by", String, nullable=False),
    # How much there was of them in each place.
    Column("counts", JSON, nullable=False),
    Column("created", UTCDateTime, nullable=False),
    sqlite_autoincrement=True,
)

# Changes of address that a person has asked for.
moves = Table(
    "moves",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("subscriber_id", ROW_ID, ForeignKey("subscribers.id"), nullable=False),
    # By whose page, and so in whose name they are written to.
    Column("newsletter", String, nullable=False),
    Column("former", String, nullable=False),
    Column("mailbox", String, nullable=False),
    # Of the new mailbox.
    Column("address_key", String, nullable=False),
    Column("state", String, nullable=False),
    Column("created", UTCDateTime, nullable=False),
    Column("settled", UTCDateTime),
    one_of("state", MoveState),
    Index(None, "subscriber_id"),
    Index(None, "address_key"),
    sqlite_autoincrement=True,
)
