"""The router table as a whole, the probes, and what is told when something fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from publisher.render import Templates
from publisher.store.engine import connect
from publisher.tokens import Purpose
from publisher.web.edge import shortened
from publisher.web.site import Site
from tests.rig.desk import Desk
from tests.web.conftest import Publishing, Serving

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


async def test_every_route_answers_its_methods_and_refuses_the_others(
    site: Site, desk: Desk, serving: Serving, built: Publishing, tmp_path: Path
) -> None:
    await desk.bring("ana", title="The story of ana")
    active = await desk.join("ana")
    await desk.issue_now()
    await built()
    client = await serving(replace(site, caught=tmp_path))
    preferences = f"/preferences/{site.tokens.sign(Purpose.PREFERENCES, active)}"
    reads = [
        "/",
        "/feeds/all",
        "/feeds/all.rss",
        "/feeds/all.atom",
        "/feeds/all.json",
        "/articles/the-story-of-ana",
        "/newsletters/digest",
        "/newsletters/digest/form",
        "/newsletters/digest/embed",
        "/newsletters/digest/issues/1",
        "/caught",
        "/caught/",
        "/healthz",
        "/readyz",
        "/robots.txt",
        "/sitemap.xml",
        "/feeds.opml",
        "/feeds.css",
    ]
    acts = [
        f"/confirm/{site.tokens.sign(Purpose.CONFIRM, active)}",
        f"/u/{site.tokens.sign(Purpose.UNSUBSCRIBE, active)}",
    ]
    expected = {
        **{(path, method): 200 for path in reads for method in ("GET", "HEAD")},
        **{(path, method): 200 for path in acts for method in ("GET", "HEAD", "POST")},
        **{
            (path, "OPTIONS"): 204
            for path in reads
            if path.startswith("/feeds") and "css" not in path
        },
        **{("/favicon.ico", method): 204 for method in ("GET", "HEAD")},
        **{(preferences, method): 200 for method in ("GET", "HEAD")},
        (preferences, "POST"): 400,  # no cadence is chosen
        # Nobody is named.
        **{(path, "POST"): 422 for path in ("/newsletters/digest", "/newsletters/digest/form")},
    }

    for path in (*reads, *acts, preferences, "/favicon.ico"):
        allowed = {method for method in METHODS if (path, method) in expected}
        for method in METHODS:
            response = await client.request(method, path)

            assert response.status_code == expected.get((path, method), 405), (method, path)
            if response.status_code == 405:
                assert set(response.headers["Allow"].split(", ")) == allowed


NOWHERE = [
    "/nowhere",
    "/feeds/all/",
    "/feeds/",
    "/FEEDS/all",
    "//feeds/all",
    "/feeds/other",
    "/articles/none",
    "/articles/%00",
    "/articles/..%2f..%2fetc%2fpasswd",
    "/newsletters/other",
    "/newsletters/digest/",
    "/newsletters/digest/pages/",
    "/newsletters/digest/pages/1",
    "/newsletters/digest/pages/2",
    "/newsletters/digest/pages/9999999999",
    "/newsletters/other/pages/2",
    "/sitemaps/1.xml",
    "/sitemaps/0.xml",
    "/sitemaps/x.xml",
    "/u/",
    "/u/a/b",
    "/caught",
    "/caught/1",
    "/caught/1.eml",
    "/caught/1/html",
    "/admin/",
]


async def test_any_other_address_is_not_found(client: httpx.AsyncClient) -> None:
    found = {path: await client.get(f"{client.base_url}{path}") for path in NOWHERE}

    assert {
        path: (each.status_code, "There is nothing here" in each.text)
        for path, each in found.items()
    } == dict.fromkeys(NOWHERE, (404, True))


async def test_robots_stay_away_from_what_is_one_persons(client: httpx.AsyncClient) -> None:
    response = await client.get("/robots.txt")

    assert response.text == (
        "User-agent: *\nDisallow: /u/\nDisallow: /confirm/\nDisallow: /preferences/\n"
        "Disallow: /websub/\nDisallow: /caught\n\nSitemap: https://news.example.org/sitemap.xml\n"
    )


async def test_a_store_that_cannot_be_read_is_told_shortly(
    site: Site, serving: Serving, tmp_path: Path
) -> None:
    missing = connect(f"sqlite:///{tmp_path}/none/publisher.db")
    client = await serving(replace(site, store=missing))
    token = site.tokens.sign(Purpose.UNSUBSCRIBE, 1)

    with capture_logs() as logs:
        answers = [
            await client.get("/readyz"),
            await client.get("/"),
            await client.get("/feeds/all.rss"),
            await client.post(f"/u/{token}"),
        ]
    alive = await client.get("/healthz")

    assert [answer.status_code for answer in answers] == [503] * 4
    assert {answer.text for answer in answers} == {
        "The site cannot be read at the moment. Try again shortly.\n"
    }
    assert {answer.headers["Retry-After"] for answer in answers} == {"30"}
    assert alive.status_code == 200
    told = [entry for entry in logs if entry["event"] == "store not available"]
    assert [entry["path"] for entry in told] == ["/readyz", "/", "/feeds/all.rss", "/u/…"]
    assert token not in str(logs)
    await missing.close()


async def test_an_error_that_nobody_foresaw_is_logged_and_told_to_nobody(
    site: Site, serving: Serving, tmp_path: Path
) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "home.html").write_text("{{ secret_of_the_template }}")
    client = await serving(replace(site, templates=Templates(tmp_path)))

    with capture_logs() as logs:
        response = await client.get("/")

    assert (response.status_code, response.text) == (500, "Something went wrong here.\n")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert [entry["path"] for entry in logs if entry["event"] == "request failed"] == ["/"]


async def test_the_log_names_no_token(site: Site, desk: Desk, client: httpx.AsyncClient) -> None:
    token = site.tokens.sign(Purpose.UNSUBSCRIBE, await desk.join("ana"))

    with capture_logs() as logs:
        await client.get(f"/u/{token}")
        await client.get(f"/confirm/{token}?{token}")
        await client.get(f"{client.base_url}//U/{token}")

    requests = [entry for entry in logs if entry["event"] == "request"]
    assert [(entry["path"], entry["status"]) for entry in requests] == [
        ("/u/…", 200),
        ("/confirm/…", 400),
        ("//U/…", 404),
    ]
    assert token not in str(logs)


def test_other_paths_are_logged_whole() -> None:
    assert shortened("/feeds/all.rss") == "/feeds/all.rss"
    assert shortened("/api/v1/subscribers") == "/api/v1/subscribers"


@pytest.mark.parametrize("what", ["subscribers", "suppressions"])
def test_addresses_of_people_are_in_no_log(what: str) -> None:
    assert shortened(f"/api/v1/{what}/ann@example.org/export") == f"/api/v1/{what}/…"
