"""what editors have decided about issues."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store.tables import ROW_ID, UTCDateTime

revision = "0012"
down_revision = "0011"

_NEXT = sa.text("issue_id IS NULL")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "edits",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("newsletter", sa.String(), nullable=False),
        sa.Column("cadence", sa.String(), nullable=False),
        sa.Column("issue_id", ROW_ID, nullable=True),
        sa.Column("intro", sa.Text(), nullable=False),
        sa.Column("from_file", sa.Text(), nullable=False),
        sa.Column("changed", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_edits_issue_id_issues"),
        sa.PrimaryKeyConstraint("id", name="pk_edits"),
        sa.UniqueConstraint("issue_id", name="uq_edits_issue_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_edits_next",
        "edits",
        ["newsletter", "cadence"],
        unique=True,
        sqlite_where=_NEXT,
        postgresql_where=_NEXT,
    )
    op.create_index("ix_edits_newsletter_cadence", "edits", ["newsletter", "cadence"])
    op.create_table(
        "edited_articles",
        sa.Column("edits_id", ROW_ID, nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("included", sa.Boolean(), nullable=False),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_edited_articles_article_id_articles"
        ),
        sa.ForeignKeyConstraint(
            ["edits_id"], ["edits.id"], name="fk_edited_articles_edits_id_edits"
        ),
        sa.PrimaryKeyConstraint("edits_id", "article_id", name="pk_edited_articles"),
    )
    op.create_index("ix_edited_articles_article_id", "edited_articles", ["article_id"])
