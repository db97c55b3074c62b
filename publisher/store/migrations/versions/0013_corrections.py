"""corrections of issues that have been sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store.tables import ROW_ID, UTCDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "corrections",
        sa.Column("issue_id", ROW_ID, nullable=False),
        sa.Column("sent_as", ROW_ID, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.Column("composed_to", ROW_ID, nullable=True),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_corrections_issue_id_issues"),
        sa.ForeignKeyConstraint(["sent_as"], ["issues.id"], name="fk_corrections_sent_as_issues"),
        sa.PrimaryKeyConstraint("issue_id", name="pk_corrections"),
        sa.UniqueConstraint("sent_as", name="uq_corrections_sent_as"),
    )
