"""What comes in: sources, articles, and what is known of them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from publisher.model import ArticleState
from publisher.store.tables.base import ROW_ID, UTCDateTime, metadata, one_of

sources = Table(
    "sources",
    metadata,
    Column("name", String, primary_key=True),
    Column("first_load_done", Boolean, nullable=False, default=False),
    Column("last_try", UTCDateTime),
    Column("last_good", UTCDateTime),
    Column("error", Text),
    Column("counts", JSON, nullable=False, default=dict),
    # Not asked before then, whatever its schedule says.
    Column("next_try", UTCDateTime),
    # How many passes in a row have failed: what the back-off grows with.
    Column("failures", Integer, nullable=False, server_default="0"),
    # Somebody asked for a pass outside its schedule.
    Column("is_wanted", Boolean, nullable=False, server_default=false()),
    # What the source keeps for itself from pass to pass.
    Column("memory", JSON),
    # The settings under which it has gone for good: not asked again while they are the same.
    Column("gone_for", String(64)),
    # Why articles of it are held, until somebody decides; NULL if none are.
    Column("alarm", Text),
)

# Where an upstream feed's hub has been asked to tell us of news (WebSub).
hub_subscriptions = Table(
    "hub_subscriptions",
    metadata,
    Column("source", String, primary_key=True),
    Column("hub", Text, nullable=False),
    Column("topic", Text, nullable=False),
    # Names the subscription in the address that the hub calls; nobody else can guess it.
    Column("token", String, nullable=False, unique=True),
    Column("secret", String, nullable=False),
    Column("asked", UTCDateTime, nullable=False),
    # NULL until the hub has confirmed it.
    Column("lease_ends", UTCDateTime),
    # Why the hub refused, in its words.
    Column("denied", Text),
)

rejections = Table(
    "rejections",
    metadata,
    Column("source", String, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("stamp", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("first_seen", UTCDateTime, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    # The origin that its content comes from.
    Column("source", String, nullable=False),
    Column("guid", Text, nullable=False),
    Column("uri", Text, nullable=False, unique=True),
    Column("slug", String, nullable=False, unique=True),
    Column("url", Text),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("authors", JSON, nullable=False),
    Column("contributors", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("section", Text),
    Column("published", UTCDateTime),
    Column("updated", UTCDateTime),
    Column("first_seen", UTCDateTime, nullable=False),
    # From when it may be shown and mailed; NULL: it came with a backlog that is not mailed.
    Column("eligible", UTCDateTime),
    Column("changed", UTCDateTime, nullable=False),
    Column("language", String, nullable=False),
    Column("image", Text),
    Column("enclosures", JSON, nullable=False),
    # Where it stands in an issue; no feed shows it, so that ``changed`` does not tell of it.
    Column("weight", Integer, nullable=False, server_default="0"),
    Column("pinned", Boolean, nullable=False, server_default=false()),
    # What a person has decided instead, whatever the source tells; NULL if nobody has.
    Column("pinned_by_hand", Boolean),
    Column("state", String, nullable=False),
    # Held or withdrawn by a person: what the source tells does not bring it back.
    Column("by_hand", Boolean, nullable=False, default=False),
    # Why it is held and has never been shown (publisher.model.Hold); NULL if it has.
    Column("hold", String),
    UniqueConstraint("source", "guid"),
    one_of("state", ArticleState),
    # Few articles are on hold at a time, and each pass asks for those of its source.
    Index(
        "ix_articles_on_hold",
        "source",
        "hold",
        sqlite_where=text("hold IS NOT NULL"),
        postgresql_where=text("hold IS NOT NULL"),
    ),
    Index(None, "state", "eligible"),
    Index(None, "state", "changed"),
    # Feeds read newest first and stop at their limit.
    Index(
        "ix_articles_newest",
        "state",
        text("coalesce(published, first_seen) DESC"),
        text("id DESC"),
    ),
    sqlite_autoincrement=True,
)

# Where an article comes from. One that two sources have, or that its source has given another
# guid, has several; the one named by the article is where its content is taken from.
origins = Table(
    "origins",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("source", String, nullable=False),
    Column("guid", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("stamp", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("article_id", ROW_ID, ForeignKey("articles.id"), nullable=False),
    # From when the article may count as this source's (publisher.store.arrivals).
    Column("arrived", UTCDateTime, nullable=False),
    # Whether the source has ceased to tell it.
    Column("gone", Boolean, nullable=False, default=False),
    # By what it said last it is known again elsewhere (publisher.content.sameness).
    Column("url_key", Text),
    Column("title_key", Text, nullable=False, server_default=text("''")),
    Column("text_key", String(64)),
    UniqueConstraint("source", "guid"),
    Index(None, "source", "fingerprint"),
    Index(None, "source", "origin"),
    Index(None, "article_id"),
    Index(None, "url_key"),
    Index(None, "text_key"),
    sqlite_autoincrement=True,
)

# What articles have in common: the kinds of publisher.model.TermKind without the sources, which
# are origins. ``key`` is what two spellings of a name have in common (publisher.terms).
terms = Table(
    "terms",
    metadata,
    Column("article_id", ROW_ID, ForeignKey("articles.id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("name", Text, nullable=False),
    Index(None, "kind", "key"),
)

# Requests that are to be obeyed once, however often they are sent (publisher.store.idempotency).
idempotency = Table(
    "idempotency",
    metadata,
    Column("source", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("digest", String(64), nullable=False),
    # The answer; NULL while the request is under way.
    Column("status", SmallInteger),
    Column("answer", JSON),
    Column("created", UTCDateTime, nullable=False),
    Index(None, "created"),
)
