"""Asking a server that means well."""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import AsyncIterator
from importlib.metadata import version

import pytest

from publisher.errors import FetchError
from publisher.fetch import Fetcher, Limits, user_agent
from tests.rig.web import Page, WebRig

AGENT = user_agent("https://news.example.org")


@pytest.fixture
async def web() -> AsyncIterator[WebRig]:
    async with WebRig() as rig:
        yield rig


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(agent=AGENT, allow_private=True) as made:
        yield made


def redirect(status: int, location: str) -> Page:
    return Page(status=status, headers={"Location": location})


def elsewhere(web: WebRig) -> str:
    """The same server under another name, which makes it another site."""
    return web.url.replace("127.0.0.1", "localhost")


async def test_page_is_answered_with_its_url_status_headers_and_body(
    web: WebRig, fetcher: Fetcher
) -> None:
    web.pages["/feed"] = Page(body="Hello", headers={"ETag": '"1"', "X-Odd": "å"})

    answer = await fetcher.get(web.url + "/feed?page=2#top")

    assert answer.url == web.url + "/feed?page=2"
    assert (answer.status, answer.is_good, answer.body) == (200, True, b"Hello")
    assert (answer.headers["etag"], answer.headers["x-odd"]) == ('"1"', "å")
    assert answer.moved is None


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
async def test_errors_of_the_server_are_answers(web: WebRig, fetcher: Fetcher, status: int) -> None:
    web.pages["/"] = Page(body="Sorry", status=status)

    answer = await fetcher.get(web.url + "/")

    assert (answer.status, answer.is_good, answer.body) == (status, False, b"Sorry")


async def test_condition_is_sent_and_304_is_an_answer(web: WebRig, fetcher: Fetcher) -> None:
    web.pages["/"] = Page(body="Hello", headers={"ETag": '"1"'})

    answer = await fetcher.get(web.url + "/", {"If-None-Match": '"1"'})

    assert (answer.status, answer.is_good, answer.body) == (304, False, b"")


async def test_request_says_who_asks_and_nothing_else(web: WebRig, fetcher: Fetcher) -> None:
    await fetcher.get(web.url + "/")

    assert web.requests[0].headers == {
        "host": web.url.removeprefix("http://"),
        "user-agent": f"Publisher/{version('publisher')} (+https://news.example.org)",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
    }


async def test_cookies_are_not_kept(web: WebRig, fetcher: Fetcher) -> None:
    web.pages["/"] = Page(headers={"Set-Cookie": "id=7; Path=/"})

    await fetcher.get(web.url + "/")
    await fetcher.get(web.url + "/")

    assert "cookie" not in web.requests[1].headers


