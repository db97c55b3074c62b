"""A Ghost site with one good post and one whose title is no text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from tests.rig.ghost import KEY, START, Ghost
from tests.rig.web import WebRig
from tests.sources.examples import Example


@asynccontextmanager
async def example(place: Path) -> AsyncIterator[Example]:
    async with WebRig() as web:
        site = Ghost(web)
        article = site.publish(1)
        rejected = site.publish(2, title=7)
        yield Example(
            settings={"url": site.url, "key": KEY, "allow_private": True},
            article=f"posts/{article}",
            rejected=f"posts/{rejected}",
            edit=lambda: site.edit(article, START + timedelta(days=1), title="Thaw"),
            break_all=web.pages.clear,
        )
