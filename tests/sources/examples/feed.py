"""An RSS feed with one good item, and one that has nothing in it but its guid."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.rig.web import Page, WebRig
from tests.sources.examples import Example


@asynccontextmanager
async def example(place: Path) -> AsyncIterator[Example]:
    async with WebRig() as web:

        def put(text: str, status: int = 200) -> None:
            body = (
                '<rss version="2.0"><channel><title>News</title><item><title>Frost</title>'
                f'<guid isPermaLink="false">frost</guid><description>{text}</description></item>'
                '<item><guid isPermaLink="false">nothing</guid></item></channel></rss>'
            )
            headers = {"Content-Type": "application/rss+xml", "ETag": f'"{len(text)}"'}
            web.pages["/feed.xml"] = Page(body=body, status=status, headers=headers)

        put("The lake froze.")
        yield Example(
            settings={"url": f"{web.url}/feed.xml", "allow_private": True},
            article="frost",
            rejected="nothing",
            edit=lambda: put("The lake has thawed."),
            break_all=lambda: put("", status=500),
        )
