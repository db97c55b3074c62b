"""The tables. Migrations make them; a test proves that both agree on both databases.

Times are stored in UTC. Names of newsletters, cadences, sources and feeds are those of the
config file: what the config drops keeps its history here.
"""

from __future__ import annotations

from publisher.store.tables.arriving import (
    articles,
    hub_subscriptions,
    idempotency,
    origins,
    rejections,
    sources,
    terms,
)
from publisher.store.tables.base import (
    ROW_ID,
    UTCDateTime,
    keys,
    metadata,
)
from publisher.store.tables.bounces import bounce_counts, bounces, quarantine
from publisher.store.tables.events import api_tokens, events, webhooks
from publisher.store.tables.feeds import (
    archived,
    callbacks,
    feed_documents,
    feed_versions,
    intents,
    pings,
)
from publisher.store.tables.leaving import erasures, moves, suppressions
from publisher.store.tables.mailing import (
    cadences,
    corrections,
    deliveries,
    edited_articles,
    edits,
    generation,
    issues,
    notices,
    quotas,
    rendition_articles,
    renditions,
    subscribers,
    subscriptions,
    waves,
)
from publisher.store.tables.signing import (
    former_consents,
    sign_up_limits,
    sign_ups,
    wordings,
)

__all__ = [
    "ROW_ID",
    "UTCDateTime",
    "api_tokens",
    "archived",
    "articles",
    "bounce_counts",
    "bounces",
    "cadences",
    "callbacks",
    "corrections",
    "deliveries",
    "edited_articles",
    "edits",
    "erasures",
    "events",
    "feed_documents",
    "feed_versions",
    "former_consents",
    "generation",
    "hub_subscriptions",
    "idempotency",
    "intents",
    "issues",
    "keys",
    "metadata",
    "moves",
    "notices",
    "origins",
    "pings",
    "quarantine",
    "quotas",
    "rejections",
    "rendition_articles",
    "renditions",
    "sign_up_limits",
    "sign_ups",
    "sources",
    "subscribers",
    "subscriptions",
    "suppressions",
    "terms",
    "waves",
    "webhooks",
    "wordings",
]
