"""An upstream feed's hub tells us of news: the real service, and a hub played on loopback."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from tests.rig.program import Service, Site, until
from tests.rig.web import Asked, Page, WebRig

FEED = """<?xml version="1.0"?>
<rss version="2.0"><channel><title>Upstream</title><link>{url}</link><description>x</description>
{items}
</channel></rss>
"""
ITEM = "<item><guid isPermaLink='false'>{0}</guid><title>{0}</title></item>"

SOURCE = """
[[sources]]
name = "upstream"
kind = "feed"
url = "{url}/feed.xml"
every = "12h"
allow_private = true
"""


class Upstream:
    """A feed that names a hub, and what the hub was asked for."""

    def __init__(self, rig: WebRig) -> None:
        self.rig = rig
        self.forms: list[dict[str, str]] = []
        rig.pages["/hub"] = self._subscribe
        self.show("First")

    @property
    def topic(self) -> str:
        return f"{self.rig.url}/feed.xml"

    def show(self, *titles: str) -> None:
        body = FEED.format(url=self.rig.url, items="".join(ITEM.format(t) for t in titles))
        link = f'<{self.rig.url}/hub>; rel="hub", <{self.topic}>; rel="self"'
        headers = {"Content-Type": "application/rss+xml", "Link": link}
        self.rig.pages["/feed.xml"] = Page(body=body, headers=headers)

    def _subscribe(self, asked: Asked) -> Page:
        self.forms.append({name: value[0] for name, value in parse_qs(asked.body.decode()).items()})
        return Page(status=202)

    async def is_asked(self) -> bool:
        return bool(self.forms)

    async def verify(self, **changes: str) -> httpx.Response:
        """Make sure that we asked, as a hub does."""
        query = {
            "hub.mode": "subscribe",
            "hub.topic": self.topic,
            "hub.challenge": "are you there",
            "hub.lease_seconds": "864000",
            **{f"hub.{name}": value for name, value in changes.items()},
        }
        async with httpx.AsyncClient() as client:
            return await client.get(self.forms[0]["hub.callback"], params=query)

    async def tell(self, secret: str | None = None, method: str = "sha256") -> httpx.Response:
        """Tell of news, signed with the secret that we gave, or another."""
        body = b"the feed as it is now"
        key = (secret or self.forms[0]["hub.secret"]).encode()
        signature = hmac.new(key, body, getattr(hashlib, method)).hexdigest()
        headers = {"X-Hub-Signature": f"{method}={signature}"}
        async with httpx.AsyncClient() as client:
            return await client.post(self.forms[0]["hub.callback"], content=body, headers=headers)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def shows(site: Site, words: str) -> bool:
    async with httpx.AsyncClient() as client:
        return words in (await client.get(f"{site.url}/feeds/all.json")).text


async def started(site: Site, service: Service, upstream: Upstream) -> None:
    await service.until_said("at work")
    await until(upstream.is_asked)
    await until(lambda: shows(site, "First"))


def follow(site: Site, rig: WebRig) -> Upstream:
    config = site.config.read_text(encoding="utf-8")
    site.config.write_text(config + SOURCE.format(url=rig.url), encoding="utf-8")
    return Upstream(rig)


async def test_news_arrives_when_the_hub_tells_long_before_the_feed_is_due(site: Site) -> None:
    async with WebRig() as rig:
        upstream = follow(site, rig)
        async with site.running("run") as service:
            await started(site, service, upstream)
            verified = await upstream.verify()
            upstream.show("First", "Second")

            told = await upstream.tell()

            await until(lambda: shows(site, "Second"))
    assert (verified.status_code, verified.text) == (200, "are you there")
    assert told.status_code == 202
    assert upstream.forms[0]["hub.mode"] == "subscribe"
    assert upstream.forms[0]["hub.topic"] == upstream.topic
    assert upstream.forms[0]["hub.callback"].startswith(f"{site.url}/websub/")
    assert len(upstream.forms[0]["hub.secret"]) < 200


async def test_nobody_but_the_hub_is_believed(site: Site) -> None:
    async with WebRig() as rig:
        upstream = follow(site, rig)
        async with site.running("run") as service:
            await started(site, service, upstream)
            asked_before = rig.targets.count("/feed.xml")
            answers = [
                (await upstream.verify(topic="https://elsewhere.org/feed")).status_code,
                (await upstream.verify(mode="unsubscribe")).status_code,
                (await upstream.tell(secret="guessed")).status_code,
                (await upstream.tell(method="sha1")).status_code,
            ]
            async with httpx.AsyncClient() as client:
                stranger = await client.get(f"{site.url}/websub/{'x' * 32}?hub.mode=subscribe")
            await service.until_said("hub's signature is wrong")

            # A pass that a true call brings comes after any that a false one had brought.
            await upstream.tell()
            await service.until_said("hub told of news")
            await until(lambda: has_asked(rig, asked_before + 1))

    assert answers == [404, 404, 202, 202]
    assert stranger.status_code == 404
    assert rig.targets.count("/feed.xml") == asked_before + 1


async def has_asked(rig: WebRig, times: int) -> bool:
    return rig.targets.count("/feed.xml") >= times


async def test_hub_is_asked_once_not_at_every_pass(site: Site) -> None:
    async with WebRig() as rig:
        upstream = follow(site, rig)
        async with site.running("run") as service:
            await started(site, service, upstream)
            await upstream.verify()

            await site.aside("ingest", "--source", "upstream")
            await upstream.tell()
            await until(lambda: has_asked(rig, 3))

    assert len(upstream.forms) == 1
