"""sign-ups by forms, their limits, and what people were told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store.tables import ROW_ID, UTCDateTime

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sign_ups",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("newsletter", sa.String(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wishes", sa.JSON(), nullable=False),
        sa.Column("consent", sa.JSON(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.Column("due", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ups"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sign_ups_due", "sign_ups", ["due"])
    op.create_table(
        "sign_up_limits",
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sign_up_limits"),
    )
    op.create_index("ix_sign_up_limits_until", "sign_up_limits", ["until"])
    op.create_table(
        "wordings",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_wordings"),
    )
    op.create_table(
        "former_consents",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("subscription_id", ROW_ID, nullable=False),
        sa.Column("consent", sa.JSON(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.Column("confirmed", UTCDateTime(), nullable=False),
        sa.Column("ended", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_former_consents"),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name="fk_former_consents_subscription_id",
            ondelete="CASCADE",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_former_consents_subscription_id", "former_consents", ["subscription_id"])
