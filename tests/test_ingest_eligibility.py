from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from publisher.model import Article, Selection
from publisher.store import articles
from tests.rig.builders import Crash, TellingSource, publication, told
from tests.rig.desk import Desk


async def newest(desk: Desk) -> list[str]:
    """What feeds would show now."""
    async with desk.store.read() as connection:
        found = await articles.newest(connection, Selection(), desk.clock(), limit=1000)
    return [article.guid for article in found]


async def only_article(desk: Desk) -> Article:
    (article,) = await desk.all_articles()
    return article


async def test_future_article_is_in_feeds_only_when_its_time_has_come(desk: Desk) -> None:
    await desk.bring("later", published=desk.clock() + timedelta(hours=2))
    before = await newest(desk)
    desk.clock.advance(hours=2)

    assert before == []
    assert await newest(desk) == ["later"]


async def test_undated_and_back_dated_articles_are_new_when_first_seen(desk: Desk) -> None:
    await desk.bring("undated")
    await desk.bring("old", published=datetime(2019, 5, 1, tzinfo=UTC))

    eligible = {article.guid: article.eligible for article in await desk.all_articles()}

    assert eligible == {"undated": desk.clock(), "old": desk.clock()}


async def test_embargo_that_is_moved_moves_the_mail(desk: Desk) -> None:
    evening = desk.clock() + timedelta(hours=10)
    await desk.bring("one", published=evening)
    desk.source.tells = [told("one", published=evening + timedelta(days=1))]

    await desk.take_in()

    assert (await only_article(desk)).eligible == evening + timedelta(days=1)


async def test_embargo_that_is_lifted_lets_the_mail_go(desk: Desk) -> None:
    await desk.bring("one", published=desk.clock() + timedelta(hours=10))
    desk.clock.advance(hours=1)
    desk.source.tells = [told("one", published=desk.clock())]

    await desk.take_in()

    assert (await only_article(desk)).eligible == desk.clock()


async def test_first_load_mails_only_the_newest(desk: Desk) -> None:
    day = desk.clock() - timedelta(days=10)
    desk.source.tells = [told(f"a{n:02}", published=day + timedelta(hours=n)) for n in range(25)]

    await desk.take_in(mailed=3)

    mailed = {each.guid for each in await desk.all_articles() if each.eligible is not None}
    assert mailed == {"a22", "a23", "a24"}


async def test_article_that_comes_after_the_first_load_is_mailed(desk: Desk) -> None:
    desk.source.tells = [told("old")]
    await desk.take_in(mailed=0)
    desk.source.tells += [told("new")]
    await desk.take_in(mailed=0)

    assert (await desk.article("old")).eligible is None
    assert (await desk.article("new")).eligible == desk.clock()


async def test_archive_is_mailed_to_nobody_while_it_is_being_loaded(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An issue may be due, or the process end, between two chunks of the first load."""
    monkeypatch.setattr("publisher.ingest.passes._CHUNK", 2)
    whole = [told(name) for name in "abcde"]
    desk.source.tells = [*whole[:4], Crash()]
    with pytest.raises(Crash):
        await desk.take_in(mailed=1)
    during = [article.eligible for article in await desk.all_articles()]
    desk.source.tells = list(whole)

    await desk.take_in(mailed=1)

    assert during == [None] * 4
    after = [each.guid for each in await desk.all_articles() if each.eligible is not None]
    assert len(after) == 1


# --- uri


async def test_uri_survives_a_change_of_address_and_date(desk: Desk) -> None:
    await desk.bring("one")
    before = await only_article(desk)
    desk.publication = publication(base_url="https://new.example.com")
    desk.clock.advance(days=400)
    desk.source.tells = [told("one", title="Corrected")]

    await desk.take_in()

    assert before.uri == "tag:news.example.org,2026-11-23:newsroom/one"
    assert (await only_article(desk)).uri == before.uri


async def test_guid_that_is_an_iri_is_the_uri(desk: Desk) -> None:
    await desk.bring("https://old.example.org/?p=7", origin="7", slug="seven")

    assert (await only_article(desk)).uri == "https://old.example.org/?p=7"


async def test_two_sources_with_one_guid_have_two_uris(desk: Desk) -> None:
    guid = "https://old.example.org/?p=7"
    await desk.take_in(TellingSource(told(guid), name="newsroom"))
    await desk.take_in(TellingSource(told(guid), name="mirror"))

    assert len({article.uri for article in await desk.all_articles()}) == 2
