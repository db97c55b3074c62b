from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import ValidationError

from publisher.errors import SourceError
from publisher.model import Publication, Unchanged
from publisher.sources import _api
from publisher.sources.ghost import Settings
from tests.rig.ghost import KEY, START, Ghost, source
from tests.rig.reading import Reading, news
from tests.rig.visits import NOON
from tests.rig.web import Asked, Page, WebRig

# A page that lists a post, as it is asked for it.
LISTING = "fields="


@pytest.fixture
async def web() -> AsyncIterator[WebRig]:
    async with WebRig() as rig:
        yield rig


@pytest.fixture
def site(web: WebRig) -> Ghost:
    return Ghost(web)


@pytest.fixture
def reading(publication: Publication, site: Ghost) -> Reading:
    return Reading(source(publication, site))


def filter_of(asked: Asked) -> str:
    return dict(parse_qsl(urlsplit(asked.target).query))["filter"]


def origin(number: int) -> str:
    return f"posts/{number:024x}"


# --- what has changed, and all there is -------------------------------------------------


async def test_first_pass_tells_all_there_is(reading: Reading, site: Ghost) -> None:
    for number in range(1, 251):
        site.publish(number)

    told = await reading.pass_()

    assert news(told) == [origin(number) for number in range(1, 251)]
    assert reading.last.tells_all


async def test_pass_without_news_is_one_request(reading: Reading, site: Ghost) -> None:
    for number in range(1, 50):
        site.publish(number)
    await reading.pass_()
    site.web.requests.clear()

    told = await reading.pass_()

    assert news(told) == []
    assert len(told) < 5
    assert len(site.web.requests) == 1
    assert reading.last.is_increment
    assert not reading.last.tells_all


async def test_edited_post_is_told_again(reading: Reading, site: Ghost) -> None:
    for number in range(1, 50):
        site.publish(number)
    await reading.pass_()
    site.edit(f"{3:024x}", START + timedelta(days=5), title="Thaw")

    assert news(await reading.pass_()) == [origin(3)]


async def test_post_saved_in_the_second_of_the_newest_is_told(
    reading: Reading, site: Ghost
) -> None:
    site.publish(1, at=START)
    await reading.pass_()
    site.publish(2, at=START)

    told = await reading.pass_()

    assert told[origin(1)] == Unchanged(origin=origin(1))
    assert news(told) == [origin(2)]


async def test_post_whose_hour_has_come_is_told_though_it_was_saved_long_ago(
    reading: Reading, site: Ghost
) -> None:
    site.publish(1, at=START + timedelta(days=9))
    await reading.pass_()
    site.publish(2, at=START + timedelta(days=10), updated_at="2026-10-01T08:00:00.000+00:00")

    assert news(await reading.pass_()) == [origin(2)]


async def test_everything_is_listed_once_a_day(reading: Reading, site: Ghost) -> None:
    for number in range(1, 150):
        site.publish(number)
    await reading.pass_()
    del site.posts[f"{7:024x}"]
    site.publish(150, at=START - timedelta(days=900))

    told = await reading.pass_(NOON + timedelta(days=1))

    assert reading.last.tells_all
    assert origin(7) not in told
    assert news(told) == [origin(150)]


async def test_post_that_is_featured_without_being_saved_is_told_within_a_day(
    reading: Reading, site: Ghost
) -> None:
    id_ = site.publish(1, featured=False)
    site.publish(2, featured=False)
    await reading.pass_()
    site.posts[id_]["featured"] = True

    told = await reading.pass_(NOON + timedelta(days=1))

    assert news(told) == [f"posts/{id_}"]


async def test_post_is_not_missed_when_others_go_while_the_list_is_read(
    reading: Reading, site: Ghost
) -> None:
    for number in range(1, 301):
        site.publish(number)
    listings = count()

    def withdraw(asked: Asked) -> None:
        if LISTING in asked.target and next(listings) == 1:
            for number in range(1, 61):
                del site.posts[f"{number:024x}"]

    site.before = withdraw

    told = await reading.pass_()

    assert set(told) == {origin(number) for number in range(1, 301)}


async def test_wanting_what_is_for_members_brings_it_at_once(
    publication: Publication, reading: Reading, site: Ghost
) -> None:
    site.publish(1, visibility="members")
    site.publish(2, at=START + timedelta(days=9))
    await reading.pass_()

    told = await Reading(source(publication, site, members_only=True), reading).pass_()

    assert news(told) == [origin(1)]


