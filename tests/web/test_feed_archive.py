"""Pages of a feed's archive (RFC 5005 §4) over the wire."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from publisher.web.site import Site
from tests.rig import builders
from tests.rig.desk import Desk
from tests.web.conftest import Serving

NEWEST = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
async def client(site: Site, desk: Desk, serving: Serving) -> httpx.AsyncClient:
    """A feed of 2 with 103 older ones in its archive: a page that is full, and 3 in the next."""
    desk.source.tells += [
        builders.told(f"story-{number}", published=NEWEST - timedelta(hours=number))
        for number in range(105)
    ]
    await desk.take_in()
    press = builders.press(desk, builders.feed(limit=2))
    await press.publish()
    return await serving(replace(site, press=press))


async def test_a_page_of_the_archive_is_served_with_its_type_and_tag(
    client: httpx.AsyncClient,
) -> None:
    response = await client.get("/feeds/all/archive/2-3.json")

    assert response.status_code == 200
    assert [item["title"] for item in json.loads(response.content)["items"]] == [
        "story-2",
        "story-3",
        "story-4",
    ]
    assert response.headers["Content-Type"] == "application/feed+json"
    assert response.headers["Link"] == (
        '<https://news.example.org/feeds/all/archive/2-3.json>; rel="self"'
    )
    assert response.headers["Vary"] == "Accept-Encoding, Sec-Fetch-Dest"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Last-Modified" not in response.headers


async def test_a_full_page_may_be_kept_for_long(client: httpx.AsyncClient) -> None:
    paths = ("1.rss", "2-3.rss")

    found = [
        (await client.get(f"/feeds/all/archive/{path}")).headers["Cache-Control"] for path in paths
    ]

    assert found == [
        "public, max-age=604800, stale-while-revalidate=604800",
        "public, max-age=300, stale-while-revalidate=3600",
    ]


@pytest.mark.parametrize("coding", ["identity", "gzip", "br", "zstd"])
async def test_whoever_has_a_page_is_told_so(client: httpx.AsyncClient, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    first = await client.get("/feeds/all/archive/1.atom", headers=headers)

    second = await client.get(
        "/feeds/all/archive/1.atom", headers=headers | {"If-None-Match": first.headers["ETag"]}
    )
    dated = await client.get(
        "/feeds/all/archive/1.atom",
        headers=headers | {"If-Modified-Since": "Mon, 23 Nov 2099 06:00:00 GMT"},
    )

    assert first.headers.get("Content-Encoding", "identity") == coding
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["ETag"] == first.headers["ETag"]
    assert dated.status_code == 200


OTHER_NAMES = ["0", "2", "3", "2-4", "01", "1-0", "1-100", "-1", "x", "9" * 400, "1.5", "\uff11"]


async def test_any_other_name_is_not_found(client: httpx.AsyncClient) -> None:
    found = {
        page: (await client.get(f"/feeds/all/archive/{page}.rss")).status_code
        for page in OTHER_NAMES
    }

    assert found == dict.fromkeys(OTHER_NAMES, 404)


async def test_many_who_ask_at_once_are_all_answered(client: httpx.AsyncClient) -> None:
    found = await asyncio.gather(
        *(client.get(f"/feeds/all/archive/1-{number}.rss") for number in range(1, 21))
    )

    assert {response.status_code for response in found} == {200}
