"""feeds of what articles have in common, their archives, and their earlier states."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store.tables import ROW_ID, UTCDateTime
from publisher.terms import term_key

revision = "0006"
down_revision = "0005"

_PAGE = 500


def upgrade() -> None:
    """Make the tables. Documents are made of articles, so they are simply built anew."""
    # One that is partial is passed over by SQLite, which cannot see a state in a parameter.
    op.drop_index("ix_articles_newest", table_name="articles")
    op.create_index(
        "ix_articles_newest",
        "articles",
        ["state", sa.text("coalesce(published, first_seen) DESC"), sa.text("id DESC")],
    )
    op.drop_table("feed_documents")
    op.create_table(
        "feed_documents",
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("inputs", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("gzip", sa.LargeBinary(), nullable=False),
        sa.Column("br", sa.LargeBinary(), nullable=False),
        sa.Column("zstd", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("modified", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "format", name="pk_feed_documents"),
    )
    op.create_table(
        "feed_versions",
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("made", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "format", "etag", name="pk_feed_versions"),
    )
    op.create_table(
        "archived",
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_archived_article_id"),
        sa.PrimaryKeyConstraint("feed", "position", name="pk_archived"),
        sa.UniqueConstraint("feed", "article_id", name="uq_archived_feed_article_id"),
    )
    op.create_index("ix_archived_article_id", "archived", ["article_id"])
    op.create_table(
        "terms",
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_terms_article_id"),
        sa.PrimaryKeyConstraint("article_id", "kind", "key", name="pk_terms"),
    )
    _make_terms()
    op.create_index("ix_terms_kind_key", "terms", ["kind", "key"])


def _make_terms() -> None:
    articles = sa.table(
        "articles",
        sa.column("id"),
        sa.column("tags", sa.JSON()),
        sa.column("section"),
        sa.column("authors", sa.JSON()),
        sa.column("language"),
    )
    terms = sa.table("terms", *(sa.column(name) for name in ("article_id", "kind", "key", "name")))
    connection = op.get_bind()
    last = 0
    while True:
        page = connection.execute(
            sa.select(articles).where(articles.c.id > last).order_by(articles.c.id).limit(_PAGE)
        ).all()
        rows = {}
        for row in page:
            names = [("tag", tag) for tag in row.tags]
            names += [("author", author["name"]) for author in row.authors]
            names += [("section", row.section), ("language", row.language)]
            for kind, name in names:
                if name:
                    rows[row.id, kind, term_key(name)] = name
            last = row.id
        if rows:
            connection.execute(
                sa.insert(terms),
                [
                    {"article_id": article, "kind": kind, "key": key, "name": name}
                    for (article, kind, key), name in rows.items()
                ],
            )
        if len(page) < _PAGE:
            return
