from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.errors import SourceError
from publisher.ingest.reconcile import Scope
from publisher.model import Article, ArticleState, Enclosure, Person, Rejection, Selection
from publisher.store import articles, sources
from tests.rig.builders import Crash, told
from tests.rig.desk import Desk


def counts(intake: object) -> tuple[int, ...]:
    return tuple(getattr(intake, name) for name in ("new", "changed", "unchanged", "withdrawn"))


async def newest(desk: Desk) -> list[str]:
    """What feeds would show now."""
    async with desk.store.read() as connection:
        found = await articles.newest(connection, Selection(), desk.clock(), limit=1000)
    return [article.guid for article in found]


async def status(desk: Desk) -> sources.SourceStatus:
    async with desk.store.read() as connection:
        return await sources.status(connection, desk.source.name)


async def set_state(desk: Desk, slug: str, state: ArticleState) -> None:
    async with desk.store.write() as connection:
        await articles.set_state(connection, slug, state, desk.clock())


async def only_article(desk: Desk) -> Article:
    (article,) = await desk.all_articles()
    return article


# --- what became of it


async def test_pass_tells_new_changed_unchanged_withdrawn_and_rejected_apart(desk: Desk) -> None:
    await desk.bring("kept", "edited", "dropped")
    desk.source.tells = [
        told("kept"),
        told("edited", title="Corrected"),
        told("fresh"),
        Rejection(origin="bad.md", stamp="1", reason="its front matter never ends"),
    ]

    intake = await desk.take_in()

    assert counts(intake) == (1, 1, 1, 1)
    assert [each.origin for each in intake.rejected] == ["bad.md"]
    assert intake.is_news


async def test_pass_that_brings_nothing_is_no_news(desk: Desk) -> None:
    await desk.bring("one", "two")

    intake = await desk.take_in()

    assert counts(intake) == (0, 0, 2, 0)
    assert not intake.is_news


async def test_edit_keeps_identity_and_first_sight(desk: Desk) -> None:
    await desk.bring("one")
    before = await only_article(desk)
    desk.clock.advance(hours=1)
    desk.source.tells = [told("one", title="Corrected", slug="elsewhere")]

    await desk.take_in()

    after = await only_article(desk)
    assert after.title == "Corrected"
    assert after.changed == desk.clock()
    kept = ("id", "uri", "slug", "first_seen", "eligible")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]


async def test_told_again_with_another_stamp_but_the_same_content_is_unchanged(desk: Desk) -> None:
    await desk.bring("one")
    before = await only_article(desk)
    desk.clock.advance(hours=1)
    desk.source.tells = [told("one", stamp="touched")]

    intake = await desk.take_in()

    assert counts(intake) == (0, 0, 1, 0)
    assert await only_article(desk) == before


async def test_rejected_edit_keeps_what_is_published(desk: Desk) -> None:
    await desk.bring("one")
    before = await only_article(desk)
    desk.source.tells = [
        Rejection(origin="one.md", stamp="2", reason="its front matter never ends")
    ]

    intake = await desk.take_in()

    assert [each.reason for each in intake.rejected] == ["its front matter never ends"]
    assert await only_article(desk) == before


async def test_edit_that_cannot_be_cleaned_keeps_what_is_published(desk: Desk) -> None:
    await desk.bring("one")
    before = await only_article(desk)
    desk.source.tells = [told("one", url="ftp://example.org/one")]

    intake = await desk.take_in()

    assert [each.origin for each in intake.rejected] == ["one.md"]
    assert await only_article(desk) == before


async def test_rejection_is_forgotten_when_the_article_is_mended(desk: Desk) -> None:
    desk.source.tells = [told("one", url="ftp://example.org/one"), told("two")]
    await desk.take_in()
    desk.source.tells = [told("one"), told("two")]

    intake = await desk.take_in()

    assert (intake.new, intake.rejected) == (1, ())


async def test_rejection_is_forgotten_when_the_origin_has_gone(desk: Desk) -> None:
    desk.source.tells = [told("one", url="ftp://example.org/one"), told("two")]
    await desk.take_in()
    desk.source.tells = [told("two")]

    intake = await desk.take_in()

    assert intake.rejected == ()


# --- failure


async def test_source_that_fails_midway_withdraws_nothing(desk: Desk) -> None:
    await desk.bring("one", "two")
    desk.clock.advance(minutes=1)
    desk.source.tells = [told("one"), SourceError("the disk is gone")]

    intake = await desk.take_in()

    assert intake.error == "the disk is gone"
    assert {article.state for article in await desk.all_articles()} == {ArticleState.LIVE}
    found = await status(desk)
    assert (found.error, found.last_try) == ("the disk is gone", desk.clock())
    assert found.last_good == desk.clock() - timedelta(minutes=1)


async def test_what_came_before_a_failure_is_news(desk: Desk) -> None:
    desk.source.tells = [*(told(f"a{n}") for n in range(25)), SourceError("cut off")]

    intake = await desk.take_in()

    assert intake.is_news
    assert intake.new == len(await newest(desk)) == 25


async def test_good_pass_clears_the_error(desk: Desk) -> None:
    desk.source.tells = [SourceError("the disk is gone")]
    await desk.take_in()

    await desk.bring()
    desk.source.tells = [told("one")]
    await desk.take_in()

    assert (await status(desk)).error is None


