"""Articles that are handed over: what becomes of them, on each database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pydantic
import pytest

from publisher.app import App
from publisher.model import Article, ArticleState, Rejection, SourceArticle
from publisher.sources import push
from publisher.sources.push import Pushed, PushState
from publisher.store import articles, sources
from tests.rig import builders, pushing
from tests.rig.clock import SettableClock
from tests.rig.visits import visit


@pytest.fixture
async def app(tmp_path: Path, database_url: str, clock: SettableClock) -> AsyncIterator[App]:
    async with pushing.at_the_press(tmp_path, database_url, clock) as opened:
        yield opened


def handed(guid: str = "frost", **changes: Any) -> SourceArticle:
    return builders.told(guid, origin=guid, **changes)


async def state_of(app: App, told: SourceArticle, name: str = "press") -> PushState:
    pushed = await app.sources.push(name, told)
    assert isinstance(pushed, Pushed), pushed
    return pushed.state


async def all_articles(app: App) -> list[Article]:
    async with app.store.read() as connection:
        return [article async for article in articles.listing(connection)]


async def status(app: App) -> sources.SourceStatus:
    async with app.store.read() as connection:
        return await sources.status(connection, "press")


@pytest.mark.parametrize(
    "token", ["", "nineteen-characters", "x" * 30 + " ", "x" * 30 + "\n", "ü" * 30, "=" * 30]
)
def test_token_is_long_and_can_be_sent_in_a_header(token: str) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        push.Settings(token=pydantic.SecretStr(token))

    assert not token or token not in str(caught.value)


async def test_source_has_nothing_to_tell_and_withdraws_nothing() -> None:
    settings = push.Settings(token=pydantic.SecretStr(pushing.TOKEN))
    publication = builders.publication(timezone=ZoneInfo("UTC"))
    pass_ = visit()

    told = [one async for one in push.make("press", settings, publication).articles(pass_)]

    assert told == []
    assert (pass_.is_increment, pass_.tells_all) == (True, False)


async def test_pushed_article_is_live_and_tells_where_it_is(app: App) -> None:
    pushed = await app.sources.push("press", handed(title="First frost"))

    assert pushed == Pushed(
        guid="frost",
        slug="first-frost",
        url="https://news.example.org/articles/first-frost",
        state=PushState.NEW,
    )
    (article,) = await all_articles(app)
    assert (article.source, article.state) == ("press", ArticleState.LIVE)


async def test_pushed_again_it_is_unchanged_or_changed(app: App) -> None:
    states = [
        await state_of(app, told)
        for told in (handed(), handed(stamp="other"), handed(title="Late frost"))
    ]

    assert states == [PushState.NEW, PushState.UNCHANGED, PushState.CHANGED]
    assert [article.title for article in await all_articles(app)] == ["Late frost"]


async def test_each_push_leaves_the_others_as_they_are(app: App) -> None:
    await app.sources.push("press", handed("frost"))
    await app.sources.push("press", handed("flood"))
    await app.sources.ingest("press")

    assert {article.state for article in await all_articles(app)} == {ArticleState.LIVE}


async def test_first_push_is_mailed_whatever_start_says(app: App) -> None:
    """The config says start = "now", which is for what a source has when it is first met."""
    await app.sources.push("press", handed())

    (article,) = await all_articles(app)
    assert article.eligible is not None


async def test_same_guid_of_two_sources_is_two_articles(app: App) -> None:
    states = [
        await state_of(app, handed("1", title="Frost"), "press"),
        await state_of(app, handed("1", title="Flood"), "agency"),
    ]

    assert states == [PushState.NEW, PushState.NEW]
    assert {article.title for article in await all_articles(app)} == {"Frost", "Flood"}


async def test_refused_article_is_told_and_kept_nowhere(app: App) -> None:
    await app.sources.push("press", handed(title="First frost"))

    refused = await app.sources.push(
        "press", handed(title="Late frost", url="ftp://example.org/frost")
    )

    assert isinstance(refused, Rejection)
    assert "ftp://example.org/frost" in refused.reason
    assert [article.title for article in await all_articles(app)] == ["First frost"]
    async with app.store.read() as connection:
        assert await sources.rejected(connection, "press") == []


async def test_guid_that_no_database_can_hold_is_refused(app: App) -> None:
    refused = await app.sources.push("press", handed("霜" * 2001))
    cleaned = await app.sources.push("press", handed("fro\x00st"))

    assert isinstance(refused, Rejection)
    assert isinstance(cleaned, Pushed)
    assert [article.guid for article in await all_articles(app)] == [cleaned.guid] == ["frost"]


async def test_withdrawn_article_has_gone_until_it_is_pushed_again(app: App) -> None:
    await app.sources.push("press", handed())
    answers = [await app.sources.withdraw_pushed("press", "frost") for _ in range(2)]
    (gone,) = await all_articles(app)
    again = await state_of(app, handed())
    (back,) = await all_articles(app)

    assert answers == [True, False]
    assert gone.state is ArticleState.WITHDRAWN
    assert again is PushState.NEW
    assert back == replace(gone, state=ArticleState.LIVE, changed=back.changed)


async def test_unknown_article_cannot_be_withdrawn(app: App) -> None:
    await app.sources.push("agency", handed())

    assert not await app.sources.withdraw_pushed("press", "frost")


async def test_article_that_a_person_withdrew_stays_so(app: App, clock: SettableClock) -> None:
    await app.sources.push("press", handed())
    async with app.store.write() as connection:
        await articles.set_state(connection, "frost", ArticleState.WITHDRAWN, clock())

    await app.sources.push("press", handed(title="Late frost"))

    (article,) = await all_articles(app)
    assert article.state is ArticleState.WITHDRAWN


async def test_clock_is_asked_to_publish_what_came_and_went(app: App) -> None:
    await app.sources.ingest("press")
    wanted = [(await status(app)).is_wanted]
    await app.sources.push("press", handed())
    wanted.append((await status(app)).is_wanted)
    await app.sources.ingest("press")
    wanted.append(await app.sources.is_wanted("press"))
    await app.sources.withdraw_pushed("press", "frost")
    wanted.append(await app.sources.is_wanted("press"))

    assert wanted == [False, True, False, True]


async def test_many_pushes_at_once_are_all_taken_in_once(app: App) -> None:
    guids = ["frost", "flood", "gale"]

    pushed = await asyncio.gather(
        *(state_of(app, handed(guid)) for guid in guids for _ in range(4)),
        app.sources.ingest("press"),
    )

    assert pushed.count(PushState.NEW) == 3
    assert pushed.count(PushState.UNCHANGED) == 9
    assert sorted(article.guid for article in await all_articles(app)) == sorted(guids)


async def test_passes_over_one_source_wait_for_each_other(app: App) -> None:
    async with app.sources.turns["press"]:
        waiting = asyncio.create_task(app.sources.push("press", handed()))
        elsewhere = await state_of(app, handed(), "agency")
        done = waiting.done()
    await waiting

    assert (elsewhere, done) == (PushState.NEW, False)


async def test_article_left_over_by_a_crash_is_new_when_it_is_pushed_again(app: App) -> None:
    """A process that dies between taking in and letting out leaves it held."""
    await app.sources.push("press", handed())
    async with app.store.write() as connection:
        (article,) = [each async for each in articles.listing(connection)]
        await articles.change(
            connection, article.id, {"state": ArticleState.HELD, "hold": "arriving"}
        )

    again = await state_of(app, handed())

    assert again is PushState.NEW
    assert [each.state for each in await all_articles(app)] == [ArticleState.LIVE]
