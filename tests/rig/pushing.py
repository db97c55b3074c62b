"""A site that articles are pushed to, put together as the program does it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from publisher.app import App, opened
from publisher.config import load
from publisher.ports import Clock

TOKEN = "a.token~of+the/press-room_0123456789=="
OTHER_TOKEN = "another-token-of-another-source"
BEARER = {"Authorization": f"Bearer {TOKEN}"}

_CONFIG = f"""
[publication]
title = "The Lighthouse"
base_url = "https://news.example.org"
timezone = "Asia/Shanghai"

[store]
url = "${{DATABASE}}"

[[sources]]
name = "press"
kind = "push"
token = "{TOKEN}"
start = "now"

[[sources]]
name = "agency"
kind = "push"
token = "{OTHER_TOKEN}"

[[feeds]]
slug = "all"
title = "Everything"
"""


@asynccontextmanager
async def at_the_press(folder: Path, database_url: str, clock: Clock) -> AsyncIterator[App]:
    """Open a site with two sources that take pushes, "press" and "agency"."""
    path = folder / "publisher.toml"
    path.write_text(_CONFIG, encoding="utf-8")
    config = load(path, {"DATABASE": database_url})
    async with opened(config, clock=clock) as app:
        yield app
