"""How many seconds three ways take to write the same articles as RSS and Atom; for bench.feeds."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from feedgen.feed import FeedGenerator  # type: ignore[import-untyped]

from publisher import formats
from publisher.formats.channel import describe, describe_article
from publisher.model import Article, Feed, Format, Publication, Selection

BEGAN = datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
XML = (Format.RSS, Format.ATOM)
HERE = Path(__file__).parent

PUBLICATION = Publication(
    title="Bench",
    base_url="https://news.example.org",
    description="What the benches talk about.",
    language="en",
    timezone=ZoneInfo("UTC"),
    postal_address="",
)
FEED = Feed(
    slug="all",
    title="Everything",
    description="All of it.",
    formats=tuple(Format),
    limit=None,
    full=True,
    select=Selection(),
    language="en",
)


class Joined:
    """Our way without the store and the packing: fragments that are kept, but for one."""

    def __init__(self, all_articles: Sequence[Article]) -> None:
        self._articles = all_articles
        self._kept = {
            format: [self._fragment(format, each) for each in all_articles] for format in XML
        }

    def _fragment(self, format: Format, article: Article) -> bytes:
        return formats.fragment(format, describe_article(FEED, article, publication=PUBLICATION))

    def seconds(self) -> float:
        began = time.perf_counter()
        for format, kept in self._kept.items():
            url = PUBLICATION.base_url + formats.path(FEED, format)
            channel = describe(FEED, publication=PUBLICATION, self_url=url, updated=BEGAN)
            kept[0] = self._fragment(format, self._articles[0])
            formats.frame(format, channel).around(kept)
        return time.perf_counter() - began


def with_feedgen(all_articles: Sequence[Article]) -> float:
    began = time.perf_counter()
    generator = FeedGenerator()
    generator.id(f"{PUBLICATION.base_url}{FEED.path}")
    generator.title(FEED.title)
    generator.subtitle(FEED.description)
    generator.link(href=PUBLICATION.base_url, rel="alternate")
    generator.language(FEED.language)
    generator.updated(BEGAN)
    for article in all_articles:
        entry = generator.add_entry(order="append")
        entry.id(article.uri)
        entry.title(article.title)
        entry.link(href=article.url)
        entry.published(article.dated)
        entry.updated(article.dated)
        entry.summary(article.summary)
        entry.content(article.html, type="html")
    generator.rss_str()
    generator.atom_str()
    return time.perf_counter() - began


def with_feedsmith(all_articles: Sequence[Article], rounds: int) -> float:
    """Let Node write both documents; give the median of so many rounds."""
    told = {
        "rounds": rounds,
        "feed": {
            "id": f"{PUBLICATION.base_url}{FEED.path}",
            "title": FEED.title,
            "description": FEED.description,
            "home": PUBLICATION.base_url,
            "language": FEED.language,
        },
        "entries": [
            {
                "id": article.uri,
                "title": article.title,
                "link": article.url,
                "published": article.dated.isoformat(),
                "summary": article.summary,
                "html": article.html,
            }
            for article in all_articles
        ],
    }
    done = subprocess.run(
        ["node", str(HERE / "feedsmith.mjs")],
        input=json.dumps(told),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return float(done.stdout)


def has_feedsmith() -> bool:
    return (
        shutil.which("node") is not None
        and (HERE.parent / "tests" / "readers" / "node_modules" / "feedsmith").is_dir()
    )
