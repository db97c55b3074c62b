"""The golden feeds: tests/golden/feeds/<case>/input.json and what is rendered from it.

``python -m tests.formats.golden`` writes the expected documents anew; read the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from publisher import formats
from publisher.model import Article, Feed, Format, Publication
from tests.formats.samples import written

FOLDER = Path(__file__).parents[1] / "golden" / "feeds"
CASES = sorted(path.parent.name for path in FOLDER.glob("*/input.json"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    publication: Publication
    feed: Feed
    updated: datetime
    articles: tuple[Article, ...]


def expected(case: str, format: Format) -> Path:
    """Give the file that holds the document as it should be."""
    return FOLDER / case / f"feed.{format.value}"


def render(case: str, format: Format) -> bytes:
    """Give the document as it is."""
    given = TypeAdapter(_Input).validate_json((FOLDER / case / "input.json").read_bytes())
    return written(
        format,
        given.feed,
        given.articles,
        publication=given.publication,
        self_url=given.publication.base_url + formats.path(given.feed, format),
        updated=given.updated,
    )


if __name__ == "__main__":
    for name in CASES:
        for each in Format:
            expected(name, each).write_bytes(render(name, each))
