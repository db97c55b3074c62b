"""erasures, changes of address, and notices to people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store.tables import ROW_ID, UTCDateTime

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Make the tables and columns."""
    op.create_table(
        "erasures",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("hash", sa.String(64), nullable=True),
        sa.Column("wanted_by", sa.String(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "moves",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("subscriber_id", ROW_ID, nullable=False),
        sa.Column("newsletter", sa.String(), nullable=False),
        sa.Column("former", sa.String(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("address_key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.Column("settled", UTCDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'done', 'stopped')", name=op.f("ck_moves_state")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name="fk_moves_subscriber_id_subscribers"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_moves"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_moves_subscriber_id", "moves", ["subscriber_id"])
    op.create_index("ix_moves_address_key", "moves", ["address_key"])
    op.add_column("notices", sa.Column("recipient", sa.String(), nullable=True))
    op.add_column(
        "notices",
        sa.Column("newsletter", sa.String(), server_default=sa.text("''"), nullable=False),
    )
