"""Feeds over the wire: what readers that poll see."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import brotli  # type: ignore[import-untyped]
import feedparser  # type: ignore[import-untyped]
import httpx
import pytest
import zstandard

from publisher.model import Coding, Format
from publisher.web.site import Site
from tests.rig import builders
from tests.rig.desk import Desk
from tests.web.conftest import Publishing, Serving

UNPACKERS: dict[Coding | None, Callable[[bytes], bytes]] = {
    None: bytes,
    Coding.GZIP: gzip.decompress,
    Coding.BROTLI: brotli.decompress,
    Coding.ZSTD: zstandard.ZstdDecompressor().decompress,
}
# What stands on every answer to a request for a feed.
ALWAYS = {
    "cache-control": "public, max-age=300, stale-while-revalidate=3600",
    "vary": "Accept-Encoding, Sec-Fetch-Dest",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Last-Modified, Link, IM, Retry-After",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
PLAIN = {"Accept-Encoding": "identity"}
PACKED = {"Accept-Encoding": "gzip"}


async def raw(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> tuple[Any, bytes]:
    """Fetch without unpacking."""
    async with client.stream("GET", path, headers=headers) as response:
        return response, b"".join([chunk async for chunk in response.aiter_raw()])


@pytest.mark.parametrize(
    ("format", "media_type"),
    [
        ("rss", "application/rss+xml; charset=utf-8"),
        ("atom", "application/atom+xml; charset=utf-8"),
        ("json", "application/feed+json"),
    ],
)
async def test_a_feed_is_served_with_its_type_and_validators(
    desk: Desk, client: httpx.AsyncClient, built: Publishing, format: str, media_type: str
) -> None:
    await desk.bring("ana")
    await built()

    response = await client.get(f"/feeds/all.{format}", headers=PLAIN)

    assert response.status_code == 200
    assert "ana" in response.text
    fields = dict(response.headers)
    assert fields.pop("etag").strip('"').isalnum()
    assert fields.pop("date")
    assert fields == {
        "content-type": media_type,
        "content-length": str(len(response.content)),
        "last-modified": "Mon, 23 Nov 2026 06:00:00 GMT",
        "link": f'<https://news.example.org/feeds/all.{format}>; rel="self"',
        **ALWAYS,
    }


@pytest.mark.parametrize("coding", Coding)
async def test_packed_bytes_unpack_to_the_plain_ones_under_another_tag(
    desk: Desk, client: httpx.AsyncClient, built: Publishing, coding: Coding
) -> None:
    await desk.bring("ana")
    await built()

    plain, plain_bytes = await raw(client, "/feeds/all.atom", PLAIN)
    packed, packed_bytes = await raw(client, "/feeds/all.atom", {"Accept-Encoding": coding})

    assert UNPACKERS[coding](packed_bytes) == plain_bytes
    assert packed.headers["Content-Encoding"] == coding
    assert packed.headers["Content-Length"] == str(len(packed_bytes))
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["ETag"] == f'{plain.headers["ETag"][:-1]}-{coding}"'


async def test_of_codings_that_are_as_welcome_the_smallest_is_sent(
    desk: Desk, client: httpx.AsyncClient, built: Publishing
) -> None:
    await desk.bring(*(f"story-{number}" for number in range(20)))
    await built()
    sizes = {
        coding: len((await raw(client, "/feeds/all.rss", {"Accept-Encoding": coding}))[1])
        for coding in Coding
    }
    asked = {
        "gzip, br, zstd": min(sizes, key=lambda coding: sizes[coding]),
        "gzip, br;q=0.5, zstd;q=0.5": Coding.GZIP,
        "identity;q=0.5, zstd": Coding.ZSTD,
        "identity;q=0": Coding.GZIP,
        "*;q=0": None,
        "compress": None,
    }

    found = {
        field: (await raw(client, "/feeds/all.rss", {"Accept-Encoding": field}))[0].headers.get(
            "Content-Encoding"
        )
        for field in asked
    }

    assert asked == found


async def test_readers_are_told_of_the_hub_in_the_header(
    site: Site, desk: Desk, serving: Serving, built: Publishing
) -> None:
    """WebSub §4: subscribers look there first, and a header has no letters beyond ASCII."""
    await built()
    named = replace(
        site.publication, base_url="https://zeitung-köln.example", hub="https://hub.example/ä"
    )
    client = await serving(replace(site, publication=named))

    response = await client.head("/feeds/all.atom")

    assert response.headers["Link"] == (
        '<https://xn--zeitung-kln-zfb.example/feeds/all.atom>; rel="self", '
        '<https://hub.example/%C3%A4>; rel="hub"'
    )


async def test_how_long_a_feed_may_be_kept_is_for_the_config_to_say(
    site: Site, serving: Serving, built: Publishing
) -> None:
    await built()
    fields = []

    for stale in (timedelta(minutes=1), timedelta()):
        kept = replace(site.serving, max_age=timedelta(hours=2), stale_while_revalidate=stale)
        client = await serving(replace(site, serving=kept))
        fields.append((await client.get("/feeds/all.rss")).headers["Cache-Control"])

    assert fields == ["public, max-age=7200, stale-while-revalidate=60", "public, max-age=7200"]


@pytest.mark.parametrize(
    "path", ["/feeds/all.rss", "/feeds/all/archive/1.rss", "/feeds/all", "/feeds.opml"]
)
async def test_a_page_from_elsewhere_may_ask_with_validators(
    client: httpx.AsyncClient, built: Publishing, path: str
) -> None:
    await built()

    response = await client.options(
        path,
        headers={
            "Origin": "https://reader.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "if-none-match",
        },
    )

    fields = {
        name: value for name, value in response.headers.items() if name.startswith("access-control")
    }
    assert (response.status_code, response.content) == (204, b"")
    assert fields == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD",
        "access-control-allow-headers": "If-None-Match, If-Modified-Since, A-IM",
        "access-control-max-age": "86400",
    }
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


async def test_conditional_requests(
    desk: Desk, client: httpx.AsyncClient, built: Publishing
) -> None:
    await built()
    plain = (await client.get("/feeds/all.rss", headers=PLAIN)).headers
    packed = (await client.get("/feeds/all.rss", headers=PACKED)).headers
    other, old = '"other"', "Sun, 06 Nov 1994 08:49:37 GMT"
    table = [
        ({"If-None-Match": plain["ETag"]}, 304),
        ({"If-None-Match": packed["ETag"]}, 304),
        ({"If-None-Match": f"W/{plain['ETag']}"}, 304),
        ({"If-None-Match": f"{other}, {packed['ETag']}"}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": other}, 200),
        ({"If-Modified-Since": plain["Last-Modified"]}, 304),
        ({"If-Modified-Since": "Mon, 23 Nov 2099 06:00:00 GMT"}, 304),
        ({"If-Modified-Since": "Monday, 23-Nov-26 06:00:00 GMT"}, 304),
        ({"If-Modified-Since": "Mon Nov 23 06:00:00 2026"}, 304),
        ({"If-Modified-Since": "Mon Nov 23 05:59:59 2026"}, 200),
        ({"If-Modified-Since": old}, 200),
        ({"If-Modified-Since": "soon"}, 200),
        ({"If-None-Match": other, "If-Modified-Since": plain["Last-Modified"]}, 200),
        ({"If-None-Match": plain["ETag"], "If-Modified-Since": old}, 304),
    ]

    answers = [
        (
            headers,
            (await client.request(method, "/feeds/all.rss", headers=coding | headers)).status_code,
        )
        for method in ("GET", "HEAD")
        for coding in (PLAIN, PACKED)
        for headers, _ in table
    ]

    assert table * 4 == answers


async def test_not_modified_has_the_fields_that_caches_need_and_no_body(
    client: httpx.AsyncClient, built: Publishing
) -> None:
    await built()
    tag = (await client.get("/feeds/all.rss", headers=PACKED)).headers["ETag"]

    response = await client.get("/feeds/all.rss", headers=PLAIN | {"If-None-Match": tag})

    assert (response.status_code, response.content) == (304, b"")
    fields = dict(response.headers)
    assert fields.pop("date")
    assert fields == {"etag": tag, **ALWAYS}


async def test_head_is_get_without_the_body(client: httpx.AsyncClient, built: Publishing) -> None:
    await built()
    got = await client.get("/feeds/all.json", headers=PACKED)

    head = await client.head("/feeds/all.json", headers=PACKED)

    assert head.content == b""
    del got.headers["date"], head.headers["date"]
    assert got.headers == head.headers


async def test_a_feed_that_was_never_built_asks_to_come_back(client: httpx.AsyncClient) -> None:
    response = await client.get("/feeds/all.rss")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "60")


async def test_only_the_feeds_and_formats_of_the_config_are_there(
    built: Publishing, site: Site, desk: Desk, serving: Serving
) -> None:
    await built()
    client = await serving(
        replace(site, press=builders.press(desk, builders.feed(formats=(Format.ATOM,))))
    )
    paths = ["all.atom", "all.rss", "all.xml", "all.", "other.atom", "all.atom.atom", "..%2f.rss"]

    found = [(await client.get(f"/feeds/{path}")).status_code for path in paths]

    assert found == [200, 404, 404, 404, 404, 404, 404]


async def test_feedparser_is_told_that_nothing_is_new(
    client: httpx.AsyncClient, built: Publishing
) -> None:
    await built()
    url = str(client.base_url.join("/feeds/all.atom"))
    first = await asyncio.to_thread(feedparser.parse, url)

    by_tag = await asyncio.to_thread(feedparser.parse, url, etag=first.etag)
    by_date = await asyncio.to_thread(feedparser.parse, url, modified=first.modified)
    by_object = await asyncio.to_thread(
        feedparser.parse, url, modified=datetime(2026, 11, 23, 6, tzinfo=UTC)
    )

    assert (first.status, first.bozo) == (200, False)
    assert [304, 304, 304] == [by_tag.status, by_date.status, by_object.status]


@pytest.mark.parametrize(
    ("where", "format", "expected"),
    [
        ("document", "rss", "application/xml; charset=utf-8"),
        ("iframe", "atom", "application/xml; charset=utf-8"),
        ("document", "json", "application/feed+json"),
        ("empty", "rss", "application/rss+xml; charset=utf-8"),
    ],
)
async def test_browser_window_gets_xml_that_it_shows_with_its_style(
    client: httpx.AsyncClient, built: Publishing, where: str, format: str, expected: str
) -> None:
    """Chromium shows application/rss+xml and application/atom+xml as plain text."""
    await built()

    response = await client.get(f"/feeds/all.{format}", headers={"Sec-Fetch-Dest": where})

    assert response.headers.get_list("Content-Type") == [expected]
