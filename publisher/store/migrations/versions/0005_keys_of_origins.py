"""what each origin said last, so that it is known again whichever leads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.content.sameness import title_key

revision = "0005"
down_revision = "0004"

_PAGE = 500


def upgrade() -> None:
    """Move the keys from articles to their origins, and let them know titles too."""
    op.add_column("origins", sa.Column("url_key", sa.Text(), nullable=True))
    op.add_column(
        "origins", sa.Column("title_key", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.add_column("origins", sa.Column("text_key", sa.String(length=64), nullable=True))
    # Of the origins that do not lead, what they said is not known: the article's words are
    # what they were recognised by.
    op.execute(
        "UPDATE origins SET url_key = articles.url_key, text_key = articles.text_key"
        " FROM articles WHERE articles.id = origins.article_id"
    )
    _make_title_keys()
    op.create_index("ix_origins_url_key", "origins", ["url_key"])
    op.create_index("ix_origins_text_key", "origins", ["text_key"])
    op.drop_index("ix_articles_url_key", table_name="articles")
    op.drop_index("ix_articles_text_key", table_name="articles")
    op.drop_column("articles", "url_key")
    op.drop_column("articles", "text_key")


def _make_title_keys() -> None:
    articles = sa.table("articles", sa.column("id"), sa.column("title"))
    origins = sa.table("origins", sa.column("article_id"), sa.column("title_key"))
    connection = op.get_bind()
    last = 0
    while True:
        page = connection.execute(
            sa.select(articles.c.id, articles.c.title)
            .where(articles.c.id > last)
            .order_by(articles.c.id)
            .limit(_PAGE)
        ).all()
        for row in page:
            connection.execute(
                sa.update(origins)
                .where(origins.c.article_id == row.id)
                .values(title_key=title_key(row.title))
            )
            last = row.id
        if len(page) < _PAGE:
            return