async def test_complete_source_that_is_suddenly_empty_withdraws_nothing(desk: Desk) -> None:
    await desk.bring("one", "two")
    desk.source.tells = []

    intake = await desk.take_in()

    assert intake.error is not None
    assert "2 articles were before; they stay published" in intake.error
    assert len(await newest(desk)) == 2


async def test_empty_source_that_never_had_anything_is_good(desk: Desk) -> None:
    intake = await desk.take_in()

    assert intake.error is None


async def test_window_source_withdraws_nothing(desk: Desk) -> None:
    desk.source.scope = Scope.WINDOW
    await desk.bring("one", "two")
    desk.source.tells = [told("two")]

    intake = await desk.take_in()

    assert intake.withdrawn == 0
    assert sorted(await newest(desk)) == ["one", "two"]


async def test_crash_between_chunks_repeats_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.ingest.passes._CHUNK", 2)
    whole = [told(name) for name in "abcde"]
    desk.source.tells = [*whole[:3], Crash()]
    with pytest.raises(Crash):
        await desk.take_in()
    first = {article.guid: article.uri for article in await desk.all_articles()}
    desk.source.tells = list(whole)

    intake = await desk.take_in()

    assert sorted(first) == ["a", "b"]
    assert counts(intake) == (5, 0, 0, 0)
    after = {article.guid: article.uri for article in await desk.all_articles()}
    assert first.items() <= after.items()


# --- withdrawal and return


async def test_file_that_comes_back_is_live_again(desk: Desk) -> None:
    await desk.bring("one", "two")
    desk.source.tells = [told("two")]
    await desk.take_in()
    withdrawn = await newest(desk)
    desk.source.tells = [told("one"), told("two")]

    intake = await desk.take_in()

    assert withdrawn == ["two"]
    assert counts(intake) == (0, 1, 1, 0)
    assert sorted(await newest(desk)) == ["one", "two"]


@pytest.mark.parametrize("state", [ArticleState.WITHDRAWN, ArticleState.HELD])
async def test_taken_off_by_hand_stays_off_though_the_source_tells_it(
    desk: Desk, state: ArticleState
) -> None:
    await desk.bring("one", "two")
    await set_state(desk, "one", state)
    desk.source.tells = [told("one", title="Corrected"), told("two")]

    await desk.take_in()

    assert await newest(desk) == ["two"]
    assert (await desk.article("one")).state is state


# --- bad text


NASTY = "a\x00b\ud800c\x0bd\ufffee"


async def test_bad_text_anywhere_breaks_no_database(desk: Desk) -> None:
    desk.source.tells = [
        told(
            f"guid{NASTY}",
            origin=f"folder/{NASTY}.md",
            stamp=f"1{NASTY}",
            title=f"Title {NASTY}",
            html=f"<p>{NASTY}</p>",
            summary=NASTY,
            authors=(Person(name=NASTY, email=NASTY, url=f"https://example.org/{NASTY}"),),
            tags=(NASTY,),
            section=NASTY,
            url=f"https://example.org/{NASTY}",
            language=f"en{NASTY}",
            image=f"https://example.org/{NASTY}.jpg",
            enclosures=(Enclosure(url=f"https://example.org/{NASTY}", media_type=NASTY),),
        ),
        Rejection(origin=f"other{NASTY}", stamp=NASTY, reason=NASTY),
    ]

    intake = await desk.take_in()

    assert (intake.new, len(intake.rejected)) == (1, 1)
    repr(await only_article(desk)).encode("utf-8")
    assert "\\x00" not in repr(await only_article(desk))


async def test_bad_text_told_again_is_not_new(desk: Desk) -> None:
    desk.source.tells = [told(f"guid{NASTY}", origin=f"{NASTY}.md")]
    await desk.take_in()

    intake = await desk.take_in()

    assert counts(intake) == (0, 0, 1, 0)


async def test_names_too_long_for_an_index_are_refused_and_keep_none_back(desk: Desk) -> None:
    desk.source.tells = [
        told("g" * 5000, origin="guid.md"),
        told("é" * 900, origin="written-out.md"),
        told("place", origin="p" * 5000),
        told("long-url", url="https://example.org/" + "u" * 5000),
        told("good"),
    ]

    intake = await desk.take_in()

    assert intake.error is None
    assert sorted(await newest(desk)) == ["good", "long-url"]
    assert [each.origin for each in intake.rejected if len(each.origin) < 100] == [
        "guid.md",
        "written-out.md",
    ]
    assert len(intake.rejected) == 3


async def test_html_is_stored_clean_and_absolute(desk: Desk) -> None:
    await desk.bring(
        "one",
        url="https://elsewhere.org/2026/one",
        html='<p onclick="x()">See <a href="../two">two</a><script>alert(1)</script></p>',
    )

    html = (await only_article(desk)).html

    assert 'href="https://elsewhere.org/two"' in html
    assert "script" not in html
    assert "onclick" not in html


async def test_article_with_neither_title_nor_text_is_rejected(desk: Desk) -> None:
    intake = await desk.bring("one", title=" ", html="<p> </p>")

    assert [each.reason for each in intake.rejected] == ["it has neither a title nor a text"]
