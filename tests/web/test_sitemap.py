"""The site map: what search engines may find, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from publisher.content.sitemap import read_sitemap
from publisher.model import ArticleState
from publisher.store import articles
from tests.rig.desk import Desk

BASE = "https://news.example.org"


async def addresses(client: httpx.AsyncClient, path: str = "/sitemap.xml") -> list[str]:
    """Read a file of it as our own source for sites does."""
    response = await client.get(path)
    assert response.headers["Content-Type"] == "application/xml"
    found = read_sitemap(response.content, UTC)
    return [entry.url for entry in found.pages or found.sitemaps]


async def test_pages_of_our_own_are_listed(desk: Desk, client: httpx.AsyncClient) -> None:
    await desk.bring("ana", title="The story of ana")
    await desk.join("reader")
    await desk.issue_now()

    found = await addresses(client)

    assert found == [
        f"{BASE}/",
        f"{BASE}/newsletters/digest",
        f"{BASE}/newsletters/digest/issues/1",
        f"{BASE}/articles/the-story-of-ana",
    ]


async def test_what_is_not_out_or_elsewhere_is_not_listed(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    await desk.bring("elsewhere", url="https://paper.example/one")
    await desk.bring("ahead", published=datetime(2027, 1, 1, tzinfo=UTC))
    await desk.bring("withdrawn")
    async with desk.store.write() as connection:
        await articles.set_state(connection, "withdrawn", ArticleState.WITHDRAWN, desk.clock())

    found = await addresses(client)

    assert found == [f"{BASE}/", f"{BASE}/newsletters/digest"]


async def test_news_are_listed_at_once_and_what_is_the_same_is_not_sent_again(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    first = await client.get("/sitemap.xml")
    known = {"If-None-Match": first.headers["ETag"]}
    same = await client.get("/sitemap.xml", headers=known)
    await desk.bring("ana")

    other = await client.get("/sitemap.xml", headers=known)

    assert [same.status_code, other.status_code] == [304, 200]
    assert "/articles/ana" in other.text


async def test_what_one_file_cannot_hold_is_in_several(
    desk: Desk, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.formats.sitemap.MOST_ADDRESSES", 3)
    await desk.join("reader")
    for name in ("ana", "ben", "cyd"):
        await desk.bring(name)
        await desk.issue_now()

    files = await addresses(client)
    found = [await addresses(client, file.removeprefix(BASE)) for file in files]

    assert files == [f"{BASE}/sitemaps/{number}.xml" for number in (1, 2, 3)]
    issue = f"{BASE}/newsletters/digest/issues/"
    assert found == [
        [f"{BASE}/", f"{BASE}/newsletters/digest", f"{issue}1"],
        [f"{issue}2", f"{issue}3", f"{BASE}/articles/ana"],
        [f"{BASE}/articles/ben", f"{BASE}/articles/cyd"],
    ]
    assert (await client.get("/sitemaps/4.xml")).status_code == 404
