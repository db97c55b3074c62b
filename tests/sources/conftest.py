from __future__ import annotations

from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from publisher.model import Publication
from tests.sources.examples import Example


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
async def example(kind: str, tmp_path: Path) -> AsyncIterator[Example]:
    module = import_module(f"tests.sources.examples.{kind}")
    async with module.example(tmp_path) as made:
        yield made
