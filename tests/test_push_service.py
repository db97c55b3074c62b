"""A program hands an article over to the running service: it is in feeds and mails at once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import feedparser  # type: ignore[import-untyped]
import httpx

from publisher.app import App, utc_now
from publisher.model import Format
from publisher.scheduler import keep_time
from publisher.store import feeds
from tests.rig.builders import told
from tests.rig.program import Site, until
from tests.rig.pushing import at_the_press

TOKEN = "a-token-of-twenty-characters-or-more"
SOURCE = """
[[sources]]
name = "desk"
kind = "push"
every = "6h"
token_file = "push.token"
"""


async def has(client: httpx.AsyncClient, path: str, words: str) -> bool:
    try:
        return words in (await client.get(path)).text
    except httpx.TransportError:  # not listening yet
        return False


async def test_pushed_article_is_published_mailed_and_taken_back(tmp_path: Path) -> None:
    site = Site(tmp_path)
    (site.config.parent / "push.token").write_text(f"{TOKEN}\n", encoding="utf-8")
    with site.config.open("a", encoding="utf-8") as config:
        config.write(SOURCE)
    await site.aside("migrate")
    await site.aside(
        "subscribers", "add", "ann@example.org", "--newsletter", "digest", "--cadence", "instant",
        "--confirmed",
    )  # fmt: skip
    client = httpx.AsyncClient(base_url=site.url, headers={"Authorization": f"Bearer {TOKEN}"})
    async with client, site.running("run", "--capture") as service:
        await service.until_said("at work")
        await until(lambda: has(client, "/feeds/all.json", '"version"'))

        answer = await client.post(
            "/api/v1/articles",
            json={"guid": "night", "title": "The night shift", "markdown": "They work *late*."},
        )

        await until(lambda: has(client, "/feeds/all.json", "The night shift"))
        await until(lambda: has(client, "/caught/", "1 mail"))
        feed = feedparser.parse((await client.get("/feeds/all.atom")).content)
        page = await client.get(answer.json()["url"])
        deleted = await client.delete("/api/v1/articles/night")

        async def is_gone() -> bool:
            return not await has(client, "/feeds/all.json", "The night shift")

        await until(is_gone)
        back = await client.put(
            "/api/v1/articles/night",
            json={"title": "The night shift", "markdown": "They work *late*."},
        )
        await until(lambda: has(client, "/feeds/all.json", "The night shift"))
        caught = await client.get("/caught/")
        code = await service.terminate()

    assert [each.status_code for each in (answer, deleted, back)] == [201, 204, 201]
    assert [entry.title for entry in feed.entries] == ["The night shift"]
    assert "They work <em>late</em>." in page.text
    assert "The Digest: The night shift" in caught.text
    assert "1 mail<" in caught.text  # not a second one for what came back
    assert TOKEN not in service.said()
    assert code == 0
    (listed,) = json.loads(await site.aside("articles", "list", "--json"))
    assert (listed["source"], listed["state"]) == ("desk", "live")


async def feed_shows(app: App, words: str) -> bool:
    async with app.store.read() as connection:
        document = await feeds.get(connection, "all", Format.JSON)
    return document is not None and words in document.body.decode()


async def test_clock_publishes_at_once_what_another_process_was_handed(
    tmp_path: Path, database_url: str
) -> None:
    """By itself it looks once a minute, so that its limit here is less than that."""
    stop = asyncio.Event()
    async with at_the_press(tmp_path, database_url, utc_now) as app:
        clock = asyncio.create_task(keep_time(app, stop, asyncio.Event()))
        await until(lambda: feed_shows(app, ""))

        await app.sources.push("press", told("frost", origin="frost"))
        try:
            async with asyncio.timeout(40):
                await until(lambda: feed_shows(app, "frost"))
                await app.sources.withdraw_pushed("press", "frost")

                async def is_gone() -> bool:
                    return not await feed_shows(app, "frost")

                await until(is_gone)
        finally:
            stop.set()
            await clock
