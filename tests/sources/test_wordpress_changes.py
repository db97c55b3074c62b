from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import parse_qsl, urlsplit

import pytest

from publisher.model import Publication, SourceArticle, Unchanged
from tests.rig.reading import Reading, news
from tests.rig.visits import NOON
from tests.rig.web import Asked, Page, WebRig
from tests.rig.wordpress import START, WordPress, source

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


def rendered(html: str) -> dict[str, str]:
    return {"rendered": html}


# --- what has changed -------------------------------------------------------------------


async def test_first_pass_tells_all_there_is(reading: Reading, site: WordPress) -> None:
    for number in range(1, 251):
        site.publish(number)

    told = await reading.pass_()

    assert news(told) == [f"posts/{number}" for number in range(1, 251)]
    assert reading.last.tells_all
    assert sum("_fields" in target for target in site.web.targets) == 3


async def test_pass_without_news_asks_for_no_text(reading: Reading, site: WordPress) -> None:
    for number in range(1, 50):
        site.publish(number)
    await reading.pass_()
    site.web.requests.clear()

    told = await reading.pass_()

    assert news(told) == []
    assert len(site.web.requests) == 2
    assert all("_fields" in target for target in site.web.targets)
    assert reading.last.is_increment
    assert not reading.last.tells_all


async def test_edited_post_is_told_again(reading: Reading, site: WordPress) -> None:
    for number in range(1, 50):
        site.publish(number)
    await reading.pass_()
    site.edit(3, START + timedelta(days=5), title=rendered("Thaw"))

    told = await reading.pass_()

    assert news(told) == ["posts/3"]


async def test_post_saved_in_the_second_of_the_newest_is_told(
    reading: Reading, site: WordPress
) -> None:
    site.publish(1, at=START)
    await reading.pass_()
    site.publish(2, at=START)

    told = await reading.pass_()

    assert told == {"posts/1": Unchanged(origin="posts/1"), "posts/2": told["posts/2"]}
    assert news(told) == ["posts/2"]


async def test_scheduled_post_is_told_though_it_was_saved_long_ago(
    reading: Reading, site: WordPress
) -> None:
    """When its hour comes WordPress publishes it without touching its time of change."""
    site.publish(1, at=START + timedelta(days=9))
    await reading.pass_()
    site.publish(2, at=START + timedelta(days=10), modified=START)

    assert news(await reading.pass_()) == ["posts/2"]


async def test_times_are_asked_for_whatever_the_sites_clock_shows(
    publication: Publication, web: WebRig
) -> None:
    site = WordPress(web, zone="America/Los_Angeles")
    reading = Reading(source(publication, site))
    site.publish(1, at=START)
    await reading.pass_()
    site.publish(2, at=START + timedelta(minutes=1))

    assert news(await reading.pass_()) == ["posts/2"]


async def test_post_saved_in_the_hour_that_comes_twice_is_told(
    publication: Publication, web: WebRig
) -> None:
    site = WordPress(web, zone="Europe/Berlin")
    reading = Reading(source(publication, site))
    site.publish(1, at=datetime(2026, 10, 25, 0, 50, tzinfo=UTC))  # 02:50, for the first time
    await reading.pass_()
    site.publish(2, at=datetime(2026, 10, 25, 1, 10, tzinfo=UTC))  # 02:10, for the second

    assert news(await reading.pass_()) == ["posts/2"]


async def test_time_in_the_future_hides_nothing(reading: Reading, site: WordPress) -> None:
    site.publish(1, at=datetime(2099, 1, 1, tzinfo=UTC))
    await reading.pass_()
    site.publish(2, at=NOON + timedelta(minutes=1))

    assert news(await reading.pass_(NOON + timedelta(minutes=2))) == ["posts/2"]


async def test_other_types_bring_everything_at_once(
    publication: Publication, reading: Reading, site: WordPress
) -> None:
    site.open("pages")
    site.publish(1, kind="pages", at=START)
    site.publish(2, at=START + timedelta(days=5))
    await reading.pass_()
    wider = Reading(source(publication, site, types=["posts", "pages"]), reading)

    told = await wider.pass_()

    assert news(told) == ["pages/1"]
    assert wider.last.tells_all


# --- all there is -----------------------------------------------------------------------


