"""News reaches readers' programs within seconds: real services, our hub and our subscriber."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest

from tests.rig.program import Service, Site, until
from tests.rig.reader import Reader
from tests.rig.web import Asked, Page, WebRig

SOURCE = """
[[sources]]
name = "upstream"
kind = "feed"
url = "{url}/feeds/all.atom"
every = "12h"
allow_private = true
"""


def with_hub(site: Site, hub: str) -> None:
    """Let a site tell of its feeds through a hub."""
    config = site.config.read_text(encoding="utf-8")
    web = f'[web]\nhub = "{hub}"\nhub_allow_private = true\n'
    site.config.write_text(config.replace("[web]\n", web), encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "site").mkdir()
    return Site(tmp_path / "site")


async def shows(site: Site, words: str) -> bool:
    try:
        async with httpx.AsyncClient() as client:
            return words in (await client.get(f"{site.url}/feeds/all.json")).text
    except httpx.TransportError:  # not listening yet
        return False


async def test_article_reaches_another_site_long_before_that_asks_for_it(
    site: Site, tmp_path: Path
) -> None:
    (tmp_path / "follower").mkdir()
    follower = Site(tmp_path / "follower")
    with_hub(site, "self")
    site.write("first", "The first shift")
    with follower.config.open("a", encoding="utf-8") as config:
        config.write(SOURCE.format(url=site.url))
    async with site.running("run", "--capture") as leading:
        await until(lambda: shows(site, "The first shift"))
        async with follower.running("run", "--capture") as following:
            await until(lambda: shows(follower, "The first shift"))
            await leading.until_said("hub request verified")
            await following.until_said("hub confirmed")

            site.write("second", "The night shift")

            await until(lambda: shows(follower, "The night shift"))
            # Only what is signed right is believed.
            await following.until_said("hub told of news")
            assert "signature is wrong" not in following.said()


async def test_clock_web_and_worker_apart_tell_readers_too(site: Site) -> None:
    with_hub(site, "self")
    site.write("first", "The first shift")
    await site.aside("migrate")
    async with WebRig() as rig, site.running("web") as web:
        reader = Reader(rig)
        await until(lambda: is_asked(site, reader))
        assert await web.terminate() == 0

        async with site.running("worker") as worker:
            await worker.until_said("hub request verified")
            assert await worker.terminate() == 0
        async with site.running("clock") as clock:
            await built(clock, site)
        async with site.running("worker"):

            async def is_told() -> bool:
                return bool(reader.told)

            await until(is_told)

    assert b"The first shift" in reader.told[0].body


async def is_asked(site: Site, reader: Reader) -> bool:
    """Subscribe, as soon as the site answers."""
    form = {
        "hub.mode": "subscribe",
        "hub.callback": reader.url,
        "hub.topic": f"{site.url}/feeds/all.rss",
    }
    try:
        async with httpx.AsyncClient() as client:
            return (await client.post(f"{site.url}/hub", data=form)).status_code == 202
    except httpx.TransportError:
        return False


async def built(clock: Service, site: Site) -> None:
    await clock.until_said(f"{site.url}/feeds/all.rss")
    assert await clock.terminate() == 0


async def test_another_hub_is_told_though_the_process_that_noted_it_has_ended(site: Site) -> None:
    told: list[Asked] = []

    def take(asked: Asked) -> Page:
        told.append(asked)
        return Page(status=204)

    async def is_told() -> bool:
        return bool(told)

    async with WebRig() as rig:
        rig.pages["/hub"] = take
        with_hub(site, f"{rig.url}/hub")
        site.write("first", "The first shift")
        await site.aside("migrate")
        async with site.running("clock") as clock:
            await built(clock, site)
        assert told == []

        async with site.running("worker"):
            await until(is_told)

    topics = [topic for name, topic in parse_qsl(told[0].body.decode()) if name == "hub.url"]
    assert f"{site.url}/feeds/all.rss" in topics


async def test_hub_that_fails_holds_up_neither_feeds_nor_issues(site: Site) -> None:
    await site.aside("migrate")
    await site.aside(
        "subscribers", "add", "ann@example.org", "--newsletter", "digest", "--cadence", "instant",
        "--confirmed",
    )  # fmt: skip
    with_hub(site, "http://127.0.0.1:9/hub")
    async with site.running("run", "--capture") as service:
        site.write("first", "The first shift")
        await service.until_said("hub not told")

        site.write("second", "The night shift")

        await until(lambda: shows(site, "The night shift"))
        await service.until_said("issue opened")
    status = await site.aside("status")

    assert "http://127.0.0.1:9/hub" in status
    assert "it fails: no connection can be made (Connection refused)" in status
