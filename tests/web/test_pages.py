"""Home, feeds for people, and articles that have no page elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest

from publisher.model import ArticleState
from publisher.store import articles
from tests.rig.desk import Desk

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src * data:; media-src *; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


async def test_home_shows_what_is_published_and_leads_readers_to_the_feeds(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    await desk.bring("ana", title="The story of ana")

    response = await client.get("/")

    assert response.status_code == 200
    assert "The story of ana" in response.text
    assert 'href="/newsletters/digest"' in response.text
    for media_type, format in (
        ("application/rss+xml", "rss"),
        ("application/atom+xml", "atom"),
        ("application/feed+json", "json"),
    ):
        url = f"https://news.example.org/feeds/all.{format}"
        assert re.search(
            f'<link rel="alternate" type="{re.escape(media_type)}" [^>]*href="{url}">',
            response.text,
        )


async def test_an_article_without_a_page_elsewhere_has_one_here(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    await desk.bring("ana", title="The story of ana")

    response = await client.get("/articles/the-story-of-ana")

    assert response.status_code == 200
    assert "<p>It happened to ana on the quay.</p>" in response.text
    assert 'href="https://news.example.org/articles/the-story-of-ana"' in response.text


async def test_an_article_with_a_page_elsewhere_leads_there(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    await desk.bring("ana", title="The story of ana", url="https://paper.example/2026/ana?page=1")

    response = await client.get("/articles/the-story-of-ana")

    assert (response.status_code, response.headers["Location"]) == (
        301,
        "https://paper.example/2026/ana?page=1",
    )


@pytest.mark.parametrize("state", [ArticleState.WITHDRAWN, ArticleState.HELD])
async def test_an_article_that_was_taken_back_is_gone(
    desk: Desk, client: httpx.AsyncClient, state: ArticleState
) -> None:
    await desk.bring("ana", title="The story of ana", url="https://paper.example/2026/ana")
    async with desk.store.write() as connection:
        await articles.set_state(connection, "the-story-of-ana", state, desk.clock())

    response = await client.get("/articles/the-story-of-ana")

    assert response.status_code == 410
    assert "ana" not in response.text


async def test_an_article_dated_ahead_is_not_out_before_its_time(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    await desk.bring(
        "ana", title="The story of ana", published=datetime(2026, 11, 23, 7, tzinfo=UTC)
    )
    early = await client.get("/articles/the-story-of-ana")
    desk.clock.advance(hours=1)

    in_time = await client.get("/articles/the-story-of-ana")

    assert (404, 200) == (early.status_code, in_time.status_code)


async def test_every_page_forbids_scripts_frames_and_referrers(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    await desk.bring("ana", title="The story of ana")
    paths = ["/", "/feeds/none", "/articles/the-story-of-ana", "/newsletters/digest", "/nowhere"]

    for path in paths:
        response = await client.get(path)

        assert response.headers["Content-Security-Policy"] == POLICY, path
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "Set-Cookie" not in response.headers
        assert "Server" not in response.headers


async def test_links_never_follow_the_host_header(desk: Desk, client: httpx.AsyncClient) -> None:
    await desk.bring("ana", title="The story of ana")
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}

    for path in ("/", "/feeds/all", "/feeds/all/", "/articles/the-story-of-ana", "/nowhere"):
        response = await client.get(path, headers=forged)

        assert "evil.example" not in response.text + str(response.headers), path
