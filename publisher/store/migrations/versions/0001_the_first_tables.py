"""the first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store.tables import ROW_ID, UTCDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "articles",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("contributors", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("published", UTCDateTime(), nullable=True),
        sa.Column("updated", UTCDateTime(), nullable=True),
        sa.Column("first_seen", UTCDateTime(), nullable=False),
        sa.Column("eligible", UTCDateTime(), nullable=True),
        sa.Column("changed", UTCDateTime(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("image", sa.Text(), nullable=True),
        sa.Column("enclosures", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state IN ('live', 'held', 'withdrawn')", name=op.f("ck_articles_state")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_articles"),
        sa.UniqueConstraint("slug", name="uq_articles_slug"),
        sa.UniqueConstraint("source", "guid", name="uq_articles_source_guid"),
        sa.UniqueConstraint("uri", name="uq_articles_uri"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_articles_source_fingerprint", "articles", ["source", "fingerprint"], unique=False
    )
    op.create_index("ix_articles_source_origin", "articles", ["source", "origin"], unique=False)
    op.create_index("ix_articles_state_changed", "articles", ["state", "changed"], unique=False)
    op.create_index("ix_articles_state_eligible", "articles", ["state", "eligible"], unique=False)

    op.create_table(
        "cadences",
        sa.Column("newsletter", sa.String(), nullable=False),
        sa.Column("cadence", sa.String(), nullable=False),
        sa.Column("schedule", sa.String(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("newsletter", "cadence", name="pk_cadences"),
    )
    op.create_table(
        "feed_documents",
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("inputs", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("gzipped", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("modified", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "format", name="pk_feed_documents"),
    )
    op.create_table(
        "issues",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("newsletter", sa.String(), nullable=False),
        sa.Column("cadence", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("due", UTCDateTime(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opens", UTCDateTime(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("cut", UTCDateTime(), nullable=True),
        sa.Column("composed_to", ROW_ID, nullable=False),
        sa.Column("audience", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('held', 'open', 'paused', 'stopped', 'empty', 'missed')",
            name=op.f("ck_issues_state"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_issues"),
        sa.UniqueConstraint(
            "newsletter", "cadence", "slot", name="uq_issues_newsletter_cadence_slot"
        ),
        sa.UniqueConstraint("newsletter", "number", name="uq_issues_newsletter_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_issues_state", "issues", ["state"], unique=False)

    op.create_table(
        "keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
    )
    op.create_table(
        "rejections",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("first_seen", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "origin", name="pk_rejections"),
    )
    op.create_table(
        "sources",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("first_load_done", sa.Boolean(), nullable=False),
        sa.Column("last_try", UTCDateTime(), nullable=True),
        sa.Column("last_good", UTCDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sources"),
    )
    op.create_table(
        "subscribers",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("address_key", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscribers"),
        sa.UniqueConstraint("address_key", name="uq_subscribers_address_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "suppressions",
        sa.Column("address_key", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("address_key", name="pk_suppressions"),
    )
    op.create_table(
        "renditions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("newsletter", sa.String(), nullable=False),
        sa.Column("issue_id", ROW_ID, nullable=True),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_renditions_issue_id"),
        sa.PrimaryKeyConstraint("id", name="pk_renditions"),
        sa.UniqueConstraint(
            "newsletter", "issue_id", "key", name="uq_renditions_newsletter_issue_id_key"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("subscriber_id", ROW_ID, nullable=False),
        sa.Column("newsletter", sa.String(), nullable=False),
        sa.Column("cadence", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.Column("confirmed", UTCDateTime(), nullable=True),
        sa.Column("ended", UTCDateTime(), nullable=True),
        sa.Column("consent", sa.JSON(), nullable=False),
        sa.Column("covered", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'active', 'ended')", name=op.f("ck_subscriptions_state")
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name="fk_subscriptions_subscriber_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
        sa.UniqueConstraint(
            "subscriber_id", "newsletter", name="uq_subscriptions_subscriber_id_newsletter"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_subscriptions_newsletter_cadence_state_subscriber_id",
        "subscriptions",
        ["newsletter", "cadence", "state", "subscriber_id"],
        unique=False,
    )

    op.create_table(
        "deliveries",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("newsletter", sa.String(), nullable=False),
        sa.Column("issue_id", ROW_ID, nullable=True),
        sa.Column("rendition_id", ROW_ID, nullable=False),
        sa.Column("subscriber_id", ROW_ID, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("deferrals", sa.SmallInteger(), nullable=False),
        sa.Column("due", UTCDateTime(), nullable=False),
        sa.Column("doubted", sa.Boolean(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.Column("settled", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'accepted', 'failed', 'skipped')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_deliveries_issue_id"),
        sa.ForeignKeyConstraint(
            ["rendition_id"], ["renditions.id"], name="fk_deliveries_rendition_id"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name="fk_deliveries_subscriber_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint(
            "issue_id", "subscriber_id", name="uq_deliveries_issue_id_subscriber_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_deliveries_issue_id_state", "deliveries", ["issue_id", "state"], unique=False
    )
    op.create_index(
        "ix_deliveries_pending",
        "deliveries",
        ["issue_id", "due", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_deliveries_sending",
        "deliveries",
        ["due"],
        unique=False,
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        "ix_deliveries_subscriber_id_rendition_id",
        "deliveries",
        ["subscriber_id", "rendition_id"],
        unique=False,
    )

    op.create_table(
        "rendition_articles",
        sa.Column("rendition_id", ROW_ID, nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_rendition_articles_article_id"
        ),
        sa.ForeignKeyConstraint(
            ["rendition_id"], ["renditions.id"], name="fk_rendition_articles_rendition_id"
        ),
        sa.PrimaryKeyConstraint("rendition_id", "article_id", name="pk_rendition_articles"),
    )
    op.create_index(
        "ix_rendition_articles_article_id_rendition_id",
        "rendition_articles",
        ["article_id", "rendition_id"],
        unique=False,
    )
    op.create_index(
        "ix_articles_newest",
        "articles",
        [sa.text("coalesce(published, first_seen) DESC"), sa.text("id DESC")],
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )
