from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import ValidationError

from publisher.errors import SourceError
from publisher.model import Publication, Rejection, Unchanged
from publisher.sources import wordpress
from publisher.sources.wordpress import Settings
from tests.rig.reading import Reading, news
from tests.rig.web import Asked, Page, WebRig
from tests.rig.wordpress import WordPress, source

POSTS = "/wp-json/wp/v2/posts"


@pytest.fixture
async def web() -> AsyncIterator[WebRig]:
    async with WebRig() as rig:
        yield rig


@pytest.fixture
def site(web: WebRig) -> WordPress:
    return WordPress(web)


@pytest.fixture
def reading(publication: Publication, site: WordPress) -> Reading:
    return Reading(source(publication, site))


async def test_site_below_a_path_is_asked_there(publication: Publication, web: WebRig) -> None:
    site = WordPress(web, path="/blog")
    site.publish(1)

    told = await Reading(source(publication, site, url=f"{site.url}/")).pass_()

    assert news(told) == ["posts/1"]


async def test_site_without_pretty_permalinks_is_asked_by_query(
    publication: Publication, web: WebRig
) -> None:
    site = WordPress(web, is_pretty=False)
    site.publish(1)
    reading = Reading(source(publication, site))

    assert news(await reading.pass_()) == ["posts/1"]
    web.requests.clear()
    await reading.pass_()
    assert not [target for target in web.targets if target.startswith("/wp-json")]


async def test_site_that_gets_pretty_permalinks_is_found_again(
    publication: Publication, web: WebRig
) -> None:
    site = WordPress(web, is_pretty=False)
    site.publish(1)
    reading = Reading(source(publication, site))
    await reading.pass_()
    site.open("posts")
    del web.pages["/"]

    assert await reading.pass_() == {"posts/1": Unchanged(origin="posts/1")}


async def test_unknown_type_fails_by_its_name(publication: Publication, site: WordPress) -> None:
    site.close("books")

    with pytest.raises(SourceError, match=r'^source "blog": the site has no "books"'):
        await Reading(source(publication, site, types=["books"])).pass_()


async def test_password_is_sent_and_opens_the_site(
    publication: Publication, site: WordPress
) -> None:
    site.login = ("ann", "abcd efgh ijkl")
    site.publish(1)

    told = await Reading(
        source(publication, site, username="ann", password="abcd efgh ijkl")
    ).pass_()

    assert news(told) == ["posts/1"]


async def test_refused_password_fails_without_being_told(
    publication: Publication, site: WordPress
) -> None:
    site.login = ("ann", "another")
    site.web.pages[POSTS] = Page(
        status=401, body='{"code": "incorrect_password", "message": "wrong: abcd efgh"}'
    )

    with pytest.raises(SourceError, match="refuses username and password") as failure:
        await Reading(source(publication, site, username="ann", password="abcd efgh")).pass_()

    assert "abcd" not in str(failure.value)


async def test_closed_site_asks_for_a_password(reading: Reading, site: WordPress) -> None:
    site.login = ("ann", "x")

    with pytest.raises(SourceError, match=r"answers 401; .* set username"):
        await reading.pass_()


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"url": "http://example.org", "username": "a", "password": "secret"}, "https://"),
        ({"username": "a"}, "go together"),
        ({"password": "secret"}, "go together"),
        ({"username": "a", "password": ""}, "at least 1"),
        ({"username": "", "password": "secret"}, "at least 1"),
        ({"username": "a:b", "password": "secret"}, "colon"),
        ({"url": "https://u:secret@example.org"}, "not usable"),
        ({"url": "ftp://example.org"}, "not usable"),
        ({"types": []}, "at least 1"),
        ({"types": ["../users"]}, "pattern"),
    ],
)
def test_unusable_settings_are_refused(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault) as refusal:
        Settings.model_validate({"url": "https://example.org", **settings})

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (Page(body="<!DOCTYPE html><title>Shop</title>"), "no WordPress REST API is found"),
        (Page(status=404, body="<h1>Not found</h1>"), "no WordPress REST API is found"),
        (Page(body='{"posts": []}'), "no list of posts"),
        (Page(body="[1, 2"), "no JSON"),
        (Page(body=b"[\xff\xfe]"), "no JSON"),
        (Page(body="[" * 100_000), "no JSON"),
        (Page(body="[" + "9" * 5000 + "]"), "no JSON"),
        (Page(status=403, body="<h1>Forbidden</h1>"), "answers 403"),
        (Page(status=500, body='{"code": "x", "message": "Out of memory"}'), "Out of memory"),
        (Page(status=410), "has gone for good"),
    ],
)
async def test_bad_answer_fails_with_a_sentence(
    reading: Reading, site: WordPress, page: Page, sentence: str
) -> None:
    site.web.pages = {POSTS: page}

    with pytest.raises(SourceError, match=rf'^source "blog": .*{sentence}'):
        await reading.pass_()


@pytest.mark.parametrize("status", [429, 503])
async def test_site_is_left_alone_for_as_long_as_it_asks(
    reading: Reading, site: WordPress, status: int
) -> None:
    site.web.pages[POSTS] = Page(status=status, headers={"Retry-After": "600"})

    with pytest.raises(SourceError, match=f"answers {status}") as failure:
        await reading.pass_()

    assert failure.value.rest == timedelta(minutes=10)


async def test_list_entries_that_are_no_objects_are_one_rejection(
    reading: Reading, site: WordPress
) -> None:
    site.web.pages[POSTS] = Page(body='[1, null, "x", []]', headers={"X-WP-Total": "4"})

    assert list(await reading.pass_()) == ["posts/?"]


async def test_byte_order_mark_before_the_data_does_no_harm(
    reading: Reading, site: WordPress
) -> None:
    site.web.pages = {POSTS: Page(body=b"\xef\xbb\xbf[]", headers={"X-WP-Total": "0"})}

    assert await reading.pass_() == {}


async def test_list_without_end_is_given_up(
    reading: Reading, site: WordPress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wordpress, "_MOST_POSTS", 1000)

    def answer(asked: Asked) -> Page:
        if "_embed" in asked.target:
            return Page(body="[]")
        start = int(dict(parse_qsl(urlsplit(asked.target).query))["offset"])
        return Page(
            body=json.dumps([{"id": n} for n in range(start + 1, start + 101)]),
            headers={"X-WP-Total": "999999999"},
        )

    site.web.pages[POSTS] = answer

    with pytest.raises(SourceError, match='more than 1,000 of its "posts"'):
        await reading.pass_()


async def test_posts_that_are_too_large_together_are_asked_for_by_fewer(
    reading: Reading, site: WordPress
) -> None:
    large = {"rendered": "x" * (3 * 1024 * 1024), "protected": False}
    for number in range(1, 7):
        site.publish(number, content=large)

    told = await reading.pass_()

    assert len(news(told)) == 6


async def test_post_that_is_too_large_by_itself_is_a_rejection(
    reading: Reading, site: WordPress
) -> None:
    site.publish(1, content={"rendered": "x" * (11 * 1024 * 1024), "protected": False})
    site.publish(2)

    told = await reading.pass_()

    assert isinstance(told["posts/1"], Rejection)
    assert news(told) == ["posts/2"]