# --- the site ---------------------------------------------------------------------------


async def test_what_is_asked_is_what_ghost_knows(reading: Reading, site: Ghost) -> None:
    site.publish(1)
    await reading.pass_()
    await reading.pass_()

    first, _, third = site.web.requests
    assert first.headers["accept-version"] == "v5.0"
    assert filter_of(first) == "visibility:public"
    moment = "2026-11-01 07:00:00"
    assert filter_of(third) == (
        f"visibility:public+(updated_at:>'{moment}',published_at:>'{moment}')"
    )


async def test_refused_key_fails_without_being_told(publication: Publication, web: WebRig) -> None:
    key = "deadbeefdeadbeefdeadbeef00"

    with pytest.raises(
        SourceError, match=r'^source "blog": .* the site refuses the key'
    ) as failure:
        await Reading(source(publication, Ghost(web), key=key)).pass_()

    assert "Unknown Content API Key" in str(failure.value)
    assert key not in str(failure.value)


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (Page(status=404, body="Not found"), "answers 404"),
        (Page(body="<!DOCTYPE html><title>Shop</title>"), "no JSON"),
        (Page(body="[" * 100_000), "no JSON"),
        (Page(body="[]"), "no list of posts"),
        (Page(body='{"posts": {}, "meta": {}}'), "no list of posts"),
        (Page(body='{"posts": [], "meta": {"pagination": {"pages": "1"}}}'), "no list of posts"),
        (Page(body='{"posts": [7], "meta": {"pagination": {"pages": 2}}}'), "order asked for"),
        (
            Page(
                body='{"posts": [{"id": "b"}, {"id": "a"}], "meta": {"pagination": {"pages": 1}}}'
            ),
            "order asked for",
        ),
        (
            Page(body='{"posts": [{"id": "a"}], "meta": {"pagination": {"pages": 2}}}'),
            "order asked for",
        ),
        (Page(status=500, body=f'{{"errors": [{{"message": "Fault at {KEY}"}}]}}'), "Fault at"),
        (Page(status=302, headers={"Location": f"ftp://example.org/{KEY}"}), "not an http"),
        (Page(body=b"x" * 11 * 1024 * 1024), "larger than"),
    ],
)
async def test_bad_answer_fails_with_a_sentence_and_without_the_key(
    reading: Reading, site: Ghost, page: Page, sentence: str
) -> None:
    site.web.pages[site.route] = page

    with pytest.raises(SourceError, match=rf'^source "blog": .*{sentence}') as failure:
        await reading.pass_()

    assert KEY not in str(failure.value)
    assert "key=" not in str(failure.value)


@pytest.mark.parametrize("status", [429, 503])
async def test_site_is_left_alone_for_as_long_as_it_asks(
    reading: Reading, site: Ghost, status: int
) -> None:
    site.web.pages[site.route] = Page(status=status, headers={"Retry-After": "600"})

    with pytest.raises(SourceError, match=f"answers {status}") as failure:
        await reading.pass_()

    assert failure.value.rest == timedelta(minutes=10)


async def test_list_without_end_is_given_up(
    reading: Reading, site: Ghost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_api, "_MOST_REQUESTS", 10)
    numbers = count(1)

    def answer(asked: Asked) -> Page:
        posts = [{"id": f"{next(numbers):024x}"}] if LISTING in asked.target else []
        return Page(body=json.dumps({"posts": posts, "meta": {"pagination": {"pages": 2}}}))

    site.web.pages[site.route] = answer

    with pytest.raises(SourceError, match="no end within 10 requests"):
        await reading.pass_()


async def test_posts_that_are_too_large_together_are_asked_for_by_fewer(
    reading: Reading, site: Ghost
) -> None:
    for number in range(1, 7):
        site.publish(number, html="x" * (3 * 1024 * 1024))

    assert len(news(await reading.pass_())) == 6


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"key": "64fc:secret"}, "no Content API key"),
        ({"key": ""}, "no Content API key"),
        ({"url": "example.org"}, "not usable"),
        ({"url": "https://example.org/?a=b"}, "not usable"),
    ],
)
def test_unusable_settings_are_refused(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault) as refusal:
        Settings.model_validate({"url": "https://example.org", "key": KEY, **settings})

    assert "secret" not in str(refusal.value)
    assert KEY not in str(refusal.value)
