"""subscriptions at our own hub, and what another hub is to be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store.tables import ROW_ID, UTCDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables."""
    op.create_index(
        "ix_feed_documents_feed_format_etag", "feed_documents", ["feed", "format", "etag"]
    )
    op.create_table(
        "callbacks",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("lease_ends", UTCDateTime(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.SmallInteger(), nullable=False),
        sa.Column("due", UTCDateTime(), nullable=False),
        sa.Column("tried", UTCDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'told', 'failed')", name=op.f("ck_callbacks_state")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
        sa.UniqueConstraint("url", "feed", "format", name="uq_callbacks_url_feed_format"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_callbacks_feed_format", "callbacks", ["feed", "format"])
    op.create_index("ix_callbacks_host", "callbacks", ["host"])
    waiting = sa.text("state IN ('pending', 'sending')")
    op.create_index(
        "ix_callbacks_waiting",
        "callbacks",
        ["due"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_table(
        "intents",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("lease_seconds", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("has_failed", sa.Boolean(), nullable=False),
        sa.Column("due", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "mode IN ('subscribe', 'unsubscribe', 'denied')", name=op.f("ck_intents_mode")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_intents"),
        sa.UniqueConstraint("url", "feed", "format", name="uq_intents_url_feed_format"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_intents_due", "intents", ["due"])
    op.create_table(
        "pings",
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("due", UTCDateTime(), nullable=True),
        sa.Column("failures", sa.SmallInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "format", name="pk_pings"),
    )
    op.create_index("ix_pings_due", "pings", ["due"])
