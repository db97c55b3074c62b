"""What the kind `feed` tells of what is in a feed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pydantic
import pytest

from publisher.errors import SourceError
from publisher.model import Person, Publication, Rejection, SourceArticle, Unchanged
from publisher.ports import Visit
from publisher.sources.feed import FeedSource, Settings
from tests.rig.visits import NOON, visit
from tests.rig.web import Page, WebRig

Told = list[Any]
Tell = Callable[..., Awaitable[Told]]

HTML = {"Content-Type": "text/html; charset=utf-8"}
LONG = "The lake froze in a single night, and the ferry stays in the harbour until spring. " * 5
PAGE = f"""<!doctype html><html><head><title>Frost</title>
<meta name="author" content="Ann Lee"></head><body><nav>Home</nav>
<article><h1>Frost</h1><p>{LONG}</p><p><a href="ferry">Ferry</a></p></article></body></html>"""


@pytest.fixture
async def web() -> AsyncIterator[WebRig]:
    async with WebRig() as rig:
        yield rig


@pytest.fixture
def tell(web: WebRig, publication: Publication) -> Tell:
    """Make a pass over what stands at /feed."""

    async def tell(pass_: Visit | None = None, **settings: object) -> Told:
        made = Settings.model_validate(
            {"url": f"{web.url}/feed", "allow_private": True, **settings}
        )
        source = FeedSource("wire", made, publication)
        return [told async for told in source.articles(pass_ or visit())]

    return tell


def rss(*items: str, channel: str = "") -> Page:
    inside = "".join(f"<item>{item}</item>" for item in items)
    body = f'<rss version="2.0"><channel>{channel}{inside}</channel></rss>'
    return Page(body=body, headers={"Content-Type": "application/rss+xml"})


def item(guid: str, text: str = "Text.", more: str = "") -> str:
    return f'<guid isPermaLink="false">{guid}</guid><description>{text}</description>{more}'


def stamps(told: Told) -> Mapping[str, str]:
    return {one.origin: one.stamp for one in told}


async def test_entry_is_told_with_all_that_it_says(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = rss(
        "<title>Frost</title><link>/frost</link><author>Ann Lee</author><category>ice</category>"
        "<description>The lake &lt;i&gt;froze&lt;/i&gt;.</description>"
        "<pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate>",
        channel="<language>en</language>",
    )

    (told,) = await tell()

    assert told == SourceArticle(
        guid=f"{web.url}/frost",
        origin=f"{web.url}/frost",
        stamp=told.stamp,
        title="Frost",
        html="The lake <i>froze</i>.",
        url=f"{web.url}/frost",
        base=f"{web.url}/frost",
        authors=(Person(name="Ann Lee"),),
        tags=("ice",),
        published=datetime(2026, 11, 23, 8, tzinfo=UTC),
        language="en",
    )


async def test_feed_is_a_window(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = rss()
    pass_ = visit()

    assert await tell(pass_) == []
    assert pass_.tells_all is False


async def test_known_stamps_are_asked_for_in_chunks(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = rss(*(item(str(number)) for number in range(450)))
    asked = []

    async def known(origins: Any) -> Mapping[str, str]:
        asked.append(len(origins))
        return {}

    told = await tell(Visit(now=NOON, known=known))

    assert [one.guid for one in told] == [str(number) for number in range(450)]
    assert asked == [200, 200, 50]


# --- stamps -----------------------------------------------------------------------------


async def test_stamps_depend_on_neither_order_nor_dates(web: WebRig, tell: Tell) -> None:
    """Many feeds give every item the time at which they were built."""
    dated = "<pubDate>{} Nov 2026 08:00:00 GMT</pubDate>"
    web.pages["/feed"] = rss(
        item("a", more=dated.format(22)), item("b"), channel="<lastBuildDate>x</lastBuildDate>"
    )
    known = stamps(await tell())
    web.pages["/feed"] = rss(item("b"), item("a", more=dated.format(23)))

    assert await tell(visit(known)) == [Unchanged(origin="b"), Unchanged(origin="a")]


async def test_moved_embargo_is_told(web: WebRig, tell: Tell) -> None:
    dated = "<pubDate>{} Nov 2026 12:00:00 GMT</pubDate>"
    web.pages["/feed"] = rss(item("a", more=dated.format(25)))
    known = stamps(await tell())
    web.pages["/feed"] = rss(item("a", more=dated.format(26)))

    (put_off,) = await tell(visit(known))
    web.pages["/feed"] = rss(item("a", more=dated.format(23)))
    (lifted,) = await tell(visit(stamps([put_off])))

    assert put_off.published == datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert lifted.published == datetime(2026, 11, 23, 12, tzinfo=UTC)


async def test_changed_entry_is_told_again(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = rss(item("a"), item("b"))
    known = stamps(await tell())
    web.pages["/feed"] = rss(item("a", "Other."), item("b", more="<category>ice</category>"))

    first, second = await tell(visit(known))

    assert (first.html, second.tags) == ("Other.", ("ice",))


# --- dates ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("1970-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("2126-11-24T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("1998-05-01T00:00:00Z", datetime(1998, 5, 1, tzinfo=UTC)),
        ("2027-11-24T00:00:00Z", datetime(2027, 11, 24, tzinfo=UTC)),
    ],
)
async def test_date_that_nobody_can_have_meant_is_none(
    web: WebRig, tell: Tell, written: str, published: datetime | None
) -> None:
    web.pages["/feed"] = rss(item("a", more=f"<pubDate>{written}</pubDate>"))

    (told,) = await tell()

    assert told.published == published


async def test_date_of_the_last_change_stands_in_for_a_missing_one(web: WebRig, tell: Tell) -> None:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>a</id><title>A</title>'
        "<updated>2026-11-23T08:00:00Z</updated></entry></feed>"
    )
    web.pages["/feed"] = Page(body=body)

    (told,) = await tell()

    assert told.published == told.updated == datetime(2026, 11, 23, 8, tzinfo=UTC)


# --- identity ---------------------------------------------------------------------------


async def test_second_entry_of_a_guid_is_rejected(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = rss(item("a"), item("a", "Other."), item("b"), item("a"))

    first, second, third = await tell()

    assert [first.origin, third.origin] == ["a", "b"]
    assert isinstance(second, Rejection)
    assert 'its id "a" is that of another entry' in second.reason


async def test_rejection_is_known_by_its_stamp(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = rss("<category>ice</category>", item("x" * 5000))
    told = await tell()

    assert [type(one) for one in told] == [Rejection, Rejection]
    assert await tell(visit(stamps(told))) == [Unchanged(origin=one.origin) for one in told]


async def test_id_that_all_share_gives_way_to_the_links(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = rss(
        item("a", more="<link>/a</link>"), item("a", "Other.", more="<link>/b</link>")
    )

    assert [one.guid for one in await tell()] == [f"{web.url}/a", f"{web.url}/b"]


# --- whole texts ------------------------------------------------------------------------


async def test_page_is_not_asked_for_unless_it_is_wanted(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = rss(item("a", more="<link>/a</link>"))

    await tell()

    assert web.targets == ["/feed"]


async def test_text_is_taken_from_the_page(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = rss(item("a", "It &lt;b&gt;froze&lt;/b&gt;.", "<link>/moved</link>"))
    web.pages["/moved"] = Page(status=302, headers={"Location": "/deep/frost"})
    web.pages["/deep/frost"] = Page(body=PAGE, headers=HTML)

    (told,) = await tell(full_text=True)

    assert LONG.strip() in told.html
    assert "Home" not in told.html
    assert told.base == f"{web.url}/deep/frost"
    assert (told.summary, told.authors) == ("It froze.", (Person(name="Ann Lee"),))
    assert told.url == f"{web.url}/moved"


async def test_page_is_asked_for_new_and_changed_entries_only(web: WebRig, tell: Tell) -> None:
    web.pages["/a"] = web.pages["/b"] = Page(body=PAGE, headers=HTML)
    a, b = (item(name, more=f"<link>/{name}</link>") for name in "ab")
    web.pages["/feed"] = rss(a, b, item("c"))
    known = stamps(await tell(full_text=True))
    web.pages["/feed"] = rss(a, b.replace("Text.", "Other."), item("c"))
    web.requests.clear()

    told = await tell(visit(known), full_text=True)

    assert web.targets == ["/feed", "/b"]
    assert [type(one) for one in told] == [Unchanged, SourceArticle, Unchanged]


@pytest.mark.parametrize(
    "page",
    [
        Page(status=404, body=PAGE, headers=HTML),
        Page(body=PAGE, headers={"Content-Type": "application/pdf"}),
        Page(body="<!doctype html><p>Log in", headers=HTML),
        Page(body="<div>" * 5000 + LONG, headers=HTML),
        Page(body="", headers=HTML),
    ],
    ids=["404", "pdf", "less", "deep", "empty"],
)
async def test_own_text_stays_where_the_page_is_no_gain(
    web: WebRig, tell: Tell, page: Page
) -> None:
    web.pages["/feed"] = rss(item("a", "Text that stands in the feed.", "<link>/a</link>"))
    web.pages["/a"] = page

    (told,) = await tell(full_text=True)

    assert (told.html, told.summary) == ("Text that stands in the feed.", "")
    assert await tell(visit(stamps([told])), full_text=True) == [Unchanged(origin="a")]


async def test_page_that_cannot_be_had_now_is_asked_for_again(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = Page(
        body=rss(item("a", more="<link>/a</link>")).body, headers={"ETag": '"1"'}
    )
    web.pages["/a"] = Page(status=503)
    first = visit()
    missed = await tell(first, full_text=True)
    second = visit(stamps(missed), memory=first.memory)
    again = await tell(second, full_text=True)
    web.pages["/a"] = Page(body=PAGE, headers=HTML)

    (told,) = await tell(visit(stamps(missed), memory=second.memory), full_text=True)

    assert missed[0].html == "Text."
    assert again == [Unchanged(origin="a")]
    assert LONG.strip() in told.html


async def test_page_of_a_server_that_is_not_there_keeps_nothing_back(
    web: WebRig, tell: Tell
) -> None:
    web.pages["/feed"] = rss(
        item("a", more="<link>http://127.0.0.1:1/</link>"), item("b", more="<link>/b</link>")
    )
    web.pages["/b"] = Page(body=PAGE, headers=HTML)

    first, second = await tell(full_text=True)

    assert first.html == "Text."
    assert LONG.strip() in second.html


@pytest.mark.parametrize("status", [429, 500])
async def test_server_that_bears_no_more_is_left_alone(
    web: WebRig, tell: Tell, status: int
) -> None:
    web.pages["/feed"] = rss(*(item(str(n), more=f"<link>/{n}</link>") for n in range(6)))
    web.pages.update({f"/{number}": Page(status=status) for number in range(6)})
    web.pages["/1"] = Page(status=404)

    told = await tell(full_text=True)

    assert web.targets == ["/feed", "/0", "/1", "/2", "/3", "/4"]
    assert [one.html for one in told] == ["Text."] * 6


# --- settings ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["example.org/feed", "ftp://example.org/feed", "https:///feed", "https://a b/", "feed"]
)
def test_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(pydantic.ValidationError, match="is not usable"):
        Settings.model_validate({"url": url})


async def test_pages_within_a_private_network_are_reached_if_that_is_allowed(
    web: WebRig, tell: Tell
) -> None:
    web.pages["/feed"] = rss(item("a"))

    with pytest.raises(SourceError, match="allow_private"):
        await tell(allow_private=False)


async def test_rest_holds_for_a_day_at_most(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = rss(channel="<ttl>1000000</ttl>")
    pass_ = visit()

    await tell(pass_)

    assert pass_.rest == timedelta(days=1)
