"""what comes back: what was told of our mails, what could not be read, how much there was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store.tables import ROW_ID, UTCDateTime

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "bounces",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("delivery_id", ROW_ID, nullable=True),
        sa.Column("subscriber_id", ROW_ID, nullable=False),
        sa.Column("address_key", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("diagnostic", sa.Text(), nullable=False),
        sa.Column("consequence", sa.String(), nullable=False),
        sa.Column("received", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bounces"),
        sa.UniqueConstraint("digest", name="uq_bounces_digest"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_bounces_delivery_id"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name="fk_bounces_subscriber_id"
        ),
        sa.CheckConstraint(
            "kind IN ('hard', 'soft', 'policy', 'complaint', 'feedback', 'delayed', 'delivered',"
            " 'auto_reply', 'challenge', 'unsubscribe', 'unparsed')",
            name=op.f("ck_bounces_kind"),
        ),
        sa.CheckConstraint(
            "consequence IN ('none', 'suppressed', 'unsubscribed')",
            name=op.f("ck_bounces_consequence"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bounces_address_key_received", "bounces", ["address_key", "received"])
    op.create_index("ix_bounces_delivery_id", "bounces", ["delivery_id"])
    op.create_index("ix_bounces_subscriber_id", "bounces", ["subscriber_id"])
    op.create_index("ix_bounces_received", "bounces", ["received"])
    op.create_table(
        "quarantine",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("received", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.UniqueConstraint("digest", name="uq_quarantine_digest"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "bounce_counts",
        sa.Column("hour", UTCDateTime(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "what", name="pk_bounce_counts"),
    )
