"""events: what is told to other programs, such as that an issue is finished."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store.tables import ROW_ID, UTCDateTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the table, and note of issues when they were finished."""
    op.create_table(
        "events",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("occurred", UTCDateTime(), nullable=False),
        sa.Column("newsletter", sa.String(), nullable=True),
        sa.Column("issue_id", ROW_ID, nullable=True),
        sa.Column("subscriber_id", ROW_ID, nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    for name, column, which in (
        ("ix_events_subscriber_id", "subscriber_id", "subscriber_id IS NOT NULL"),
        ("ix_events_of_nobody", "address", "subscriber_id IS NULL AND address IS NOT NULL"),
    ):
        op.create_index(
            name,
            "events",
            [column],
            sqlite_where=sa.text(which),
            postgresql_where=sa.text(which),
        )
    op.add_column("issues", sa.Column("finished", UTCDateTime(), nullable=True))
    op.create_index(
        "ix_issues_unfinished",
        "issues",
        ["state"],
        sqlite_where=sa.text("finished IS NULL"),
        postgresql_where=sa.text("finished IS NULL"),
    )
    # Nobody is told now of what went out long ago.
    op.execute(
        "UPDATE issues SET finished = due WHERE state = 'open' AND NOT EXISTS ("
        " SELECT 1 FROM deliveries WHERE deliveries.issue_id = issues.id"
        " AND deliveries.state IN ('pending', 'sending'))"
    )
