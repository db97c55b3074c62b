"""How the kind ``web`` behaves as a guest: robots.txt, pauses, and where it does not go."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from publisher.errors import SourceError
from publisher.fetch import user_agent
from tests.rig.web import Page, WebRig
from tests.sources.examples.web import PUBLICATION, Site, reasons


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with WebRig() as rig:
        yield Site(rig)


def robots(site: Site, rules: str) -> None:
    site.rig.pages["/robots.txt"] = Page(body=rules)


async def test_robots_txt_is_asked_first_and_once(site: Site) -> None:
    site.page("/a")
    site.sitemap("/a")

    await site.tell()

    assert site.rig.targets == ["/robots.txt", "/sitemap.xml", "/a"]
    assert {asked.headers["user-agent"] for asked in site.rig.requests} == {
        user_agent(PUBLICATION.base_url)
    }


@pytest.mark.parametrize(
    "rules",
    [
        "User-agent: *\nDisallow: /b",
        "User-agent: publisher\nDisallow: /b*\n\nUser-agent: *\nAllow:/",
    ],
)
async def test_forbidden_page_is_passed_over_and_takes_nobodys_place(
    rules: str, site: Site
) -> None:
    site.page("/a")
    site.page("/b")
    site.sitemap("/b", "/a")
    robots(site, rules)

    told = await site.tell(max_pages=1)

    assert [one.origin for one in told] == [f"{site.url}/a"]
    assert "/b" not in site.asked


async def test_rules_for_other_programs_are_not_ours(site: Site) -> None:
    site.page("/a")
    site.sitemap("/a")
    robots(site, "User-agent: otherbot\nDisallow: /\n\nUser-agent: publisher\nAllow: /")

    assert site.paths(await site.tell()) == ["/a"]


async def test_page_that_leads_to_a_forbidden_one_is_refused(site: Site) -> None:
    site.page("/b")
    site.rig.pages["/a"] = Page(status=301, headers={"Location": "/b"})
    site.sitemap("/a")
    robots(site, "User-agent: *\nDisallow: /b")

    assert reasons(await site.tell()) == [
        f"it leads to {site.url}/b, which robots.txt forbids to read"
    ]


async def test_forbidden_sitemap_is_an_error(site: Site) -> None:
    site.sitemap("/a")
    robots(site, "User-agent: *\nDisallow: /")

    with pytest.raises(SourceError, match=re.escape('site to allow "Publisher"')):
        await site.tell()

    assert site.rig.targets == ["/robots.txt"]


async def test_forbidden_further_sitemap_is_told(site: Site) -> None:
    site.page("/a")
    site.index("/1.xml", "/2.xml")
    site.sitemap("/a", at="/1.xml")
    robots(site, "User-agent: *\nDisallow: /2.xml")

    assert reasons(await site.tell()) == ["robots.txt asks programs not to read it"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_without_robots_txt_everything_may_be_read(status: int, site: Site) -> None:
    site.page("/a")
    site.sitemap("/a")
    site.rig.pages["/robots.txt"] = Page(body="User-agent: *\nDisallow: /", status=status)

    assert site.paths(await site.tell()) == ["/a"]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_nothing_may_be_read_while_robots_txt_cannot_be(status: int, site: Site) -> None:
    site.page("/a")
    site.sitemap("/a")
    site.rig.pages["/robots.txt"] = Page(status=status)

    with pytest.raises(SourceError, match=f"robots.txt answers {status}"):
        await site.tell()

    assert site.rig.targets == ["/robots.txt"]


async def test_site_that_cannot_be_reached_is_an_error(site: Site) -> None:
    with pytest.raises(SourceError, match=r'source "site": http://127\.0\.0\.1:1/robots\.txt'):
        await site.tell(sitemap="http://127.0.0.1:1/sitemap.xml")


async def test_robots_txt_that_is_no_text_forbids_nothing(site: Site) -> None:
    site.page("/a")
    site.sitemap("/a")
    site.rig.pages["/robots.txt"] = Page(body=bytes(range(256)) * 4000)

    assert site.paths(await site.tell()) == ["/a"]


async def test_private_address_is_not_asked_unless_it_is_meant(site: Site) -> None:
    with pytest.raises(SourceError, match="allow_private"):
        await site.tell(allow_private=False)

    assert site.rig.targets == []


@pytest.mark.parametrize(
    ("rules", "delay", "waits"),
    [
        ("", "1s", 1.0),
        ("", "0s", 0.0),
        ("User-agent: *\nCrawl-delay: 5", "1s", 5.0),
        ("User-agent: *\nCrawl-delay: 5", "10s", 10.0),
        ("User-agent: *\nCrawl-delay: 3600", "1s", 30.0),
        ("User-agent: *\nCrawl-delay: soon", "1s", 1.0),
    ],
)
async def test_requests_are_kept_apart(rules: str, delay: str, waits: float, site: Site) -> None:
    site.page("/a")
    site.sitemap("/a")
    robots(site, rules)

    await site.tell(delay=delay)

    assert site.slept == [waits, waits]
