from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from publisher.model import Publication, Rejection, SourceArticle
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


Read = Callable[..., Awaitable[SourceArticle]]


@pytest.fixture
def read(reading: Reading, site: WordPress) -> Read:
    """Publish a post that says this, and give it as an article."""

    async def read(**said: Any) -> SourceArticle:
        site.publish(1, **said)
        told = (await reading.pass_())["posts/1"]
        assert isinstance(told, SourceArticle), told
        return told

    return read


def rendered(html: str) -> dict[str, str]:
    return {"rendered": html}


async def test_post_becomes_an_article(read: Read) -> None:
    article = await read(
        title=rendered("The &#8220;Frost&#8221; <em>&amp;</em> I"),
        content={"rendered": "<p>Cold.</p>\n", "protected": False},
        at=datetime(2026, 11, 20, 8, 30, tzinfo=UTC),
        modified=datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
        lang="pt_BR",
        sticky=True,
        _embedded={
            "author": [{"id": 1, "name": "Ann &amp; Co", "link": "https://example.org/ann/"}],
            "wp:term": [
                [
                    {"taxonomy": "category", "slug": "arts", "name": "Arts &amp; Life"},
                    {"taxonomy": "category", "slug": "city", "name": "City"},
                ],
                [{"taxonomy": "post_tag", "slug": "ice", "name": "ice"}],
            ],
        },
    )

    assert article.guid == "https://example.org/?p=1"
    assert article.url == "https://example.org/post-1/"
    assert article.title == "The “Frost” & I"
    assert article.html == "<p>Cold.</p>\n"
    assert article.summary == "About 1."
    assert article.published == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert article.updated == datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    assert article.language == "pt-BR"
    assert article.pinned
    assert [(one.name, one.url) for one in article.authors] == [
        ("Ann & Co", "https://example.org/ann/")
    ]
    assert (article.section, article.tags) == ("Arts & Life", ("City", "ice"))


async def test_link_is_the_guid_where_there_is_none(read: Read) -> None:
    article = await read(guid=None)

    assert article.guid == "https://example.org/post-1/"


@pytest.mark.parametrize(
    ("html", "summary"),
    [
        ("<p>Cold days [&hellip;]</p>\n", "Cold days…"),
        ("<p>Cold days [...]</p>", "Cold days…"),
        (
            '<p>Cold days&hellip; <a class="more-link" href="#">Continue reading</a></p>',
            "Cold days…",
        ),
        (
            '<p>Cold days &hellip; <a href="https://example.org/post-1/#more-1">Weiterlesen'
            ' <span class="meta-nav">&rarr;</span></a></p>',
            "Cold days…",
        ),
        ('<p>See <a href="https://example.net/">there</a>.</p>', "See there."),
        ("", ""),
    ],
)
async def test_summary_is_the_excerpt_without_the_way_to_the_rest(
    read: Read, html: str, summary: str
) -> None:
    assert (await read(excerpt=rendered(html))).summary == summary


async def test_what_is_embedded_may_have_gone(read: Read) -> None:
    gone = {"code": "rest_forbidden", "message": "No.", "data": {"status": 401}}

    article = await read(
        _embedded={"author": [gone], "wp:term": [[gone], gone], "wp:featuredmedia": [gone]}
    )

    assert (article.authors, article.tags, article.section, article.image) == ((), (), None, None)


async def test_image_is_the_widest_size_that_is_not_needlessly_wide(read: Read) -> None:
    sizes = {
        name: {"width": width, "source_url": f"https://example.org/{name}.jpg"}
        for name, width in (
            ("thumbnail", 150),
            ("large", 1024),
            ("2048x2048", 2048),
            ("full", 6000),
        )
    }
    media = {
        "media_type": "image",
        "source_url": "https://example.org/full.jpg",
        "media_details": {"sizes": sizes},
    }

    article = await read(_embedded={"wp:featuredmedia": [media]})

    assert article.image == "https://example.org/2048x2048.jpg"


async def test_image_without_sizes_is_the_original(read: Read) -> None:
    media = {"media_type": "image", "source_url": "https://example.org/drawing.svg"}

    assert (await read(_embedded={"wp:featuredmedia": [media]})).image == media["source_url"]


async def test_default_category_is_no_section(read: Read) -> None:
    term = {"taxonomy": "category", "slug": "uncategorized", "name": "Uncategorized"}

    assert (await read(_embedded={"wp:term": [[term]]})).section is None


@pytest.mark.parametrize("written", [None, "", "0000-00-00T00:00:00", "-0001-11-30T00:00:00"])
async def test_empty_date_is_unknown(read: Read, written: str | None) -> None:
    article = await read(date_gmt=written)

    assert article.published is None


async def test_last_save_before_its_hour_is_no_update(read: Read) -> None:
    article = await read(at=START, modified=START - timedelta(days=2))

    assert article.updated is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"title": {"rendered": 7}}, 'its "title.rendered" is no text'),
        ({"title": "Frost"}, 'its "title" holds no "rendered"'),
        ({"content": {"rendered": ["x"], "protected": False}}, '"content.rendered" is no text'),
        ({"content": "x"}, 'its "content" holds no "rendered"'),
        ({"modified_gmt": {"date": 1}}, 'its "modified_gmt" is no text'),
        ({"date_gmt": "2026-13-45T99:99:99"}, "which is no date"),
        ({"guid": None, "link": "/post-1/"}, 'neither a "guid" nor a "link"'),
        ({"title": {"rendered": "<i>" * 300 + "x"}}, "nested more than 250 levels deep"),
    ],
)
async def test_malformed_post_is_a_rejection_that_keeps_none_back(
    reading: Reading, site: WordPress, said: dict[str, Any], reason: str
) -> None:
    site.publish(1, **said)
    site.publish(2)

    told = await reading.pass_()

    refused = told["posts/1"]
    assert isinstance(refused, Rejection)
    assert reason in refused.reason
    assert news(told) == ["posts/2"]


@pytest.mark.parametrize("number", [None, "1", True, -1, 1.5, 2**70, {}])
async def test_post_without_a_usable_id_is_a_rejection(
    reading: Reading, site: WordPress, number: object
) -> None:
    post = {**site.publish(2), "id": number}
    site.web.pages[POSTS] = Page(body=json.dumps([post]), headers={"X-WP-Total": "1"})

    (told,) = (await reading.pass_()).values()

    assert isinstance(told, Rejection)
    assert "without an id" in told.reason


async def test_post_with_a_password_is_passed_over_and_not_asked_for(
    reading: Reading, site: WordPress
) -> None:
    site.publish(1, content={"rendered": "", "protected": True})

    assert await reading.pass_() == {}
    assert reading.last.tells_all
    assert len(site.web.requests) == 1


async def test_post_that_gets_a_password_after_it_was_listed_is_passed_over(
    reading: Reading, site: WordPress
) -> None:
    site.publish(1)

    def protect(asked: Asked) -> None:
        if "_embed" in asked.target:
            site.edit(1, NOON, content={"rendered": "", "protected": True})

    site.before = protect

    assert await reading.pass_() == {}
    assert reading.last.tells_all


async def test_post_of_another_status_is_passed_over(reading: Reading, site: WordPress) -> None:
    post = {**site.publish(1), "status": "private"}
    site.web.pages[POSTS] = Page(body=json.dumps([post]), headers={"X-WP-Total": "1"})

    assert await reading.pass_() == {}
