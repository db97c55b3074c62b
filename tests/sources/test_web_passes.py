"""What the kind ``web`` reads in which pass, and what it makes of what it cannot read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from publisher.errors import SourceError
from publisher.model import Rejection, SourceArticle, Unchanged
from tests.rig.visits import NOON, visit
from tests.rig.web import Page, WebRig
from tests.sources.examples.web import Site, Told, reasons, stamps


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with WebRig() as rig:
        yield Site(rig)


# --- what is read in one pass -----------------------------------------------------------------


async def test_rest_of_a_large_site_waits_for_the_next_pass(site: Site) -> None:
    for n in range(5):
        site.page(f"/{n}")
    site.sitemap(*((f"/{n}", f"2026-11-0{n + 1}") for n in range(5)))
    known: dict[str, str] = {}

    told = []
    for _ in range(4):
        one = await site.tell(known, max_pages=2)
        known |= stamps(one)
        told.append(site.paths(one))

    assert told == [["/4", "/3"], ["/2", "/1"], ["/0"], []]


async def test_known_date_is_told_as_unchanged_without_a_request(site: Site) -> None:
    site.page("/a")
    site.sitemap(("/a", "2026-11-01"))
    known = stamps(await site.tell())
    site.rig.requests.clear()

    told = await site.tell(known)

    assert told == [Unchanged(origin=f"{site.url}/a")]
    assert site.asked == ["/sitemap.xml"]


async def test_page_with_another_date_is_read_again(site: Site) -> None:
    site.page("/a")
    site.sitemap(("/a", "2026-11-01"))
    known = stamps(await site.tell())
    site.sitemap(("/a", "2026-11-02"))

    assert site.paths(await site.tell(known)) == ["/a"]


async def test_new_page_goes_before_changed_ones_of_the_same_date(site: Site) -> None:
    for path in ("/a", "/b", "/c"):
        site.page(path)
    site.sitemap(("/a", "2026-11-02"), ("/b", "2026-11-02"), ("/c", "2026-11-02"))
    known = {f"{site.url}/a": "old", f"{site.url}/b": "old"}

    assert site.paths(await site.tell(known, max_pages=1)) == ["/c"]


async def test_page_that_failed_is_read_last(site: Site) -> None:
    for path in ("/a", "/b"):
        site.page(path)
    site.sitemap(("/a", "2026-11-02"), ("/b", "2026-11-01"))

    assert site.paths(await site.tell({f"{site.url}/a": ""})) == ["/b", "/a"]
    assert site.paths(await site.tell({f"{site.url}/a": ""}, max_pages=1)) == ["/b"]


async def reread(site: Site, minutes: list[int], memory: dict[str, Any]) -> list[int]:
    """Make passes so many minutes after noon; give those in which /a was read."""
    known = {f"{site.url}/a": "stamp"}
    read = []
    for minute in minutes:
        site.rig.requests.clear()
        pass_ = visit(known, memory=memory, now=NOON + timedelta(minutes=minute))
        await site.tell(on=pass_)
        memory = pass_.memory
        if "/a" in site.asked:
            read.append(minute)
    return read


async def test_page_without_a_date_is_read_again_ever_less_often_for_two_days(site: Site) -> None:
    site.page("/a")
    site.sitemap("/a")
    first = visit()
    await site.tell(on=first)

    minutes = [5, 10, 15, 20, 30, 40, 70, 80, 150, 160, 310, 320, 630, 640, 1270, 1280]
    read = await reread(site, [*minutes, 2550, 2560, 4000, 6000], first.memory)

    assert read == [10, 20, 40, 80, 160, 320, 640, 1280, 2560]


async def test_old_page_without_a_date_is_never_read_again(site: Site) -> None:
    site.page("/a")
    site.sitemap("/a")

    assert await reread(site, [0, 60, 6000], {}) == []


async def test_page_without_a_date_is_told_again_only_if_it_differs(site: Site) -> None:
    site.page("/a")
    site.sitemap("/a")
    first = visit()
    known = stamps(await site.tell(on=first))
    memory = dict(first.memory)

    same = visit(known, memory=memory, now=NOON + timedelta(hours=1))
    told = await site.tell(on=same)
    site.page("/a", "Another text.")
    other = visit(known, memory=same.memory, now=NOON + timedelta(hours=3))
    told_again = await site.tell(on=other)

    assert told == [Unchanged(origin=f"{site.url}/a")]
    assert site.paths(told_again) == ["/a"]
    assert stamps(told_again) != known


async def test_memory_holds_two_hundred_pages_at_most(site: Site) -> None:
    paths = [f"/{n}" for n in range(210)]
    for path in paths:
        site.page(path)
    site.sitemap(*paths)
    pass_ = visit()

    await site.tell(on=pass_, max_pages=300)

    assert len(pass_.memory["fresh"]) == 200


# --- what has gone ----------------------------------------------------------------------------


async def tells_all(site: Site, known: dict[str, str] | None = None, **settings: Any) -> bool:
    pass_ = visit(known)
    await site.tell(on=pass_, **settings)
    return pass_.tells_all


async def test_whole_sitemap_tells_all(site: Site) -> None:
    site.page("/a")
    site.index("/1.xml")
    site.sitemap("/a", "/missing", at="/1.xml")

    assert await tells_all(site)


async def test_sitemap_of_which_something_waits_does_not_tell_all(site: Site) -> None:
    site.page("/a")
    site.page("/b")
    site.sitemap("/a", "/b")

    assert not await tells_all(site, max_pages=1)


async def test_sitemap_with_a_forbidden_page_does_not_tell_all(site: Site) -> None:
    site.page("/a")
    site.sitemap("/a", "/b")
    site.rig.pages["/robots.txt"] = Page(body="User-agent: *\nDisallow: /b")

    assert not await tells_all(site)


async def test_sitemaps_of_which_one_failed_do_not_tell_all(site: Site) -> None:
    site.page("/a")
    site.index("/1.xml", "/2.xml")
    site.sitemap("/a", at="/1.xml")

    assert not await tells_all(site)


async def test_news_sitemap_does_not_tell_all(site: Site) -> None:
    site.page("/a")
    site.rig.pages["/sitemap.xml"] = Page(
        body=f"<urlset><url><loc>{site.url}/a</loc><news><title>T</title></news></url></urlset>"
    )

    assert not await tells_all(site)


async def test_sitemaps_nested_too_deeply_do_not_tell_all(site: Site) -> None:
    site.page("/a")
    site.index("/1.xml", "/pages.xml")
    site.index("/2.xml", at="/1.xml")
    site.index("/3.xml", at="/2.xml")
    site.sitemap("/a", at="/pages.xml")

    assert not await tells_all(site)


async def test_index_page_does_not_tell_all(site: Site) -> None:
    site.page("/news/a")
    site.page("/", '<a href="/news/a">A</a>')

    assert not await tells_all(site, index=f"{site.url}/", links="/news/")


@pytest.mark.parametrize("status", [404, 410])
async def test_known_page_that_has_gone_is_told_by_silence(status: int, site: Site) -> None:
    site.page("/a")
    site.rig.pages["/b"] = Page(status=status)
    site.sitemap("/a", ("/b", "2026-11-02"))
    pass_ = visit({f"{site.url}/b": "old"})

    told = await site.tell(on=pass_)

    assert pass_.tells_all
    assert [one.origin for one in told] == [f"{site.url}/a"]


async def test_known_page_that_has_gone_is_refused_where_silence_says_nothing(site: Site) -> None:
    site.page("/a")
    site.sitemap("/a", ("/b", "2026-11-02"), "/waits")
    pass_ = visit({f"{site.url}/b": "old"})

    told = await site.tell(on=pass_, max_pages=2)

    assert not pass_.tells_all
    assert reasons(told) == ["the server answers 404"]


# --- troubles -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_page_in_trouble_is_tried_again(status: int, site: Site) -> None:
    site.page("/b")
    site.rig.pages["/a"] = Page(status=status)
    site.sitemap(("/a", "2026-11-01"), "/b")

    told = await site.tell()

    assert [one for one in told if isinstance(one, Rejection)] == [
        Rejection(origin=f"{site.url}/a", stamp="", reason=f"{site.url}/a answers {status}")
    ]
    assert site.paths(told) == ["/b"]


@pytest.mark.parametrize("status", [401, 403, 418])
async def test_page_that_is_denied_is_tried_again(status: int, site: Site) -> None:
    site.rig.pages["/a"] = Page(status=status)
    site.sitemap(("/a", "2026-11-01"))

    assert await site.tell() == [
        Rejection(origin=f"{site.url}/a", stamp="", reason=f"the server answers {status}")
    ]


async def test_three_troubles_in_a_row_end_the_pass(site: Site) -> None:
    site.page("/good")
    for path in ("/b", "/c", "/d"):
        site.rig.pages[path] = Page(status=503, headers={"Retry-After": "120"})
    site.sitemap("/good", "/b", "/c", "/d", "/e")
    told: Told = []

    async def tell() -> None:
        async for one in site.source().articles(visit()):
            told.append(one)

    with pytest.raises(SourceError, match="3 requests in a row failed") as caught:
        await tell()

    assert caught.value.rest == timedelta(minutes=2)
    assert [(type(one), one.origin.removeprefix(site.url)) for one in told] == [
        (SourceArticle, "/good"),
        (Rejection, "/b"),
        (Rejection, "/c"),
    ]
    assert "/e" not in site.asked


async def test_troubles_that_are_not_in_a_row_do_not_end_the_pass(site: Site) -> None:
    for path in ("/b", "/d"):
        site.page(path)
    for path in ("/a", "/c", "/e"):
        site.rig.pages[path] = Page(status=500)
    site.sitemap("/a", "/b", "/c", "/d", "/e")

    assert site.paths(await site.tell()) == ["/b", "/d"]


async def test_sitemap_that_is_asked_too_often_gives_its_rest(site: Site) -> None:
    site.rig.pages["/sitemap.xml"] = Page(status=429, headers={"Retry-After": "60"})

    with pytest.raises(SourceError) as caught:
        await site.tell()

    assert caught.value.rest == timedelta(minutes=1)
