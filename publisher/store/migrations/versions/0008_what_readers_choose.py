"""what readers choose, and issues in waves, since they may choose their own time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store.tables import ROW_ID, UTCDateTime

revision = "0008"
down_revision = "0007"

_NONE = sa.text("''")


def upgrade() -> None:
    """Add the columns; the making of each issue so far becomes its only wave."""
    for name in ("topics", "language", "own_time"):
        op.add_column(
            "subscriptions", sa.Column(name, sa.String(), server_default=_NONE, nullable=False)
        )
    op.add_column("subscriptions", sa.Column("paused_until", UTCDateTime(), nullable=True))
    op.create_index(
        "ix_subscriptions_wave",
        "subscriptions",
        ["newsletter", "cadence", "state", "own_time", "subscriber_id"],
    )
    with op.batch_alter_table("cadences") as cadences:
        cadences.add_column(
            sa.Column("own_time", sa.String(), server_default=_NONE, nullable=False)
        )
        cadences.drop_constraint("pk_cadences", type_="primary")
        cadences.create_primary_key("pk_cadences", ["newsletter", "cadence", "own_time"])
    op.add_column(
        "rendition_articles",
        sa.Column("newsletter", sa.String(), server_default=_NONE, nullable=False),
    )
    op.execute(
        "UPDATE rendition_articles SET newsletter = renditions.newsletter"
        " FROM renditions WHERE renditions.id = rendition_articles.rendition_id"
    )
    _make_waves()


def _make_waves() -> None:
    op.create_table(
        "waves",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("issue_id", ROW_ID, nullable=False),
        sa.Column("own_time", sa.String(), nullable=False),
        sa.Column("due", UTCDateTime(), nullable=False),
        sa.Column("opens", UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cut", UTCDateTime(), nullable=True),
        sa.Column("composed_to", ROW_ID, nullable=False),
        sa.CheckConstraint("state IN ('due', 'composed', 'missed')", name=op.f("ck_waves_state")),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_waves_issue_id_issues"),
        sa.PrimaryKeyConstraint("id", name="pk_waves"),
        sa.UniqueConstraint("issue_id", "own_time", name="uq_waves_issue_id_own_time"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_waves_cut", "waves", ["cut"])
    op.execute(
        "INSERT INTO waves (issue_id, own_time, due, opens, state, cut, composed_to)"
        " SELECT id, '*', due, opens, CASE state WHEN 'held' THEN 'due' WHEN 'missed' THEN 'missed'"
        " ELSE 'composed' END, cut, composed_to FROM issues"
    )
    op.drop_column("issues", "cut")
    op.drop_column("issues", "composed_to")
