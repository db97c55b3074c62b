"""The list of feeds, the style of feeds, and where feeds are looked for."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from lxml import etree  # type: ignore[import-untyped]

from publisher.model import Format, TermKind
from publisher.web.site import Site
from tests.rig import builders
from tests.rig.desk import Desk
from tests.web.conftest import Serving


async def test_the_list_names_every_feed_that_has_articles(
    site: Site, desk: Desk, serving: Serving
) -> None:
    await desk.bring("ana", tags=("R&D",))
    press = builders.press(
        desk,
        builders.feed(formats=(Format.JSON, Format.RSS)),
        builders.feed(slug="old", is_retired=True),
        automatic=replace(builders.AUTOMATIC, kinds=(TermKind.TAG,)),
    )
    client = await serving(replace(site, press=press))

    response = await client.get("/feeds.opml")

    assert response.headers["Content-Type"] == "text/x-opml; charset=utf-8"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "public, max-age=300, stale-while-revalidate=3600"
    outlines = etree.fromstring(response.content).iterfind("body/outline")
    found = [(outline.get("text"), outline.get("xmlUrl")) for outline in outlines]
    assert found[0] == ("Everything", "https://news.example.org/feeds/all.json")
    assert found[1][0] == "The Lighthouse: R&D"
    assert found[1][1].startswith("https://news.example.org/feeds/tag/")
    assert len(found) == 2


@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
async def test_whoever_has_the_list_is_told_so(client: httpx.AsyncClient, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    first = await client.get("/feeds.opml", headers=headers)

    second = await client.get(
        "/feeds.opml", headers=headers | {"If-None-Match": first.headers["ETag"]}
    )

    assert first.headers.get("Content-Encoding", "identity") == coding
    assert (second.status_code, second.headers["ETag"]) == (304, first.headers["ETag"])


async def test_a_new_term_is_in_the_list_within_a_minute(
    site: Site, desk: Desk, serving: Serving
) -> None:
    automatic = replace(builders.AUTOMATIC, kinds=(TermKind.TAG,))
    client = await serving(replace(site, press=builders.press(desk, automatic=automatic)))
    await client.get("/feeds.opml")
    await desk.bring("ana", tags=("labour",))
    found = []

    for seconds in (0, 60):
        desk.clock.advance(seconds=seconds)
        found.append("labour.rss" in (await client.get("/feeds.opml")).text)

    assert found == [False, True]


async def test_the_style_of_feeds_may_be_kept_for_a_day(client: httpx.AsyncClient) -> None:
    first = await client.get("/feeds.css")

    second = await client.get("/feeds.css", headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Content-Type"] == "text/css; charset=utf-8"
    assert first.headers["Cache-Control"] == "public, max-age=86400"
    assert "@namespace" in first.text
    assert second.status_code == 304


async def test_where_feeds_are_looked_for_leads_to_the_first_in_the_format(
    site: Site, desk: Desk, serving: Serving
) -> None:
    press = builders.press(
        desk,
        builders.feed(slug="old", is_retired=True),
        builders.feed(slug="main", formats=(Format.ATOM,)),
        builders.feed(slug="second", formats=(Format.JSON, Format.ATOM)),
    )
    client = await serving(replace(site, press=press))
    expected = {
        "/feed": (301, "https://news.example.org/feeds/main.atom"),
        "/atom.xml": (301, "https://news.example.org/feeds/main.atom"),
        "/feed.json": (301, "https://news.example.org/feeds/second.json"),
        "/rss.xml": (404, None),
    }

    found = {path: await client.get(path, headers={"Host": "evil.example"}) for path in expected}

    assert expected == {
        path: (response.status_code, response.headers.get("Location"))
        for path, response in found.items()
    }
