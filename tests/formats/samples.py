"""An article, a feed and a publication to start from; each test changes what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from publisher import formats
from publisher.formats.channel import History, Tombstone, describe, describe_article
from publisher.model import Article, ArticleState, Feed, Format, Publication, Selection

NO_HISTORY = History()
MORNING = datetime(2024, 6, 7, 8, 0, tzinfo=UTC)
NOON = datetime(2024, 6, 7, 12, 0, tzinfo=UTC)
EVENING = datetime(2024, 6, 7, 18, 0, tzinfo=UTC)

PUBLICATION = Publication(
    title="Example News",
    base_url="https://news.example.org",
    description="News of the example",
    language="en",
    timezone=ZoneInfo("Asia/Shanghai"),
    postal_address="1 Example Street",
)

# The same with everything that a publication can have.
FURNISHED = replace(
    PUBLICATION,
    rights="© 2024 Example & Co",
    logo="https://news.example.org/logo.png?a=1&b=2",
    hub="https://news.example.org/hub",
)

# Each has broken some reader: half markup, whole markup, and markup that is meant as text.
HARD_TITLES = (
    "AT&T",
    "A<B",
    "I <3 N.Y.",
    "The <title> element",
    "The &amp; entity",
    "Tom <b>bold</b> Jones",
    "1 < 2 && 3 > 2",
    "a ]]> b",
)


def feed(**changes: Any) -> Feed:
    """Give a feed of whole texts."""
    values: dict[str, Any] = {
        "slug": "all",
        "title": "Everything",
        "description": "All that we publish",
        "formats": tuple(Format),
        "limit": 50,
        "full": True,
        "select": Selection(),
        "language": "en",
    }
    return Feed(**(values | changes))


def article(number: int = 1, **changes: Any) -> Article:
    """Give an article, published in the morning and met at noon."""
    values: dict[str, Any] = {
        "id": number,
        "source": "newsroom",
        "guid": f"story-{number}",
        "uri": f"tag:news.example.org,2024-06-07:{number}",
        "slug": f"story-{number}",
        "url": f"https://www.example.org/stories/{number}",
        "title": f"Story {number}",
        "summary": f"What story {number} is about.",
        "html": f"<p>The whole of story {number}.</p>",
        "text": f"The whole of story {number}.",
        "authors": (),
        "contributors": (),
        "tags": (),
        "section": None,
        "published": MORNING,
        "updated": None,
        "first_seen": NOON,
        "eligible": NOON,
        "changed": NOON,
        "language": "en",
        "image": None,
        "enclosures": (),
        "state": ArticleState.LIVE,
    }
    return Article(**(values | changes))


def render(format: Format, *articles: Article, **changes: Any) -> bytes:
    """Write the articles as `feed`, with the changes, in a publication changed at noon."""
    return document(format, *articles, of=feed(**changes))


def document(format: Format, *articles: Article, **changes: Any) -> bytes:
    """Write the articles, with the changes to what `written` is told."""
    told: dict[str, Any] = {
        "of": feed(),
        "publication": PUBLICATION,
        "self_url": PUBLICATION.base_url + formats.path(feed(), format),
        "updated": NOON,
    }
    return written(format, articles=articles, **(told | changes))


def written(
    format: Format,
    *,
    of: Feed,
    articles: Sequence[Article],
    publication: Publication,
    self_url: str,
    updated: datetime,
    history: History = NO_HISTORY,
    tombstones: Sequence[Tombstone] = (),
) -> bytes:
    """Write a whole document."""
    channel = describe(
        of,
        publication=publication,
        self_url=self_url,
        updated=updated,
        history=history,
        tombstones=tombstones,
    )
    return formats.frame(format, channel).around(
        [
            formats.fragment(format, describe_article(of, each, publication=publication))
            for each in articles
        ]
    )