async def test_proxies_of_the_environment_are_not_used(
    web: WebRig, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    answer = await fetcher.get(web.url + "/")

    assert answer.status == 404


PACKED = {
    "gzip": ("gzip", gzip.compress(b"Hello", mtime=0)),
    "old name": ("X-GZIP", gzip.compress(b"Hello", mtime=0)),
    "named twice": ("identity, gzip", gzip.compress(b"Hello", mtime=0)),
    "two members": ("gzip", gzip.compress(b"Hel", mtime=0) + gzip.compress(b"lo", mtime=0)),
    "padding": ("gzip", gzip.compress(b"Hello", mtime=0) + b"\0" * 100),
    "deflate": ("deflate", zlib.compress(b"Hello")),
    "bare deflate": ("deflate", zlib.compress(b"Hello", wbits=-15)),
    "unpacked": ("identity", b"Hello"),
    "empty name": ("", b"Hello"),
}


@pytest.mark.parametrize("how", PACKED)
async def test_body_is_unpacked(web: WebRig, fetcher: Fetcher, how: str) -> None:
    encoding, packed = PACKED[how]
    web.pages["/"] = Page(body=packed, headers={"Content-Encoding": encoding})

    answer = await fetcher.get(web.url + "/")

    assert answer.body == b"Hello"


async def test_empty_body_needs_no_packing(web: WebRig, fetcher: Fetcher) -> None:
    web.pages["/"] = Page(status=410, headers={"Content-Encoding": "gzip"})

    answer = await fetcher.get(web.url + "/")

    assert answer.body == b""


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_followed(web: WebRig, fetcher: Fetcher, status: int) -> None:
    web.pages["/old/feed"] = redirect(status, "../new?a=b#part")
    web.pages["/new"] = Page(body="Hello")

    answer = await fetcher.get(web.url + "/old/feed")

    assert (answer.url, answer.body) == (web.url + "/new?a=b", b"Hello")


@pytest.mark.parametrize(
    ("chain", "moved"),
    [
        ([301], "/1"),
        ([308, 301], "/2"),
        ([301, 302], "/1"),
        ([301, 302, 301], "/1"),
        ([302, 301], None),
        ([307], None),
    ],
)
async def test_moved_is_where_the_permanent_redirects_at_the_start_lead(
    web: WebRig, fetcher: Fetcher, chain: list[int], moved: str | None
) -> None:
    for place, status in enumerate(chain):
        web.pages[f"/{place}"] = redirect(status, f"/{place + 1}")

    answer = await fetcher.get(web.url + "/0")

    assert answer.moved == (moved and web.url + moved)
    assert answer.url == f"{web.url}/{len(chain)}"


async def test_redirect_without_a_location_is_an_answer(web: WebRig, fetcher: Fetcher) -> None:
    web.pages["/"] = Page(body="Hello", status=301)

    answer = await fetcher.get(web.url + "/")

    assert (answer.status, answer.moved, answer.body) == (301, None, b"Hello")


async def test_redirects_end(web: WebRig) -> None:
    web.pages["/a"] = redirect(301, "/b?secret=1")
    web.pages["/b"] = redirect(301, "/a")

    async with Fetcher(agent=AGENT, allow_private=True, limits=Limits(redirects=3)) as fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.get(web.url + "/a")

    assert web.targets == ["/a", "/b?secret=1", "/a", "/b?secret=1"]
    assert str(caught.value) == (
        f"{web.url}/a, redirected to {web.url}/b: it redirects more than 3 times"
    )


async def test_secrets_follow_within_a_site(web: WebRig, fetcher: Fetcher) -> None:
    web.pages["/a"] = redirect(302, "/b")

    await fetcher.get(web.url + "/a", {"X-Api-Key": "secret"})

    assert web.requests[1].headers["x-api-key"] == "secret"


async def test_secrets_do_not_follow_to_another_site_nor_back(
    web: WebRig, fetcher: Fetcher
) -> None:
    web.pages["/a"] = redirect(302, elsewhere(web) + "/b")
    web.pages["/b"] = redirect(302, web.url + "/c")
    headers = {"Authorization": "Bearer secret", "X-Api-Key": "secret", "If-None-Match": '"1"'}

    await fetcher.get(web.url + "/a", headers)

    assert "secret" in str(web.requests[0].headers)
    assert [asked.headers["if-none-match"] for asked in web.requests] == ['"1"'] * 3
    assert "secret" not in str(web.requests[1:])


async def test_credentials_of_the_url_are_sent_and_told_to_nobody(
    web: WebRig, fetcher: Fetcher
) -> None:
    web.pages["/a"] = redirect(301, "/b")
    web.pages["/b"] = redirect(301, elsewhere(web) + "/c")

    answer = await fetcher.get(web.url.replace("//", "//me:s%C3%A9cret@") + "/a")

    sent = [asked.headers.get("authorization") for asked in web.requests]
    basic = "Basic " + base64.b64encode("me:sécret".encode()).decode()
    assert sent == [basic, basic, None]
    assert (answer.url, answer.moved) == (elsewhere(web) + "/c", None)


async def test_form_is_posted(web: WebRig, fetcher: Fetcher) -> None:
    web.pages["/token"] = Page(body='{"ok": true}')

    answer = await fetcher.post(web.url + "/token", {"user": "a&b", "word": "å"})

    asked = web.requests[0]
    assert (asked.method, asked.body) == ("POST", b"user=a%26b&word=%C3%A5")
    assert asked.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert answer.body == b'{"ok": true}'


async def test_form_may_say_one_name_several_times(web: WebRig, fetcher: Fetcher) -> None:
    await fetcher.post(web.url + "/", [("word", "one"), ("word", "two")])

    assert web.requests[0].body == b"word=one&word=two"


async def test_document_is_handed_over_as_it_is(web: WebRig, fetcher: Fetcher) -> None:
    document = b"<rss/>" * 40_000
    web.pages["/told?by=us"] = Page(status=204, headers={"X-Seen": "yes"})

    answer = await fetcher.hand_over(
        web.url + "/told?by=us", document, {"Content-Type": "application/rss+xml; charset=utf-8"}
    )

    asked = web.requests[0]
    assert (asked.method, asked.target, asked.body) == ("POST", "/told?by=us", document)
    assert asked.headers["content-type"] == "application/rss+xml; charset=utf-8"
    assert (answer.status, answer.headers["x-seen"]) == (204, "yes")


async def test_words_that_answer_a_document_are_not_taken(web: WebRig) -> None:
    """Whoever took it may say thank you at any length."""
    web.pages["/"] = Page(body=b"x" * 100_000)
    async with Fetcher(agent=AGENT, allow_private=True, limits=Limits(body_bytes=10)) as fetcher:
        answer = await fetcher.hand_over(web.url + "/", b"news", {})

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_of_a_document_is_not_followed(
    web: WebRig, fetcher: Fetcher, status: int
) -> None:
    web.pages["/"] = redirect(status, "/other")

    answer = await fetcher.hand_over(web.url + "/", b"news", {})

    assert answer.status == status
    assert web.targets == ["/"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_of_a_form_is_not_followed(
    web: WebRig, fetcher: Fetcher, status: int
) -> None:
    web.pages["/"] = redirect(status, "/other")

    answer = await fetcher.post(web.url + "/", {"word": "secret"})

    assert (answer.status, answer.headers["location"]) == (status, "/other")
    assert web.targets == ["/"]
