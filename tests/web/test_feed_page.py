"""A feed for a person, and for a reader that was given the person's address."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import feedparser  # type: ignore[import-untyped]
import httpx
import pytest

from publisher.model import Format, Selection, TermKind
from publisher.web.site import Site
from tests.rig import builders, chromium
from tests.rig.desk import Desk
from tests.web.conftest import Publishing, Serving

VARY = "Accept, Accept-Encoding, Sec-Fetch-Dest"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FRESHRSS = {
    "Accept": "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, text/html;q=0.7, unknown/unknown;q=0.1, "
    "application/unknown;q=0.1, */*;q=0.1"
}
LINK = re.compile('<link rel="alternate" type="([^"]*)" title="[^"]*" href="([^"]*)">')


async def test_a_feed_has_a_page_for_people(site: Site, desk: Desk, serving: Serving) -> None:
    await desk.bring("ana", title="The story of ana", tags=("labour",))
    await desk.bring("ben", title="The story of ben")
    labour = builders.feed(slug="labour", title="Labour", select=Selection(tags=("labour",)))
    client = await serving(replace(site, press=builders.press(desk, labour)))

    response = await client.get("/feeds/labour")

    assert "The story of ana" in response.text
    assert "The story of ben" not in response.text
    assert "https://news.example.org/feeds/labour.rss" in response.text


async def test_a_page_shows_no_more_than_its_feed(site: Site, desk: Desk, serving: Serving) -> None:
    await desk.bring("ana", title="The story of ana", published=datetime(2026, 11, 20, tzinfo=UTC))
    await desk.bring("ben", title="The story of ben", published=datetime(2026, 11, 21, tzinfo=UTC))
    client = await serving(replace(site, press=builders.press(desk, builders.feed(limit=1))))

    response = await client.get("/feeds/all")

    assert ["The story of ben" in response.text, "The story of ana" in response.text] == [
        True,
        False,
    ]


async def test_a_browser_gets_the_page_and_a_reader_the_feed(
    client: httpx.AsyncClient, built: Publishing
) -> None:
    await built()
    asked = {
        "browser": BROWSER,
        "nobody in particular": {"Accept": "*/*"},
        "FreshRSS": FRESHRSS,
        "JSON": {"Accept": "application/feed+json"},
    }

    found = {
        name: (response.headers["Content-Type"], response.headers["Vary"])
        for name, headers in asked.items()
        for response in [await client.get("/feeds/all", headers=headers)]
    }

    assert found == {
        "browser": ("text/html; charset=utf-8", "Accept"),
        "nobody in particular": ("text/html; charset=utf-8", "Accept"),
        "FreshRSS": (
            "application/rss+xml; charset=utf-8",
            "Accept, Accept-Encoding, Sec-Fetch-Dest",
        ),
        "JSON": ("application/feed+json", VARY),
    }


async def test_a_feed_at_the_address_of_its_page_says_where_it_stands(
    client: httpx.AsyncClient, built: Publishing
) -> None:
    await built()
    first = await client.get("/feeds/all", headers=FRESHRSS)
    known = FRESHRSS | {"If-None-Match": first.headers["ETag"]}

    second = await client.get("/feeds/all", headers=known)

    same = await client.get("/feeds/all.rss")
    assert (first.content, first.headers["ETag"]) == (same.content, same.headers["ETag"])
    assert (second.status_code, second.content) == (304, b"")
    for response in (first, second):
        assert response.headers["Content-Location"] == "/feeds/all.rss"
        assert response.headers["Vary"] == VARY
        assert response.headers["Cache-Control"].startswith("public, max-age=300")


async def test_feedparser_reads_the_feed_at_the_address_of_its_page(
    desk: Desk, client: httpx.AsyncClient, built: Publishing
) -> None:
    await desk.bring("ana")
    await built()

    read = await asyncio.to_thread(feedparser.parse, str(client.base_url.join("/feeds/all")))

    assert (read.bozo, [entry.title for entry in read.entries]) == (False, ["ana"])


async def test_a_feed_that_was_never_built_is_asked_for_later(client: httpx.AsyncClient) -> None:
    response = await client.get("/feeds/all", headers=FRESHRSS)

    assert (response.status_code, response.headers["Retry-After"]) == (503, "60")


async def test_the_page_leads_web_readers_to_the_feed(client: httpx.AsyncClient) -> None:
    response = await client.get("/feeds/all")

    links = {
        name: unescape(link)
        for link, name in re.findall('<li><a href="([^"]*)">([^<]*)</a></li>', response.text)
    }
    address = "https://news.example.org/feeds/all.rss"
    assert links.pop("The reader on this device") == f"feed:{address}"
    assert unquote(links.pop("Feedly").rpartition("/")[2]) == f"feed/{address}"
    asked = {name: parse_qsl(urlsplit(link).query) for name, link in links.items()}
    assert asked == {
        "Inoreader": [("add_feed", address)],
        "NewsBlur": [("url", address)],
        "The Old Reader": [("url", address)],
    }


async def test_only_the_script_that_copies_the_address_may_run(client: httpx.AsyncClient) -> None:
    response = await client.get("/feeds/all")

    (script,) = re.findall("<script>(.*?)</script>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


async def test_without_script_there_is_the_address_and_no_button(client: httpx.AsyncClient) -> None:
    response = await client.get("/feeds/all")

    address = "https://news.example.org/feeds/all.rss"
    assert f'dir="ltr">{address}</code>' in response.text
    assert re.findall("<button[^>]* hidden>", response.text) == re.findall(
        "<button[^>]*>", response.text
    )


async def test_in_a_browser_there_is_a_button(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """So the policy lets the script run. Loopback counts as safe, as https does."""
    browser = chromium.find()
    if browser is None:
        pytest.skip("no Chromium on this machine")

    shown = await asyncio.to_thread(
        chromium.dom, browser, str(client.base_url.join("/feeds/all")), scratch=tmp_path
    )

    (button,) = re.findall("<button[^>]*>", shown)
    assert "hidden" not in button
    assert 'data-copy="https://news.example.org/feeds/all.rss"' in button


async def test_a_newsletters_feed_shows_its_issues(
    site: Site, desk: Desk, serving: Serving
) -> None:
    await desk.bring("ana", title="The story of ana")
    await desk.join("ana")
    await desk.issue_now()
    press = builders.press(desk, builders.feed(), newsletters=(desk.newsletter,))
    client = await serving(replace(site, press=press))

    response = await client.get("/feeds/issues/digest")

    assert 'href="https://news.example.org/newsletters/digest/issues/1"' in response.text
    assert "https://news.example.org/feeds/issues/digest.rss" in response.text
    assert "https://news.example.org/articles/the-story-of-ana" not in response.text


async def test_every_page_leads_readers_to_the_feeds_that_belong_to_it(
    site: Site, desk: Desk, serving: Serving
) -> None:
    await desk.bring("ana", title="The story of ana", tags=("labour",))
    await desk.join("ana")
    await desk.issue_now()
    feeds = [
        builders.feed(slug=slug, formats=(Format.ATOM,)) for slug in ("main", "second", "ended")
    ]
    feeds[2] = replace(feeds[2], is_retired=True)
    press = builders.press(
        desk,
        *feeds,
        newsletters=(desk.newsletter,),
        automatic=replace(builders.AUTOMATIC, kinds=(TermKind.TAG,), formats=(Format.JSON,)),
    )
    client = await serving(replace(site, press=press))
    main = [
        ("application/atom+xml", f"https://news.example.org/feeds/{slug}.atom")
        for slug in ("main", "second")
    ]
    issues = [
        (media_type, f"https://news.example.org/feeds/issues/digest.{format}")
        for media_type, format in (
            ("application/rss+xml", "rss"),
            ("application/atom+xml", "atom"),
            ("application/feed+json", "json"),
        )
    ]
    expected = {
        "/": main,
        "/articles/the-story-of-ana": main,
        "/newsletters/digest": issues + main,
        "/feeds/second": main[1:],
        "/feeds/tag/labour": [
            ("application/feed+json", "https://news.example.org/feeds/tag/labour.json")
        ],
        "/feeds/none": main,
        "/nowhere": main,
    }

    found = {path: await client.get(path) for path in expected}

    assert expected == {path: LINK.findall(response.text) for path, response in found.items()}
    assert all('href="/feeds.opml"' in response.text for response in found.values())


async def test_a_newsletter_without_an_issue_has_no_feed_yet(
    site: Site, desk: Desk, serving: Serving
) -> None:
    press = builders.press(desk, newsletters=(desk.newsletter,))
    client = await serving(replace(site, press=press))

    response = await client.get("/newsletters/digest")

    assert LINK.findall(response.text) == []