async def test_everything_is_listed_once_a_day(reading: Reading, site: WordPress) -> None:
    for number in range(1, 150):
        site.publish(number)
    await reading.pass_()
    await reading.pass_(NOON + timedelta(hours=23))
    assert not reading.last.tells_all
    site.web.requests.clear()
    site.withdraw(7)
    site.publish(150, at=START - timedelta(days=900))

    told = await reading.pass_(NOON + timedelta(hours=24))

    assert reading.last.tells_all
    assert "posts/7" not in told
    assert news(told) == ["posts/150"]
    assert sum("_embed" in target for target in site.web.targets) == 1


async def test_wrong_clock_keeps_no_sweep_away(reading: Reading, site: WordPress) -> None:
    site.publish(1)
    await reading.pass_(NOON + timedelta(days=9000))

    await reading.pass_()

    assert reading.last.tells_all


async def test_post_that_is_pinned_without_being_saved_is_told_within_a_day(
    reading: Reading, site: WordPress
) -> None:
    site.publish(1, sticky=False)
    site.publish(2, sticky=False)
    await reading.pass_()
    site.posts["posts"][1]["sticky"] = True

    told = await reading.pass_(NOON + timedelta(days=1))

    assert news(told) == ["posts/1"]


async def test_post_is_not_missed_when_others_go_while_the_list_is_read(
    reading: Reading, site: WordPress
) -> None:
    for number in range(1, 301):
        site.publish(number)
    asked = count()

    def withdraw(_: Asked) -> None:
        if next(asked) == 6:  # the first page has been read, with its texts
            for number in range(1, 61):
                site.withdraw(number)

    site.before = withdraw

    told = await reading.pass_()

    assert set(told) == {f"posts/{number}" for number in range(1, 301)}
    assert reading.last.tells_all


async def test_post_is_not_missed_when_another_is_edited_while_the_list_is_read(
    reading: Reading, site: WordPress
) -> None:
    for number in range(1, 202):
        site.publish(number)
    await reading.pass_()
    for number in range(1, 202):
        site.edit(number, NOON)
    asked = count()

    def edit(_: Asked) -> None:
        if next(asked) == 3:
            site.edit(5, NOON + timedelta(minutes=1), title=rendered("Thaw"))

    site.before = edit

    told = await reading.pass_(NOON + timedelta(minutes=2))
    told |= await reading.pass_(NOON + timedelta(minutes=3))

    assert reading.known.keys() == {f"posts/{number}" for number in range(1, 202)}
    assert isinstance(told["posts/5"], SourceArticle)
    assert told["posts/5"].title == "Thaw"


async def test_list_that_is_shorter_than_its_count_withdraws_nothing(
    reading: Reading, site: WordPress
) -> None:
    site.publish(1)
    site.headers = {"X-WP-Total": "2"}

    told = await reading.pass_()
    assert news(told) == ["posts/1"]
    assert not reading.last.tells_all

    site.headers = {}
    await reading.pass_(NOON + timedelta(hours=1))
    assert reading.last.tells_all


async def test_post_that_is_listed_and_not_given_withdraws_nothing(
    reading: Reading, site: WordPress
) -> None:
    site.publish(1)
    site.publish(2)

    def withdraw(asked: Asked) -> None:
        if "_embed" in asked.target:
            site.withdraw(2)

    site.before = withdraw

    assert news(await reading.pass_()) == ["posts/1"]
    assert not reading.last.tells_all


async def test_site_that_keeps_to_no_order_ends_and_withdraws_nothing(
    reading: Reading, site: WordPress
) -> None:
    numbers = count(1)

    def answer(asked: Asked) -> Page:
        wanted = dict(parse_qsl(urlsplit(asked.target).query)).get("include")
        ids = wanted.split(",") if wanted else [next(numbers) for _ in range(100)]
        posts = [{"id": int(n), "link": f"https://example.org/{n}"} for n in ids]
        return Page(body=json.dumps(posts), headers={"X-WP-Total": "1000"})

    site.web.pages[POSTS] = answer

    assert len(news(await reading.pass_())) >= 1000
    assert not reading.last.tells_all


async def test_site_that_gives_the_same_page_again_and_again_ends(
    reading: Reading, site: WordPress
) -> None:
    listed = [{"id": n, "modified_gmt": "2026-11-01T08:00:00"} for n in range(1, 101)]
    site.web.pages[POSTS] = lambda asked: Page(
        body="[]" if "_embed" in asked.target else json.dumps(listed),
        headers={"X-WP-Total": "999999999"},
    )

    assert await reading.pass_() == {}
    assert not reading.last.tells_all
