"""What the contract suite needs to try a kind of source: one module a kind, of the same name.

Each offers ``example(place)``, an async context manager around an `Example`: a source that
tells one article and one rejection, and ways to edit the one and to break it all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Long past, so that no source takes a file for one that is being written.
QUIET = 1_780_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Settings as the config file would give them, and acts upon what they lead to.

    ``article`` and ``rejected`` are the origins of the two.
    """

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
