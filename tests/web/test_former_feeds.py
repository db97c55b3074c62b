"""Feeds that were renamed, have ended, or never were: what those who ask for them are told."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from publisher.model import Format, TermKind
from publisher.web.site import Site
from tests.rig import builders
from tests.rig.desk import Desk
from tests.web.conftest import Publishing, Serving

ENDINGS = ["", ".rss", ".atom", ".json", "/archive/1.rss"]


@pytest.fixture
async def client(site: Site, desk: Desk, serving: Serving) -> httpx.AsyncClient:
    press = builders.press(
        desk,
        builders.feed(formerly=("news", "latest")),
        builders.feed(slug="old", title="Old tales", formerly=("older",), is_retired=True),
    )
    return await serving(replace(site, press=press))


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_renamed_feed_has_moved_for_good(client: httpx.AsyncClient, ending: str) -> None:
    for slug in ("news", "latest"):
        response = await client.get(f"/feeds/{slug}{ending}", headers={"Host": "evil.example"})

        assert (response.status_code, response.headers["Location"]) == (
            301,
            f"https://news.example.org/feeds/all{ending}",
        )


async def test_a_feed_that_took_over_a_former_slug_is_itself(
    site: Site, desk: Desk, serving: Serving
) -> None:
    press = builders.press(desk, builders.feed(formerly=("news",)), builders.feed(slug="news"))
    client = await serving(replace(site, press=press))

    response = await client.get("/feeds/news")

    assert response.status_code == 200


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("slug", ["old", "older"])
async def test_a_retired_feed_is_gone(client: httpx.AsyncClient, slug: str, ending: str) -> None:
    response = await client.get(f"/feeds/{slug}{ending}")

    assert response.status_code == 410
    assert "<bdi>Old tales</bdi> has ended" in response.text
    assert 'href="/feeds/all"' in response.text
    assert 'href="/feeds/old"' not in response.text


async def test_an_unknown_feed_is_answered_with_the_feeds_that_there_are(
    site: Site, desk: Desk, serving: Serving, built: Publishing
) -> None:
    await desk.bring("ana", tags=("labour",))
    await built()
    press = builders.press(
        desk,
        builders.feed(formats=(Format.ATOM,)),
        automatic=replace(builders.AUTOMATIC, kinds=(TermKind.TAG,)),
    )
    client = await serving(replace(site, press=press))
    paths = ["none", "none.rss", "all.rss", "all.xml", "tag/none", "tag/none.json", "all/archive/1"]

    found = [await client.get(f"/feeds/{path}") for path in paths]

    for response in found:
        assert response.status_code == 404
        assert "There is nothing here" in response.text
        assert 'href="/feeds/all"' in response.text
        assert 'href="/feeds/tag/labour"' in response.text


async def test_of_many_feeds_a_hundred_are_listed(site: Site, desk: Desk, serving: Serving) -> None:
    feeds = [builders.feed(slug=f"feed-{number}") for number in range(101)]
    client = await serving(replace(site, press=builders.press(desk, *feeds)))

    response = await client.get("/feeds/none")

    assert response.text.count('href="/feeds/feed-') == 100
