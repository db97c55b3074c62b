"""RFC 3229: readers that ask for it get only what they lack."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import feedparser  # type: ignore[import-untyped]
import httpx
import pytest

from publisher.web.site import Site
from tests.rig import builders
from tests.rig.desk import Desk
from tests.web.conftest import Publishing, Serving

PLAIN = {"Accept-Encoding": "identity"}
DELTA = PLAIN | {"A-IM": "feed"}
Storing = Callable[..., Awaitable[str]]


@pytest.fixture
def version(desk: Desk, client: httpx.AsyncClient, built: Publishing) -> Storing:
    """Bring articles, build, and give the plain tag of what is served then."""

    async def make(*names: str, format: str = "json") -> str:
        desk.clock.advance(minutes=1)
        await desk.bring(*names)
        await built()
        return (await client.get(f"/feeds/all.{format}", headers=PLAIN)).headers["ETag"]

    return make


def titles(response: httpx.Response) -> list[str]:
    return [item["title"] for item in json.loads(response.content)["items"]]


async def test_a_reader_gets_what_is_new_since_its_version(
    client: httpx.AsyncClient, version: Storing
) -> None:
    first = await version("ana", "ben")
    second = await version("cleo")
    third = await version("dora")

    found = [
        await client.get("/feeds/all.json", headers=DELTA | {"If-None-Match": tag})
        for tag in (first, second, third)
    ]

    assert [response.status_code for response in found] == [226, 226, 304]
    assert [titles(response) for response in found[:2]] == [["dora", "cleo"], ["dora"]]
    for response in found[:2]:
        assert response.headers["IM"] == "feed"
        assert response.headers["ETag"] == third
        assert response.headers["Cache-Control"] == "no-store, im"
        assert response.headers["Vary"] == "Accept-Encoding, A-IM, If-None-Match"
        assert response.headers["Content-Type"] == "application/feed+json"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert 'rel="self"' in response.headers["Link"]


@pytest.mark.parametrize("format", ["rss", "atom", "json"])
async def test_a_part_has_the_frame_of_the_whole(
    client: httpx.AsyncClient, version: Storing, format: str
) -> None:
    first = await version("ana", format=format)
    await version("ben", format=format)
    whole = await client.get(f"/feeds/all.{format}", headers=PLAIN)

    part = await client.get(f"/feeds/all.{format}", headers=DELTA | {"If-None-Match": first})

    assert part.status_code == 226
    assert whole.content.startswith(part.content[:100])
    assert whole.content.endswith(part.content[-8:])
    assert "ben" in part.text
    assert "ana" not in part.text


async def test_an_article_that_was_edited_is_new(
    desk: Desk, client: httpx.AsyncClient, version: Storing
) -> None:
    first = await version("ana", "ben")
    desk.source.tells[0] = replace(desk.source.tells[0], title="Ana again", stamp="2")  # type: ignore[type-var]
    await version()

    part = await client.get("/feeds/all.json", headers=DELTA | {"If-None-Match": first})

    assert (part.status_code, titles(part)) == (226, ["Ana again"])


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
async def test_the_tag_may_be_of_any_coding_and_weak(
    client: httpx.AsyncClient, version: Storing, coding: str
) -> None:
    first = await version("ana")
    await version("ben")
    tag = f'W/{first[:-1]}-{coding}"'

    part = await client.get("/feeds/all.json", headers=DELTA | {"If-None-Match": tag})

    assert (part.status_code, titles(part)) == (226, ["ben"])


async def test_a_part_is_packed_for_those_who_unpack_it(
    client: httpx.AsyncClient, version: Storing
) -> None:
    first = await version("ana")
    second = await version("ben")
    headers = DELTA | {"If-None-Match": first}
    plain = await client.get("/feeds/all.json", headers=headers)

    async with client.stream(
        "GET", "/feeds/all.json", headers=headers | {"Accept-Encoding": "br, gzip"}
    ) as packed:
        content = b"".join([chunk async for chunk in packed.aiter_raw()])

    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["ETag"] == f'{second[:-1]}-gzip"'
    assert gzip.decompress(content) == plain.content


@pytest.mark.parametrize(
    "changes",
    [
        {"If-None-Match": '"unknown"'},
        {"If-None-Match": "{tag}, {other}"},
        {"A-IM": "feed;q=0"},
        {"A-IM": "diffe"},
        {"Via": "1.1 cache.example"},
    ],
)
async def test_who_may_lose_something_by_a_part_gets_the_whole(
    client: httpx.AsyncClient, version: Storing, changes: dict[str, str]
) -> None:
    first = await version("ana")
    second = await version("ben")
    await version("cleo")
    filled = {name: value.format(tag=first, other=second) for name, value in changes.items()}

    whole = await client.get("/feeds/all.json", headers=DELTA | {"If-None-Match": first} | filled)

    assert (whole.status_code, titles(whole)) == (200, ["cleo", "ben", "ana"])
    assert whole.headers["Vary"] == "Accept-Encoding, Sec-Fetch-Dest"


async def test_who_has_nothing_of_it_any_more_gets_the_whole(
    site: Site, desk: Desk, serving: Serving
) -> None:
    press = builders.press(desk, builders.feed(limit=1))
    client = await serving(replace(site, press=press))
    await desk.bring("ana")
    await press.publish()
    first = (await client.get("/feeds/all.json", headers=PLAIN)).headers["ETag"]
    desk.clock.advance(minutes=1)
    await desk.bring("ben")
    await press.publish()

    whole = await client.get("/feeds/all.json", headers=DELTA | {"If-None-Match": first})

    assert (whole.status_code, titles(whole)) == (200, ["ben"])


async def test_a_complete_feed_is_never_told_in_part(
    site: Site, desk: Desk, serving: Serving
) -> None:
    """RFC 5005 §2: a reader may delete what is not in it."""
    press = builders.press(desk, builders.feed(limit=None))
    client = await serving(replace(site, press=press))
    await desk.bring("ana")
    await press.publish()
    first = (await client.get("/feeds/all.json", headers=PLAIN)).headers["ETag"]
    desk.clock.advance(minutes=1)
    await desk.bring("ben")
    await press.publish()

    whole = await client.get("/feeds/all.json", headers=DELTA | {"If-None-Match": first})

    assert (whole.status_code, titles(whole)) == (200, ["ben", "ana"])


async def test_head_tells_what_get_would(client: httpx.AsyncClient, version: Storing) -> None:
    first = await version("ana")
    await version("ben")
    headers = DELTA | {"If-None-Match": first}
    got: Any = await client.get("/feeds/all.json", headers=headers)

    head = await client.head("/feeds/all.json", headers=headers)

    del got.headers["date"], head.headers["date"]
    assert (head.status_code, head.content, head.headers) == (226, b"", got.headers)


async def test_more_parts_than_are_kept_are_made_again(
    client: httpx.AsyncClient, version: Storing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.web.delta._MOST_KEPT", 1)
    tags = [await version("ana"), await version("ben")]
    await version("cleo")

    found = [
        await client.get("/feeds/all.json", headers=DELTA | {"If-None-Match": tag})
        for tag in (*tags, *tags)
    ]

    assert [titles(response) for response in found] == [["cleo", "ben"], ["cleo"]] * 2


async def test_feedparser_reads_a_part(client: httpx.AsyncClient, version: Storing) -> None:
    """It asks for one whenever it has a tag."""
    await version("ana", format="atom")
    url = str(client.base_url.join("/feeds/all.atom"))
    first = await asyncio.to_thread(feedparser.parse, url)
    await version("ben", format="atom")

    second = await asyncio.to_thread(feedparser.parse, url, etag=first.etag)

    assert (second.status, second.bozo) == (226, False)
    assert [entry.title for entry in second.entries] == ["ben"]
