"""One builder a kind of source: what the contract suite needs to try it.

A builder lays out a source that tells one article and one rejection, and says how to break
it. Add one here, named after the module, for each new kind.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from publisher.model import Publication

# Long past, so that no source takes a file for one that is being written.
QUIET = 1_780_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Settings as the config file would give them, and acts upon what they lead to."""

    settings: dict[str, object]
    article: str
    rejected: str
    edit: Callable[[], object]
    break_all: Callable[[], object]


def write(path: Path, content: str | bytes, modified: float = QUIET) -> Path:
    """Write a file as it would be when it was last touched at ``modified``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (modified, modified))
    return path


def folder(place: Path) -> Example:
    root = place / "articles"
    article = write(root / "frost.md", "# Frost\n\nThe lake froze.\n")
    write(root / "broken.md", "---\ntitle: [\n---\n")
    return Example(
        settings={"path": root},
        article="frost.md",
        rejected="broken.md",
        edit=lambda: write(article, "# Frost\n\nThe lake thawed.\n", QUIET + 60),
        break_all=lambda: root.rename(place / "elsewhere"),
    )


BUILDERS: dict[str, Callable[[Path], Example]] = {"folder": folder}


@pytest.fixture
def publication() -> Publication:
    return Publication(
        title="Example News",
        base_url="https://news.example.org",
        description="",
        language="en",
        timezone=ZoneInfo("Asia/Shanghai"),
        postal_address="1 Example Street",
    )


@pytest.fixture
def example(kind: str, tmp_path: Path) -> Example:
    return BUILDERS[kind](tmp_path)
