"""How the kind `feed` asks: conditions, moves, rests, refusals and hubs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from publisher.errors import SourceError
from publisher.model import Publication
from publisher.ports import Visit
from publisher.sources.feed import FeedSource, Settings
from tests.rig.visits import visit
from tests.rig.web import Page, WebRig

Told = list[Any]
Tell = Callable[..., Awaitable[Told]]

RSS = '<rss version="2.0"><channel>{}<item><title>A</title></item></channel></rss>'


@pytest.fixture
async def web() -> AsyncIterator[WebRig]:
    async with WebRig() as rig:
        yield rig


@pytest.fixture
def tell(web: WebRig, publication: Publication) -> Tell:
    """Make a pass over what stands at a path."""

    async def tell(pass_: Visit, path: str = "/feed", *, full_text: bool = False) -> Told:
        settings = Settings(url=f"{web.url}{path}", allow_private=True, full_text=full_text)
        source = FeedSource("wire", settings, publication)
        return [told async for told in source.articles(pass_)]

    return tell


def feed(channel: str = "", **headers: str) -> Page:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Page(body=RSS.format(channel), headers=fields)


def later(pass_: Visit) -> Visit:
    """Make the next pass after a good one."""
    return visit(memory=pass_.memory)


# --- conditions -------------------------------------------------------------------------


async def test_first_pass_says_who_asks_and_for_what(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = feed()

    await tell(visit())

    (asked,) = web.requests
    assert "https://news.example.org" in asked.headers["user-agent"]
    assert "application/rss+xml" in asked.headers["accept"]
    assert {"if-none-match", "if-modified-since"}.isdisjoint(asked.headers)


async def test_next_pass_asks_whether_anything_is_new(web: WebRig, tell: Tell) -> None:
    modified = "Mon, 23 Nov 2026 08:00:00 GMT"
    web.pages["/feed"] = feed(ETag='W/"1"', Last_Modified=modified)
    first = visit()
    await tell(first)
    second = later(first)

    assert await tell(second) == []
    assert web.requests[1].headers["if-none-match"] == 'W/"1"'
    assert web.requests[1].headers["if-modified-since"] == modified
    assert second.memory == first.memory


async def test_document_that_was_cut_off_is_asked_for_whole_again(web: WebRig, tell: Tell) -> None:
    """What stood behind the cut would be hidden by a 304 for ever."""
    text = RSS.format("<item><title>B</title></item>")
    whole = Page(body=text, headers={"ETag": '"1"'})
    web.pages["/feed"] = Page(body=text[: text.index("A</title>")], headers=whole.headers)
    first = visit()
    told_first = await tell(first)
    web.pages["/feed"] = whole

    told = await tell(later(first))

    assert [[each.title for each in some] for some in (told_first, told)] == [["B"], ["B", "A"]]
    assert "if-none-match" not in web.requests[1].headers


async def test_validators_are_those_of_the_last_answer(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = feed(ETag='"1"')
    first = visit()
    await tell(first)
    web.pages["/feed"] = feed(Last_Modified="Mon, 23 Nov 2026 08:00:00 GMT")
    second = later(first)
    await tell(second)

    await tell(later(second))

    assert "if-none-match" not in web.requests[2].headers
    assert "if-modified-since" in web.requests[2].headers


async def test_other_settings_are_asked_for_anew(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = web.pages["/other"] = feed(ETag='"1"')
    first = visit()
    await tell(first)

    assert len(await tell(later(first), "/other")) == 1
    assert len(await tell(later(first), full_text=True)) == 1


# --- moves ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 308])
async def test_feed_that_has_moved_for_good_is_asked_for_there(
    web: WebRig, tell: Tell, status: int
) -> None:
    web.pages["/feed"] = Page(status=status, headers={"Location": "/new"})
    web.pages["/new"] = feed(ETag='"1"')
    first = visit()
    await tell(first)
    web.requests.clear()

    assert await tell(later(first)) == []
    assert web.targets == ["/new"]


@pytest.mark.parametrize("status", [302, 307])
async def test_feed_that_is_elsewhere_for_now_is_asked_for_where_it_was(
    web: WebRig, tell: Tell, status: int
) -> None:
    web.pages["/feed"] = Page(status=status, headers={"Location": "/now"})
    web.pages["/now"] = feed()
    first = visit()
    await tell(first)

    await tell(later(first))

    assert web.targets == ["/feed", "/now"] * 2


async def test_move_is_forgotten_with_the_configured_url(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = Page(status=301, headers={"Location": "/new"})
    web.pages["/new"] = web.pages["/other"] = feed()
    first = visit()
    await tell(first)
    second = later(first)
    await tell(second, "/other")

    assert web.targets == ["/feed", "/new", "/other"]
    assert "url" not in second.memory


async def test_configured_url_is_asked_again_when_the_new_place_has_gone(
    web: WebRig, tell: Tell
) -> None:
    web.pages["/feed"] = Page(status=301, headers={"Location": "/new"})
    web.pages["/new"] = feed(ETag='"1"')
    first = visit()
    await tell(first)
    del web.pages["/new"]
    web.pages["/feed"] = feed(ETag='"1"')
    second = later(first)

    assert len(await tell(second)) == 1
    assert "url" not in second.memory


# --- rests ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "rest"),
    [
        (feed(), None),
        (feed("<ttl>60</ttl>"), timedelta(hours=1)),
        (feed(Cache_Control="max-age=600"), timedelta(minutes=10)),
        (feed("<ttl>60</ttl>", Cache_Control="max-age=600"), timedelta(hours=1)),
        (feed("<ttl>5</ttl>", Cache_Control="max-age=600"), timedelta(minutes=10)),
        (feed(Cache_Control="max-age=31536000"), timedelta(days=1)),
        (feed("<ttl>0</ttl>", Cache_Control="no-cache, max-age=600"), None),
    ],
    ids=range(7),
)
async def test_longest_rest_that_is_asked_for_is_kept(
    web: WebRig, tell: Tell, page: Page, rest: timedelta | None
) -> None:
    web.pages["/feed"] = page
    pass_ = visit()

    await tell(pass_)

    assert pass_.rest == rest


async def test_rest_holds_while_nothing_is_new(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = feed("<ttl>60</ttl>", ETag='"1"')
    first = visit()
    await tell(first)
    second = later(first)

    await tell(second)

    assert second.rest == timedelta(hours=1)


# --- refusals ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 429, 500, 503, 599])
async def test_refusal_ends_the_pass_with_its_status(web: WebRig, tell: Tell, status: int) -> None:
    web.pages["/feed"] = Page(status=status)

    with pytest.raises(SourceError, match=rf'^source "wire": {web.url}/feed .*{status}') as caught:
        await tell(visit())

    assert (caught.value.rest, caught.value.is_final) == (None, False)


async def test_feed_that_has_gone_is_final(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = Page(status=410)

    with pytest.raises(SourceError, match="gone for good") as caught:
        await tell(visit())

    assert caught.value.is_final


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("after", ["120", "Tue, 24 Nov 2026 12:02:00 GMT"])
async def test_retry_after_is_a_rest(web: WebRig, tell: Tell, status: int, after: str) -> None:
    web.pages["/feed"] = Page(status=status, headers={"Retry-After": after})

    with pytest.raises(SourceError) as caught:
        await tell(visit())

    assert caught.value.rest == timedelta(minutes=2)


async def test_refusal_at_the_new_place_that_asks_for_a_rest_gets_one(
    web: WebRig, tell: Tell
) -> None:
    web.pages["/feed"] = Page(status=301, headers={"Location": "/new"})
    web.pages["/new"] = feed()
    first = visit()
    await tell(first)
    web.pages["/new"] = Page(status=503, headers={"Retry-After": "120"})
    web.requests.clear()

    with pytest.raises(SourceError):
        await tell(later(first))

    assert web.targets == ["/new"]


async def test_server_that_is_not_there_ends_the_pass(
    web: WebRig, tell: Tell, publication: Publication
) -> None:
    settings = Settings(url="http://127.0.0.1:1/feed", allow_private=True)

    with pytest.raises(SourceError, match=r'^source "wire": .*127\.0\.0\.1:1'):
        async for _ in FeedSource("wire", settings, publication).articles(visit()):
            pass


async def test_page_in_the_feeds_place_is_named(web: WebRig, tell: Tell) -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/rss">'
    web.pages["/feed"] = Page(body=f"<!doctype html><html><head>{link}</head></html>")

    with pytest.raises(SourceError, match=rf"/feed is a web page .* announces {web.url}/rss"):
        await tell(visit())


# --- hubs -------------------------------------------------------------------------------


async def test_hub_is_kept_while_it_is_named(web: WebRig, tell: Tell) -> None:
    web.pages["/feed"] = feed(Link='<https://hub.example.org/>; rel="hub"', ETag='"1"')
    first = visit()
    await tell(first)
    second = later(first)
    await tell(second)
    web.pages["/feed"] = feed(ETag='"2"')
    third = later(second)
    await tell(third)

    expected = {"hub": "https://hub.example.org/", "topic": f"{web.url}/feed"}
    assert expected == first.memory["hub"] == second.memory["hub"]
    assert "hub" not in third.memory


async def test_hub_that_the_feed_names_is_kept(web: WebRig, tell: Tell) -> None:
    atom = 'xmlns="http://www.w3.org/2005/Atom"'
    web.pages["/feed"] = feed(
        f'<link {atom} rel="hub" href="https://hub.example.org/"/>'
        f'<link {atom} rel="self" href="https://example.org/feed"/>'
    )
    pass_ = visit()

    await tell(pass_)

    assert pass_.memory["hub"] == {
        "hub": "https://hub.example.org/",
        "topic": "https://example.org/feed",
    }
