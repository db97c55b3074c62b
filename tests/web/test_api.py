"""Handing articles over, changing them and taking them back, over the wire."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hmac import compare_digest
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from structlog.testing import capture_logs

from publisher.app import App
from publisher.model import Article, ArticleState, Enclosure, Person
from publisher.service import site_for
from publisher.store import articles
from publisher.store.engine import connect
from publisher.web.api import entry
from publisher.web.site import Site
from tests.rig.databases import KINDS
from tests.rig.pushing import OTHER_TOKEN, TOKEN
from tests.web.conftest import Serving

ARTICLES = "/api/v1/articles"
FROST: dict[str, Any] = {"guid": "frost", "title": "First frost", "html": "<p>It froze.</p>"}
TAKEN = {
    "guid": "frost",
    "slug": "first-frost",
    "url": "https://news.example.org/articles/first-frost",
    "state": "new",
}


async def only_article(app: App) -> Article:
    async with app.store.read() as connection:
        (article,) = [each async for each in articles.listing(connection)]
    return article


def without_guid(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (FROST | changes).items() if name != "guid"}


# --- taking in


async def test_new_article_is_created(api: httpx.AsyncClient, press: App) -> None:
    response = await api.post(ARTICLES, json=FROST)

    assert (response.status_code, response.json()) == (201, TAKEN)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Location"] == f"https://news.example.org{ARTICLES}/frost"
    assert response.headers["Cache-Control"] == "no-store"
    article = await only_article(press)
    assert (article.source, article.html) == ("press", "<p>It froze.</p>")


async def test_posted_again_it_is_unchanged_or_changed(api: httpx.AsyncClient) -> None:
    await api.post(ARTICLES, json=FROST)

    same = await api.post(ARTICLES, json=FROST)
    edited = await api.post(ARTICLES, json=FROST | {"title": "Late frost"})

    assert (same.status_code, same.json()) == (200, TAKEN | {"state": "unchanged"})
    assert (edited.status_code, edited.json()) == (200, TAKEN | {"state": "changed"})
    assert "Location" not in same.headers


async def test_put_creates_and_changes(api: httpx.AsyncClient, press: App) -> None:
    created = await api.put(f"{ARTICLES}/frost", json=without_guid())
    changed = await api.put(f"{ARTICLES}/frost", json=FROST | {"title": "Late frost"})

    assert (created.status_code, created.json()) == (201, TAKEN)
    assert (changed.status_code, changed.json()["state"]) == (200, "changed")
    assert (await only_article(press)).title == "Late frost"


async def test_deleted_article_has_gone_until_it_is_put_again(
    api: httpx.AsyncClient, press: App
) -> None:
    await api.post(ARTICLES, json=FROST)

    deleted = await api.delete(f"{ARTICLES}/frost")
    gone = await only_article(press)
    again = await api.delete(f"{ARTICLES}/frost")
    back = await api.put(f"{ARTICLES}/frost", json=without_guid())

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert gone.state is ArticleState.WITHDRAWN
    assert again.status_code == 404
    assert (back.status_code, back.json()) == (201, TAKEN)
    assert (await only_article(press)).state is ArticleState.LIVE


@pytest.mark.parametrize(
    "guid",
    [
        "https://example.org/2026/frost?a=b&c=%20#part",
        "a//b/",
        "/",
        "100% sure; ../../etc",
        "霜と初雪",
        "x" * 2000,
    ],
)
async def test_guid_in_a_path_is_percent_encoded(
    api: httpx.AsyncClient, press: App, guid: str
) -> None:
    path = f"{ARTICLES}/{quote(guid, safe='')}"

    created = await api.put(path, json=without_guid())
    changed = await api.post(ARTICLES, json=FROST | {"guid": guid, "title": "Late frost"})
    article = await only_article(press)
    deleted = await api.delete(path)

    assert created.headers["Location"] == f"https://news.example.org{path}"
    assert [created.status_code, changed.status_code, deleted.status_code] == [201, 200, 204]
    assert article.guid == guid


async def test_every_field_is_taken_over(api: httpx.AsyncClient, press: App) -> None:
    said = {
        "guid": "frost",
        "title": "First frost",
        "markdown": "It *froze*.",
        "summary": "Cold.",
        "url": "https://example.org/frost",
        "slug": "cold-night",
        "authors": ["Ana Lima", {"name": "Bo", "email": "bo@example.org"}],
        "contributors": [{"name": "Cy", "url": "https://example.org/cy"}],
        "tags": ["weather", "lake"],
        "section": "Nature",
        "published": "2026-11-23T07:30:00+08:00",
        "updated": "2026-11-23 09:00",
        "language": "en-GB",
        "image": "https://example.org/frost.jpg",
        "enclosures": [
            {"url": "https://example.org/frost.mp3", "type": "audio/mpeg", "length": 12}
        ],
        "weight": 10,
        "pinned": True,
    }

    response = await api.post(ARTICLES, json=said)

    assert (response.status_code, response.json()["url"]) == (201, "https://example.org/frost")
    article = await only_article(press)
    assert (article.html.strip(), article.summary) == ("<p>It <em>froze</em>.</p>", "Cold.")
    assert (article.slug, article.section, article.tags) == (
        "cold-night", "Nature", ("weather", "lake"),
    )  # fmt: skip
    assert article.authors == (Person(name="Ana Lima"), Person(name="Bo", email="bo@example.org"))
    assert article.contributors == (Person(name="Cy", url="https://example.org/cy"),)
    assert article.published == datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert article.updated == datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # by the publication's clock
    assert (article.language, article.image) == ("en-GB", "https://example.org/frost.jpg")
    assert article.enclosures == (
        Enclosure(url="https://example.org/frost.mp3", media_type="audio/mpeg", length_bytes=12),
    )
    assert (article.weight, article.pinned) == (10, True)


@pytest.mark.parametrize(
    ("said", "title", "html"),
    [
        ({"title": 'A: "b" \\ c', "markdown": "---\n\nIt."}, 'A: "b" \\ c', "<hr>\n<p>It.</p>"),
        ({"title": "霜 ❄ 🥶", "markdown": "It."}, "霜 ❄ 🥶", "<p>It.</p>"),
        ({"title": "Frost", "markdown": "# Frost\n\nIt."}, "Frost", "<p>It.</p>"),
        ({"title": "Frost", "markdown": "It.\n\n# A\n"}, "Frost", "<p>It.</p>\n<h1>A</h1>"),
        ({"markdown": "# Frost\n\nIt."}, "Frost", "<p>It.</p>"),
        (
            {"text": "One\ntwo.\n\n<b> & more."},
            "One two. <b> & more.",
            "<p>One\ntwo.</p>\n<p>&lt;b&gt; &amp; more.</p>",
        ),
        ({"text": "One.\nTwo."}, "One. Two.", "<p>One.</p>\n<p>Two.</p>"),
        ({"title": "Frost", "url": "https://example.org/frost"}, "Frost", ""),
        ({"title": "Frost", "html": "<p id=a>I<script>b</script>t.</p>"}, "Frost", "<p>It.</p>"),
    ],
)
async def test_text_is_html_markdown_or_plain(
    api: httpx.AsyncClient, press: App, said: dict[str, str], title: str, html: str
) -> None:
    response = await api.put(f"{ARTICLES}/frost", json=said)

    assert response.status_code == 201
    article = await only_article(press)
    assert (article.title, article.html.strip()) == (title, html)


# --- who may


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        ("", 'Bearer realm="articles"'),
        (f"Basic {TOKEN}", 'Bearer realm="articles"'),
        (TOKEN, 'Bearer realm="articles"'),
        ("Bearer", 'Bearer realm="articles", error="invalid_token"'),
        (f"Bearer {TOKEN}x", 'Bearer realm="articles", error="invalid_token"'),
        (f"Bearer {TOKEN[:-1]}", 'Bearer realm="articles", error="invalid_token"'),
        (f"Bearer {TOKEN.upper()}", 'Bearer realm="articles", error="invalid_token"'),
        ("Bearer ü", 'Bearer realm="articles", error="invalid_token"'),
    ],
)
async def test_without_a_token_nothing_is_done(
    api: httpx.AsyncClient, press: App, header: str, challenge: str
) -> None:
    headers = {b"Authorization": header.encode()}

    answers = [
        await api.post(ARTICLES, json=FROST, headers=headers),
        await api.post(ARTICLES, content=b"no JSON", headers=headers),
        await api.put(f"{ARTICLES}/frost", json=FROST, headers=headers),
        await api.delete(f"{ARTICLES}/frost", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {challenge}
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}
    async with press.store.read() as connection:
        assert [each async for each in articles.listing(connection)] == []


async def test_token_says_which_source_an_article_is_for(
    api: httpx.AsyncClient, press: App
) -> None:
    theirs = {"Authorization": f"bearer  {OTHER_TOKEN}"}
    await api.post(ARTICLES, json=FROST, headers=theirs)

    not_ours = await api.delete(f"{ARTICLES}/frost")

    assert not_ours.status_code == 404
    assert (await only_article(press)).source == "agency"


async def test_every_token_is_compared_in_constant_time(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, right: bytes) -> bool:
        compared.append((given, right))
        return compare_digest(given, right)

    monkeypatch.setattr(entry, "compare_digest", compare)

    await api.post(ARTICLES, json=FROST)

    assert compared == [
        (TOKEN.encode(), TOKEN.encode()),
        (TOKEN.encode(), OTHER_TOKEN.encode()),
    ]


async def test_no_log_shows_a_token(api: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        await api.post(ARTICLES, json=FROST)
        await api.post(ARTICLES, json=FROST, headers={"Authorization": "Bearer mistyped-token"})
        await api.delete(f"{ARTICLES}/frost")

    told = [(each["event"], each.get("state")) for each in logs if each["log_level"] == "info"]
    assert told == [("article pushed", "new"), ("article taken back", None)]
    assert TOKEN not in str(logs)
    assert "mistyped-token" not in str(logs)


# --- where


async def test_articles_are_taken_only_where_a_source_takes_pushes(
    site: Site, serving: Serving
) -> None:
    client = await serving(site)

    answers = [
        await client.post(ARTICLES, json=FROST, headers={"Authorization": f"Bearer {TOKEN}"}),
        await client.put(f"{ARTICLES}/frost", json=FROST),
        await client.delete(f"{ARTICLES}/frost"),
    ]
    document = (await client.get("/api/v1/openapi.json")).json()

    assert [answer.status_code for answer in answers] == [404] * 3
    assert ARTICLES not in document["paths"]
    assert "Article" not in document["components"]["schemas"]
    assert "allotments" not in (await client.get("/api/v1/")).text


async def test_other_methods_are_refused(api: httpx.AsyncClient) -> None:
    allowed = {
        "/api/v1": {"GET", "HEAD"},
        "/api/v1/": {"GET", "HEAD"},
        "/api/v1/openapi.json": {"GET", "HEAD"},
        ARTICLES: {"POST"},
        f"{ARTICLES}/frost": {"PUT", "DELETE"},
    }

    for path, methods in allowed.items():
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - methods:
            response = await api.request(method, path)

            assert response.status_code == 405, (method, path)
            assert set(response.headers["Allow"].split(", ")) == methods


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", f"{ARTICLES}/", f"{ARTICLES}/%00", f"{ARTICLES}/none"]
)
async def test_what_is_not_there_is_a_problem(api: httpx.AsyncClient, path: str) -> None:
    response = await api.delete(path)

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["title"] == "Not Found"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("guid", ["%00", "a%0Ab", "%EE%83%B0", "x" * 9000])
async def test_guid_that_no_article_can_have_is_not_there(
    api: httpx.AsyncClient, kind: str, guid: str
) -> None:
    deleted = await api.delete(f"{ARTICLES}/{guid}")
    put = await api.put(f"{ARTICLES}/{guid}", json=without_guid())

    assert deleted.status_code == 404
    assert put.status_code in (404, 422)  # the router knows no path with a line end in it


async def test_store_that_cannot_be_written_is_a_problem(
    press: App, serving: Serving, tmp_path: Path
) -> None:
    missing = connect(f"sqlite:///{tmp_path}/none/publisher.db")
    closed = replace(press, store=missing, sources=replace(press.sources, store=missing))
    client = await serving(site_for(closed, capture=False))

    with capture_logs():
        response = await client.post(
            ARTICLES, json=FROST, headers={"Authorization": f"Bearer {TOKEN}"}
        )
    await missing.close()

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert response.json()["status"] == 503
