"""how a subscription ended, and keys that are retired."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store.tables import UTCDateTime

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the columns."""
    op.add_column(
        "subscriptions",
        sa.Column("ended_by", sa.String(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column("keys", sa.Column("retired", UTCDateTime(), nullable=True))
