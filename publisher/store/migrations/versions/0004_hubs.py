"""subscriptions at the WebSub hubs of upstream feeds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store.tables import UTCDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "hub_subscriptions",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("asked", UTCDateTime(), nullable=False),
        sa.Column("lease_ends", UTCDateTime(), nullable=True),
        sa.Column("denied", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", name="pk_hub_subscriptions"),
        sa.UniqueConstraint("token", name="uq_hub_subscriptions_token"),
    )
