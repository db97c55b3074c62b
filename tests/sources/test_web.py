"""How the kind ``web`` finds a site's pages and what it tells of them."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from publisher.errors import SourceError
from publisher.model import Person, Rejection, SourceArticle, Unchanged
from publisher.ports import Visit
from publisher.sources.web import Settings
from tests.rig.visits import NOON
from tests.rig.web import Page, WebRig
from tests.sources.examples.web import HTML, Site, reasons, stamps


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with WebRig() as rig:
        yield Site(rig)


# --- settings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "give either sitemap or index, one of the two"),
        ({"sitemap": "https://a.org/s", "index": "https://a.org/", "links": "a"}, "give either"),
        ({"index": "https://a.org/"}, "index needs links, which says which of the links are"),
        ({"sitemap": "/sitemap.xml"}, '"/sitemap.xml" is no http or https URL'),
        ({"sitemap": "ftp://a.org/"}, "is no http or https URL without user and password"),
        (
            {"sitemap": "https://me:secret@a.org/"},
            "is no http or https URL without user and password",
        ),
        ({"sitemap": "https://a.org/", "links": "a("}, 'a(" is no regular expression: missing'),
        ({"sitemap": "https://a.org/", "links": "a" * 501}, "is longer than 500 characters"),
        ({"sitemap": "https://a.org/", "links": 1}, "is not text in quotes"),
        (
            {"sitemap": "https://a.org/", "hosts": ["https://b.org"]},
            "is no host name such as blog.example.org",
        ),
        ({"sitemap": "https://a.org/", "max_pages": 0}, "greater than or equal to 1"),
        ({"sitemap": "https://a.org/", "delay": 1}, "is not text in quotes"),
    ],
)
def test_settings_are_refused_with_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        Settings.model_validate(settings)


def test_index_may_be_one_page_or_several() -> None:
    one = Settings.model_validate({"index": "https://a.org/", "links": "b"})
    several = Settings.model_validate({"index": ["https://a.org/", "https://a.org/b"], "links": ""})

    assert one.index == ("https://a.org/",)
    assert several.index == ("https://a.org/", "https://a.org/b")


# --- what an article says -------------------------------------------------------------------


async def test_page_is_told_with_all_that_it_says(site: Site) -> None:
    head = """<link rel="canonical" href="/frost"><meta property="og:title" content="Frost">
    <meta property="og:image" content="/ice.jpg"><meta name="author" content="Ann Lee">
    <meta property="article:section" content="City"><meta name="keywords" content="ice, lake">
    <meta property="article:published_time" content="2026-11-20T08:00:00Z">
    <meta name="description" content="It froze.">"""
    site.page("/frost", "The lake froze.", head)
    site.rig.pages["/frost?print"] = site.rig.pages["/frost"]
    site.sitemap("/frost?print")

    (article,) = await site.tell()

    assert article == SourceArticle(
        guid=f"{site.url}/frost",
        origin=f"{site.url}/frost?print",
        stamp=stamps([article])[article.origin],
        title="Frost",
        html="<p>The lake froze.</p>",
        summary="It froze.",
        url=f"{site.url}/frost",
        base=f"{site.url}/frost?print",
        authors=(Person(name="Ann Lee"),),
        tags=("ice", "lake"),
        section="City",
        published=datetime(2026, 11, 20, 8, tzinfo=UTC),
        image=f"{site.url}/ice.jpg",
    )


@pytest.mark.parametrize("canonical", ["", "https://example.com/a", "/", "http://[::1"])
async def test_address_is_the_guid_where_no_canonical_one_can_be_believed(
    canonical: str, site: Site
) -> None:
    site.page("/a", head=f'<link rel="canonical" href="{canonical}">')
    site.sitemap("/a")

    (article,) = await site.tell()

    assert isinstance(article, SourceArticle)
    assert (article.guid, article.url) == (f"{site.url}/a", f"{site.url}/a")


async def test_news_sitemap_says_what_the_page_does_not(site: Site) -> None:
    site.rig.pages["/a"] = Page(body="<html><body><p>Text.</p></body></html>", headers=HTML)
    site.rig.pages["/sitemap.xml"] = Page(
        body=f"""<urlset xmlns:n="n" xmlns:i="i"><url><loc>{site.url}/a</loc><n:news>
        <n:publication><n:language>de</n:language></n:publication><n:title>Frost</n:title>
        <n:publication_date>2026-11-20T08:00Z</n:publication_date><n:keywords>ice</n:keywords>
        </n:news><i:image><i:loc>{site.url}/i.jpg</i:loc></i:image></url></urlset>"""
    )

    (article,) = await site.tell()

    assert isinstance(article, SourceArticle)
    assert (article.title, article.language, article.tags) == ("Frost", "de", ("ice",))
    assert article.published == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert article.image == f"{site.url}/i.jpg"


@pytest.mark.parametrize(
    ("content_type", "encoding", "text"),
    [
        ("text/html; charset=iso-8859-2", "iso-8859-2", "Żółw śpi."),
        ('text/html; CHARSET="koi8-r"', "koi8_r", "Лёд."),
        ("text/html; charset=iso-8859-1", "cp1252", "\u201cCafé\u201d"),
        ("text/html; charset=iso-8859-1", "utf-8", "Café."),
        ("text/html; charset=nonsense", "utf-8", "Café."),
        ("text/html; charset=nonsense", "cp1252", "Café."),
        ("text/html; charset=base64", "cp1252", "Café."),
        ("application/xhtml+xml", "utf-8", "Café."),
    ],
)
async def test_page_is_decoded_as_its_server_says_if_that_can_be(
    content_type: str, encoding: str, text: str, site: Site
) -> None:
    body = f"<html><title>T</title><body><p>{text}</p></body></html>".encode(encoding)
    site.rig.pages["/a"] = Page(body=body, headers={"Content-Type": content_type})
    site.sitemap("/a")

    (article,) = await site.tell()

    assert isinstance(article, SourceArticle)
    assert article.html == f"<p>{text}</p>"


LONG = "x" * 301


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (Page(body=b"%PDF", headers={"Content-Type": "application/pdf"}),
         "it is application/pdf, no HTML page"),
        (Page(body=b"", headers=HTML), "the HTML holds no text"),
        (Page(body="<html><body><p>Text.</p></body></html>", headers=HTML), "there is no title"),
        (Page(body="<html><title>T</title><body><img src=a></body></html>", headers=HTML),
         "no text is found on the page"),
        (Page(body=f"<html><title>{LONG}</title><body><p>Text.</p></body></html>", headers=HTML),
         "the title is 301 characters long, at most 300 are allowed"),
        (Page(body=b"<html>\x00\xff", headers=HTML), "the file is binary, not text"),
        (Page(body="<html>" + "<div>" * 1000, headers=HTML),
         "the HTML is nested more than 250 levels deep"),
        (Page(body=b"<p>" + b"x" * (10 * 1024 * 1024), headers=HTML),
         "it is 10.0 MB large; at most 10 MB are read"),
        (Page(body='<html><meta name="robots" content="noindex"><p>Text.</p></html>', headers=HTML),
         "the page asks not to be shown elsewhere (robots: noindex)"),
        (Page(body="<html><title>T</title><p>Text.</p></html>",
              headers={**HTML, "X-Robots-Tag": "noindex, nofollow"}),
         "the page asks not to be shown elsewhere (robots: noindex)"),
        (Page(status=404), "the server answers 404"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lastmod", ["", "2026-11-20"])
async def test_page_that_is_no_article_is_refused_until_it_changes(
    page: Page, reason: str, lastmod: str, site: Site
) -> None:
    site.rig.pages["/a"] = page
    site.sitemap(("/a", lastmod))

    told = await site.tell()

    assert reasons(told) == [reason]
    assert await site.tell(stamps(told)) == [Unchanged(origin=f"{site.url}/a")]


async def test_page_that_leads_to_another_host_is_refused(site: Site) -> None:
    goal = f"http://localhost:{site.rig.port}/b"
    site.page("/b")
    site.rig.pages["/a"] = Page(status=302, headers={"Location": goal})
    site.sitemap("/a")

    assert reasons(await site.tell()) == [
        f"it leads to {goal}, on another host; name that in hosts if it is meant"
    ]


async def test_further_address_of_a_listed_page_is_refused(site: Site) -> None:
    site.page("/a")
    site.page("/amp", head='<link rel="canonical" href="/a">')
    site.sitemap("/amp", "/a")

    told = await site.tell()

    assert site.paths(told) == ["/a"]
    assert reasons(told) == [f"it is another address of {site.url}/a, which is listed itself"]


async def test_two_pages_with_one_canonical_address_are_one_article(site: Site) -> None:
    site.page("/amp", head='<link rel="canonical" href="/a">')
    site.page("/print", head='<link rel="canonical" href="/a">')
    site.sitemap("/amp", "/print")

    told = await site.tell()

    assert site.paths(told) == ["/amp"]
    assert reasons(told) == [f"its canonical address {site.url}/a is another page's as well"]


# --- which pages ----------------------------------------------------------------------------


async def test_sitemaps_are_followed_and_pages_told_newest_first(site: Site) -> None:
    for path in "abcd":
        site.page(f"/{path}")
    site.index("/1.xml", "/2.xml.gz")
    site.sitemap("/c", ("/a", "2026-11-01"), "/d", at="/1.xml")
    site.rig.pages["/2.xml.gz"] = Page(
        body=gzip.compress(site.urlset(("/b", "2026-11-02"), "/a").encode()),
        headers={"Content-Type": "application/gzip"},
    )

    assert site.paths(await site.tell()) == ["/b", "/a", "/c", "/d"]


async def test_sitemaps_are_followed_three_levels_deep(site: Site) -> None:
    for n in range(2, 5):
        site.page(f"/{n}")
        site.index(f"/{n + 1}.xml", f"/pages{n}.xml", at="/sitemap.xml" if n == 2 else f"/{n}.xml")
        site.sitemap(f"/{n}", at=f"/pages{n}.xml")

    assert site.paths(await site.tell()) == ["/2", "/3"]


async def test_sitemaps_that_name_each_other_are_read_once(site: Site) -> None:
    site.page("/a")
    site.index("/1.xml", "/sitemap.xml", "/1.xml")
    site.sitemap("/a", at="/1.xml")

    await site.tell()

    assert site.asked == ["/sitemap.xml", "/1.xml", "/a"]


async def test_fifty_sitemaps_are_read_at_most(site: Site) -> None:
    site.page("/a")
    site.index(*(f"/{n}.xml" for n in range(100)))
    for n in range(100):
        site.sitemap("/a", at=f"/{n}.xml")

    await site.tell()

    assert len(site.asked) == 50 + 1


async def test_fifty_thousand_pages_are_listed_at_most(site: Site) -> None:
    site.index("/1.xml", "/2.xml")
    site.sitemap(*(f"/a{n}" for n in range(30_000)), at="/1.xml")
    site.sitemap(*(f"/b{n}" for n in range(30_000)), at="/2.xml")
    listed: set[str] = set()

    async def known(origins: Collection[str]) -> Mapping[str, str]:
        listed.update(origins)
        return {}

    await site.tell(on=Visit(now=NOON, known=known), max_pages=1)

    assert len(listed) == 50_000


async def test_sitemap_that_fails_is_told_and_keeps_no_other_back(site: Site) -> None:
    site.page("/a")
    site.index("/1.xml", "/2.xml", "/3.xml", "/4.xml")
    site.rig.pages["/1.xml"] = Page(body="<html>")
    site.rig.pages["/2.xml"] = Page(status=503)
    site.sitemap("/a", at="/4.xml")

    told = await site.tell()

    assert site.paths(told) == ["/a"]
    assert {one.origin: one.reason for one in told if isinstance(one, Rejection)} == {
        f"{site.url}/1.xml": "it begins with <html>, so it is no sitemap",
        f"{site.url}/2.xml": f"{site.url}/2.xml answers 503",
        f"{site.url}/3.xml": "the server answers 404",
    }


async def test_sitemaps_of_other_hosts_are_not_read(site: Site) -> None:
    site.page("/a")
    elsewhere = f"http://localhost:{site.rig.port}/1.xml"
    site.rig.pages["/sitemap.xml"] = Page(
        body=f"<sitemapindex><sitemap><loc>{elsewhere}</loc></sitemap>"
        f"<sitemap><loc>{site.url}/2.xml</loc></sitemap></sitemapindex>"
    )
    site.sitemap("/a", at="/2.xml")

    told = await site.tell()

    assert site.paths(told) == ["/a"]
    assert reasons(told) == ["it is on another host; name that in hosts if it is meant"]


async def test_only_pages_of_the_site_and_its_hosts_are_read(site: Site) -> None:
    site.page("/a")
    other = f"localhost:{site.rig.port}"
    site.sitemap("/a", f"http://{other}/a", "http://127.0.0.1:1/a", "https://example.com/a")

    alone = await site.tell()
    together = await site.tell(hosts=[other])

    assert site.paths(alone) == ["/a"]
    assert site.paths(together) == ["/a", f"http://{other}/a"]


async def test_links_choose_among_the_pages_of_a_sitemap(site: Site) -> None:
    site.page("/news/a")
    site.sitemap("/about", "/news/a")

    assert [one.origin for one in await site.tell(links="/news/")] == [f"{site.url}/news/a"]


async def test_fragment_makes_no_other_page(site: Site) -> None:
    site.page("/a")
    site.sitemap("/a#one", "/a#two")

    assert site.paths(await site.tell()) == ["/a"]


async def test_index_pages_lead_to_the_pages_that_match(site: Site) -> None:
    for path in ("/news/a", "/news/b", "/news/c"):
        site.page(path)
    site.page("/", '<a href="/news/b">B</a> <a href="/about">About</a> <a href="news/a">A</a>')
    site.page("/city", '<a href="/news/b">B</a> <a href="/news/c">C</a>')

    told = await site.tell(index=[f"{site.url}/", f"{site.url}/city"], links="/news/")

    assert [one.origin.removeprefix(site.url) for one in told] == ["/news/b", "/news/a", "/news/c"]


async def test_further_index_page_may_fail(site: Site) -> None:
    site.page("/news/a")
    site.page("/", '<a href="/news/a">A</a>')

    told = await site.tell(index=[f"{site.url}/", f"{site.url}/city"], links="/news/")

    assert site.paths(told) == ["/news/a"]
    assert reasons(told) == ["the server answers 404"]


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (Page(status=404), "answers 404 Not Found; nothing is there"),
        (Page(status=500), "answers 500; this pass is given up"),
        (Page(body="<rss></rss>"), "cannot be read: it begins with <rss>, so it is no sitemap"),
        (Page(body="<urlset></urlset>"), "leads to no page on 127.0.0.1"),
        (Page(body="<urlset><url><loc>https://example.com/</loc></url></urlset>"), "hosts"),
        (Page(body="<sitemapindex><sitemap><loc>@/1.xml</loc></sitemap></sitemapindex>"),
         "/1.xml failed: the server answers 404"),
    ],
)  # fmt: skip
async def test_sitemap_that_leads_nowhere_is_an_error(
    page: Page, sentence: str, site: Site
) -> None:
    body = page.body.replace("@", site.url) if isinstance(page.body, str) else page.body
    site.rig.pages["/sitemap.xml"] = Page(body=body, status=page.status)

    with pytest.raises(SourceError, match=re.escape(sentence)) as caught:
        await site.tell()

    assert str(caught.value).startswith('source "site": ')


async def test_index_page_without_a_matching_link_is_an_error(site: Site) -> None:
    site.page("/", '<a href="/a">A</a>')

    with pytest.raises(SourceError, match=r"no page on .* that matches links"):
        await site.tell(index=f"{site.url}/", links="/news/")


async def test_index_page_must_be_html(site: Site) -> None:
    site.rig.pages["/"] = Page(body="{}", headers={"Content-Type": "application/json"})

    with pytest.raises(SourceError, match="it is application/json, no HTML page"):
        await site.tell(index=f"{site.url}/", links="/news/")
