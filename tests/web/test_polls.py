"""The limit on polls, where the config sets one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from publisher.web.site import Site
from tests.rig.desk import Desk
from tests.web.conftest import Publishing, Serving

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def client(site: Site, serving: Serving, built: Publishing) -> httpx.AsyncClient:
    """Two requests a minute for each feed; the proxy at our own address is trusted."""
    await built()
    limited = replace(site.serving, polls=(2, MINUTE), trusted_proxies=("127.0.0.1",))
    return await serving(replace(site, serving=limited))


async def statuses(client: httpx.AsyncClient, *paths: str, **headers: str) -> list[int]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [(await client.get(path, headers=named)).status_code for path in paths]


async def test_one_too_many_is_told_when_to_come_back(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    await statuses(client, "/feeds/all.rss", "/feeds/all.rss")
    desk.clock.advance(seconds=20, milliseconds=500)

    response = await client.get("/feeds/all.rss")

    assert response.status_code == 429
    assert response.text == "You ask for this feed too often.\n"
    assert response.headers["Retry-After"] == "40"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_who_waited_is_answered_again(desk: Desk, client: httpx.AsyncClient) -> None:
    await statuses(client, *["/feeds/all.rss"] * 3)
    desk.clock.advance(seconds=60)

    assert await statuses(client, *["/feeds/all.rss"] * 3) == [200, 200, 429]


async def test_a_clock_that_is_set_back_locks_nobody_out(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    await statuses(client, *["/feeds/all.rss"] * 3)
    desk.clock.advance(hours=-1)

    assert await statuses(client, "/feeds/all.rss") == [200]


async def test_what_has_not_changed_counts_too(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/feeds/all.rss")).headers["ETag"]

    found = await statuses(client, *["/feeds/all.rss"] * 2, If_None_Match=tag)

    assert found == [304, 429]


async def test_each_feed_and_each_address_is_counted_by_itself(client: httpx.AsyncClient) -> None:
    paths = ["/feeds/all.rss", "/feeds/all.rss", "/feeds/all.rss", "/feeds/all.atom"]

    ana = await statuses(client, *paths, X_Forwarded_For="192.0.2.1")
    ben = await statuses(client, *paths, X_Forwarded_For="192.0.2.1, 192.0.2.2")

    assert ana == ben == [200, 200, 429, 200]


async def test_the_feed_at_the_address_of_its_page_is_the_same_feed(
    client: httpx.AsyncClient,
) -> None:
    paths = ["/feeds/all.rss", "/feeds/all", "/feeds/all.rss", "/feeds/all"]

    found = await statuses(client, *paths, Accept="application/rss+xml")

    assert found == [200, 200, 429, 429]


async def test_the_page_for_people_is_not_counted(client: httpx.AsyncClient) -> None:
    found = await statuses(client, *["/feeds/all"] * 4, Accept="text/html")

    assert found == [200] * 4


async def test_a_stranger_is_not_believed_about_the_address(
    site: Site, serving: Serving, built: Publishing
) -> None:
    await built()
    limited = replace(site.serving, polls=(2, MINUTE), trusted_proxies=("192.0.2.9",))
    client = await serving(replace(site, serving=limited))

    found = [
        *await statuses(client, *["/feeds/all.rss"] * 2, X_Forwarded_For="192.0.2.1"),
        *await statuses(client, "/feeds/all.rss", X_Forwarded_For="192.0.2.2"),
    ]

    assert found == [200, 200, 429]


async def test_without_a_limit_nobody_is_refused(
    site: Site, serving: Serving, built: Publishing
) -> None:
    await built()
    client = await serving(site)

    assert await statuses(client, *["/feeds/all.rss"] * 20) == [200] * 20


async def test_memory_for_counting_is_bounded(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the one who asked longest ago is not counted any more."""
    monkeypatch.setattr("publisher.web.polls._MOST_KEPT", 1)
    await statuses(client, *["/feeds/all.rss"] * 3)

    found = await statuses(client, "/feeds/all.atom", "/feeds/all.rss")

    assert found == [200, 200]


async def test_pages_of_an_archive_are_counted_if_they_can_be(client: httpx.AsyncClient) -> None:
    found = [
        *await statuses(client, *["/feeds/all/archive/1.rss"] * 3),
        *await statuses(client, *["/feeds/all/archive/x.rss"] * 3),
    ]

    assert found == [404, 404, 429, 404, 404, 404]
