"""What is kept of those who are not to be mailed, and of those who were forgotten."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text, UniqueConstraint, text

from publisher.model import SuppressionReason
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
