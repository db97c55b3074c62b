"""origins apart from articles, and what sources keep between passes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.content.sameness import text_key, url_key
from publisher.store.tables import ROW_ID, UTCDateTime

revision = "0002"
down_revision = "0001"

_PAGE = 500


def upgrade() -> None:
    """Move what is an origin's out of articles, and let articles be known again by their keys."""
    op.create_table(
        "origins",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("arrived", UTCDateTime(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_origins_article_id"),
        sa.PrimaryKeyConstraint("id", name="pk_origins"),
        sa.UniqueConstraint("source", "guid", name="uq_origins_source_guid"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO origins"
        " (source, guid, origin, stamp, fingerprint, article_id, arrived, gone)"
        " SELECT source, guid, origin, stamp, fingerprint, id, first_seen,"
        " state = 'withdrawn' AND NOT by_hand FROM articles ORDER BY id"
    )
    op.create_index("ix_origins_article_id", "origins", ["article_id"])
    op.create_index("ix_origins_source_fingerprint", "origins", ["source", "fingerprint"])
    op.create_index("ix_origins_source_origin", "origins", ["source", "origin"])

    op.drop_index("ix_articles_source_fingerprint", table_name="articles")
    op.drop_index("ix_articles_source_origin", table_name="articles")
    op.drop_column("articles", "origin")
    op.drop_column("articles", "stamp")
    op.drop_column("articles", "fingerprint")
    op.add_column("articles", sa.Column("hold", sa.String(), nullable=True))
    op.add_column("articles", sa.Column("url_key", sa.Text(), nullable=True))
    op.add_column("articles", sa.Column("text_key", sa.String(length=64), nullable=True))
    _make_keys()
    op.create_index("ix_articles_url_key", "articles", ["url_key"])
    op.create_index("ix_articles_text_key", "articles", ["text_key"])
    on_hold = sa.text("hold IS NOT NULL")
    op.create_index(
        "ix_articles_on_hold",
        "articles",
        ["source", "hold"],
        sqlite_where=on_hold,
        postgresql_where=on_hold,
    )

    op.add_column("sources", sa.Column("next_try", UTCDateTime(), nullable=True))
    op.add_column(
        "sources", sa.Column("failures", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "sources", sa.Column("is_wanted", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("sources", sa.Column("memory", sa.JSON(), nullable=True))
    op.add_column("sources", sa.Column("gone_for", sa.String(length=64), nullable=True))
    op.add_column("sources", sa.Column("alarm", sa.Text(), nullable=True))


def _make_keys() -> None:
    articles = sa.table(
        "articles",
        *(sa.column(name) for name in ("id", "url", "text", "url_key", "text_key")),
    )
    connection = op.get_bind()
    last = 0
    while True:
        page = connection.execute(
            sa.select(articles.c.id, articles.c.url, articles.c.text)
            .where(articles.c.id > last)
            .order_by(articles.c.id)
            .limit(_PAGE)
        ).all()
        for row in page:
            connection.execute(
                sa.update(articles)
                .where(articles.c.id == row.id)
                .values(url_key=url_key(row.url), text_key=text_key(row.text))
            )
            last = row.id
        if len(page) < _PAGE:
            return
