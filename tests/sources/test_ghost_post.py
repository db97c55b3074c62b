from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from publisher.model import Publication, Rejection, SourceArticle
from tests.rig.ghost import Ghost, source
from tests.rig.reading import Reading, news
from tests.rig.web import Page, WebRig


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


Read = Callable[..., Awaitable[SourceArticle]]


@pytest.fixture
def read(reading: Reading, site: Ghost) -> Read:
    """Publish a post that says this, and give it as an article."""

    async def read(**said: Any) -> SourceArticle:
        site.publish(1, **said)
        (told,) = (await reading.pass_()).values()
        assert isinstance(told, SourceArticle), told
        return told

    return read


def tag(name: str, visibility: str = "public") -> dict[str, str]:
    return {"name": name, "slug": name.lower(), "visibility": visibility}


def origin(number: int) -> str:
    return f"posts/{number:024x}"


async def test_post_becomes_an_article(read: Read) -> None:
    article = await read(
        at=datetime(2026, 11, 20, 8, 30, tzinfo=UTC),
        updated_at="2026-11-21T10:00:00.000+01:00",
        title="Frost & <ice>",
        html="<p>Cold.</p>",
        custom_excerpt="It froze.",
        feature_image="https://example.org/frost.jpg",
        featured=True,
        primary_tag=tag("City"),
        tags=[tag("City"), tag("Ice"), tag("#hidden"), tag("Inner", "internal")],
        authors=[{"name": "Ann", "url": "https://example.org/author/ann/"}, {"name": "Bo"}],
    )

    assert article.guid == "00000000-0000-4000-8000-000000000001"
    assert article.url == "https://example.org/post-1/"
    assert article.title == "Frost & <ice>"
    assert article.html == "<p>Cold.</p>"
    assert article.summary == "It froze."
    assert article.published == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert article.updated == datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    assert article.image == "https://example.org/frost.jpg"
    assert article.pinned
    assert (article.section, article.tags) == ("City", ("Ice",))
    assert [(one.name, one.url) for one in article.authors] == [
        ("Ann", "https://example.org/author/ann/"),
        ("Bo", None),
    ]


async def test_id_is_the_guid_where_there_is_no_uuid(read: Read) -> None:
    assert (await read(uuid=None)).guid == f"{1:024x}"


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ({"canonical_url": "https://example.net/frost"}, "https://example.net/frost"),
        ({"canonical_url": "frost"}, "https://example.org/post-1/"),
        ({"url": "https://example.org/404/"}, None),
    ],
)
async def test_url_is_where_the_post_is_read(
    read: Read, said: dict[str, str], url: str | None
) -> None:
    assert (await read(**said)).url == url


async def test_excerpt_that_ghost_cut_is_not_the_summary(read: Read) -> None:
    assert (await read(excerpt="Cold, and co")).summary == ""


@pytest.mark.parametrize("visibility", ["members", "paid", "tiers"])
async def test_post_for_members_is_passed_over(
    reading: Reading, site: Ghost, visibility: str
) -> None:
    site.publish(1, visibility=visibility)

    assert await reading.pass_() == {}
    assert reading.last.tells_all


async def test_post_for_members_is_passed_over_where_it_is_listed_all_the_same(
    reading: Reading, site: Ghost
) -> None:
    post = site.posts[site.publish(1, visibility="paid")]
    listed = {"posts": [post], "meta": {"pagination": {"pages": 1}}}
    site.web.pages[site.route] = Page(body=json.dumps(listed))

    assert await reading.pass_() == {}


async def test_post_for_members_is_told_with_what_everybody_sees_if_that_is_wanted(
    publication: Publication, site: Ghost
) -> None:
    site.publish(1, visibility="members", html="<p>Secret.</p>", excerpt="A secret.")
    site.publish(2, visibility="paid", html="<p>Open.</p><!--members-only--><p>Secret.</p>")

    told = await Reading(source(publication, site, members_only=True)).pass_()

    one, two = told.values()
    assert isinstance(one, SourceArticle)
    assert isinstance(two, SourceArticle)
    assert (one.html, one.summary) == ("", "A secret.")
    assert (two.html, two.summary) == ("<p>Open.</p>", "")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"title": 7}, 'its "title" is no text'),
        ({"html": ["x"]}, 'its "html" is no text'),
        ({"updated_at": 1_780_000_000}, 'its "updated_at" is no text'),
        ({"published_at": "soon"}, '"published_at" is "soon", which is no date'),
        ({"published_at": "2026-11-01T00:00:00+99:99"}, "which is no date"),
        ({"tags": [{"name": 7}]}, 'its "name" is no text'),
        ({"uuid": {}}, 'its "uuid" is no text'),
    ],
)
async def test_malformed_post_is_a_rejection_that_keeps_none_back(
    reading: Reading, site: Ghost, said: dict[str, Any], reason: str
) -> None:
    site.publish(1, **said)
    site.publish(2)

    told = await reading.pass_()

    refused = told[origin(1)]
    assert isinstance(refused, Rejection)
    assert reason in refused.reason
    assert news(told) == [origin(2)]


@pytest.mark.parametrize("id_", [None, 7, "", "a,b", "x'+status:draft+id:>'", ["x"]])
async def test_post_without_a_usable_id_is_a_rejection(
    reading: Reading, site: Ghost, id_: object
) -> None:
    post = {**site.posts[site.publish(1)], "id": id_}
    listed = {"posts": [post], "meta": {"pagination": {"pages": 1}}}
    site.web.pages[site.route] = Page(body=json.dumps(listed))

    (told,) = (await reading.pass_()).values()

    assert isinstance(told, Rejection)
    assert "without an id" in told.reason
