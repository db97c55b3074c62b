"""A folder with one good file and one with broken front matter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.sources.examples import QUIET, Example, write


@asynccontextmanager
async def example(place: Path) -> AsyncIterator[Example]:
    root = place / "articles"
    article = write(root / "frost.md", "# Frost\n\nThe lake froze.\n")
    write(root / "broken.md", "---\ntitle: [\n---\n")
    yield Example(
        settings={"path": root},
        article="frost.md",
        rejected="broken.md",
        edit=lambda: write(article, "# Frost\n\nThe lake thawed.\n", QUIET + 60),
        break_all=lambda: root.rename(place / "elsewhere"),
    )
