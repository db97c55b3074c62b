"""The golden feeds: tests/golden/feeds/<case>/input.json and what is rendered from it.

``python -m tests.formats.golden`` writes the expected documents anew; read the difference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from publisher import formats
from publisher.formats.channel import History, Tombstone
from publisher.model import Article, Feed, Format, Publication
from tests.formats.samples import NO_HISTORY, written

FOLDER = Path(__file__).parents[1] / "golden" / "feeds"
CASES = sorted(path.parent.name for path in FOLDER.glob("*/input.json"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """``page`` names a page of the archive, which is rendered then.

    In the addresses of ``history``, {format} stands for the ending.
    """

    publication: Publication
    feed: Feed
    updated: datetime
    articles: tuple[Article, ...]
    history: History = NO_HISTORY
    tombstones: tuple[Tombstone, ...] = ()
    page: str = ""


def expected(case: str, format: Format) -> Path:
    """Give the file that holds the document as it should be."""
    return FOLDER / case / f"feed.{format.value}"


def render(case: str, format: Format) -> bytes:
    """Give the document as it is."""
    given = TypeAdapter(_Input).validate_json((FOLDER / case / "input.json").read_bytes())
    path = formats.archive_path(given.feed, given.page, format) if given.page else None
    previous, current = given.history.previous, given.history.current
    return written(
        format,
        of=given.feed,
        articles=given.articles,
        publication=given.publication,
        self_url=given.publication.base_url + (path or formats.path(given.feed, format)),
        updated=given.updated,
        history=replace(
            given.history,
            previous=previous and previous.format(format=format),
            current=current and current.format(format=format),
        ),
        tombstones=given.tombstones,
    )


if __name__ == "__main__":
    for name in CASES:
        for each in Format:
            expected(name, each).write_bytes(render(name, each))
