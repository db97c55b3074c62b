"""where articles stand in issues."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns; what is there already stands by its date, as before."""
    op.add_column("articles", sa.Column("weight", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(
        "articles", sa.Column("pinned", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("articles", sa.Column("pinned_by_hand", sa.Boolean(), nullable=True))
