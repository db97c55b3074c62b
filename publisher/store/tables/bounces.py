"""What comes back: what was told of our mails, what could not be read, and how much there was."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from publisher.model import BounceKind, Consequence
from publisher.store.tables.base import ROW_ID, UTCDateTime, metadata, one_of

bounces = Table(
    "bounces",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    # The same for copies of one report: it counts once.
    Column("digest", String(64), nullable=False, unique=True),
    Column("kind", String, nullable=False),
    # How it came in: pipe, maildir, lmtp, imap, or the name of a provider.
    Column("via", String, nullable=False),
    # NULL where only a person is known by what a provider says.
    Column("delivery_id", ROW_ID, ForeignKey("deliveries.id")),
    Column("subscriber_id", ROW_ID, ForeignKey("subscribers.id"), nullable=False),
    # As it was then: a new address begins anew.
    Column("address_key", String, nullable=False),
    Column("status", String, nullable=False),
    # What a stranger wrote.
    Column("diagnostic", Text, nullable=False),
    Column("consequence", String, nullable=False),
    Column("received", UTCDateTime, nullable=False),
    one_of("kind", BounceKind),
    one_of("consequence", Consequence),
    Index(None, "address_key", "received"),
    Index(None, "delivery_id"),
    Index(None, "subscriber_id"),
    Index(None, "received"),
    sqlite_autoincrement=True,
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("via", String, nullable=False),
    # Those of the envelope, a line each.
    Column("recipients", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # Its beginning, where the whole was too large to be looked into.
    Column("raw", LargeBinary, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("received", UTCDateTime, nullable=False),
    sqlite_autoincrement=True,
)

# Everything that came in, what was ignored as well: strangers cannot make this table grow.
bounce_counts = Table(
    "bounce_counts",
    metadata,
    Column("hour", UTCDateTime, primary_key=True),
    Column("what", String, primary_key=True),
    Column("mails", Integer, nullable=False),
)
