"""A WordPress site with one good post and one whose title is no text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from tests.rig.web import WebRig
from tests.rig.wordpress import START, WordPress
from tests.sources.examples import Example


@asynccontextmanager
async def example(place: Path) -> AsyncIterator[Example]:
    async with WebRig() as web:
        site = WordPress(web)
        site.publish(1)
        site.publish(2, title={"rendered": 7})
        yield Example(
            settings={"url": site.url, "allow_private": True},
            article="posts/1",
            rejected="posts/2",
            edit=lambda: site.edit(1, START + timedelta(days=1), title={"rendered": "Thaw"}),
            break_all=web.pages.clear,
        )
