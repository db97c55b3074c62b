"""Who is who: moves, doubles and slugs. An article that is taken for another is mailed twice."""

from __future__ import annotations

from publisher.model import ArticleState
from tests.rig.builders import TellingSource, told
from tests.rig.desk import Desk


async def identities(desk: Desk) -> dict[str, tuple[int, str, str]]:
    """Map the origin of each live article to what must never change."""
    return {
        article.guid: (article.id, article.uri, article.slug)
        for article in await desk.all_articles()
        if article.state is ArticleState.LIVE
    }


async def test_moved_file_keeps_its_identity(desk: Desk) -> None:
    """A source without guids names an article by its place; the same text elsewhere has moved."""
    await desk.bring("drafts/one", "two", title="Tide")
    before = await identities(desk)
    desk.source.tells = [told("2026/one", title="Tide"), told("two", title="Tide")]
    desk.source.tells = [
        told("2026/one", title="Tide", html=told("drafts/one").html),
        told("two", title="Tide"),
    ]

    intake = await desk.take_in()

    assert (intake.new, intake.changed, intake.withdrawn) == (0, 1, 0)
    assert await identities(desk) == {
        "2026/one": before["drafts/one"],
        "two": before["two"],
    }


async def test_moved_file_with_a_guid_of_its_own_keeps_its_identity(desk: Desk) -> None:
    await desk.bring("one", origin="drafts/one.md")
    before = await identities(desk)
    desk.source.tells = [told("one", origin="2026/one.md", title="Edited on the way")]

    intake = await desk.take_in()

    assert (intake.new, intake.changed, intake.withdrawn) == (0, 1, 0)
    assert await identities(desk) == before


async def test_moved_file_is_unchanged_at_its_new_place(desk: Desk) -> None:
    await desk.bring("one", origin="drafts/one.md")
    desk.source.tells = [told("one", origin="2026/one.md")]
    await desk.take_in()

    intake = await desk.take_in()

    assert (intake.new, intake.changed, intake.unchanged) == (0, 0, 1)


async def test_one_of_two_equal_files_that_moves_is_not_new(desk: Desk) -> None:
    same = {"title": "Tide", "html": "<p>High at noon.</p>"}
    await desk.bring("monday", "tuesday", **same)
    before = await identities(desk)
    desk.source.tells = [told("monday", **same), told("week/tuesday", **same)]

    intake = await desk.take_in()

    assert (intake.new, intake.withdrawn) == (0, 0)
    assert await identities(desk) == {
        "monday": before["monday"],
        "week/tuesday": before["tuesday"],
    }


async def test_copy_of_a_file_that_still_stands_is_an_article_of_its_own(desk: Desk) -> None:
    same = {"title": "Tide", "html": "<p>High at noon.</p>"}
    await desk.bring("one", **same)
    before = await identities(desk)

    intake = await desk.bring("copy", **same)

    after = await identities(desk)
    assert intake.new == 1
    assert after["one"] == before["one"]
    assert after["copy"] != before["one"]


async def test_second_article_with_a_guid_is_refused_and_both_are_named(desk: Desk) -> None:
    desk.source.tells = [told("one", origin="first.md"), told("one", origin="second.md", title="x")]

    intake = await desk.take_in()

    (refused,) = intake.rejected
    assert refused.origin == "second.md"
    assert "first.md" in refused.reason
    assert intake.new == 1


async def test_intruder_that_sorts_first_does_not_take_the_place(desk: Desk) -> None:
    await desk.bring("one", origin="m.md", title="Mine")
    before = await identities(desk)
    desk.source.tells = [
        told("one", origin="a.md", title="Intruder"),
        told("one", origin="m.md", title="Mine"),
    ]

    intake = await desk.take_in()

    assert [each.origin for each in intake.rejected] == ["a.md"]
    assert await identities(desk) == before
    assert [article.title for article in await desk.all_articles()] == ["Mine"]


async def test_double_is_taken_in_when_the_first_has_gone(desk: Desk) -> None:
    """It was refused for the other's sake, so nothing about itself need change."""
    first, second = told("one", origin="a.md"), told("one", origin="b.md", title="Second")
    desk.source.tells = [first, second]
    await desk.take_in()
    desk.source.tells = [second]

    intake = await desk.take_in()

    assert intake.rejected == ()
    assert [article.title for article in await desk.all_articles()] == ["Second"]


async def test_intruder_does_not_take_the_place_of_one_withdrawn_by_hand(desk: Desk) -> None:
    await desk.bring("one", origin="m.md", title="Mine")
    async with desk.store.write() as connection:
        from publisher.store import articles

        await articles.set_state(connection, "mine", ArticleState.WITHDRAWN, desk.clock())
    desk.source.tells.append(told("one", origin="z.md", title="Intruder"))

    intake = await desk.take_in()

    assert [each.origin for each in intake.rejected] == ["z.md"]
    assert [article.title for article in await desk.all_articles()] == ["Mine"]


async def test_slug_of_a_title_is_numbered(desk: Desk) -> None:
    await desk.bring("a", "b", "c", title="High Tide")

    slugs = sorted(article.slug for article in await desk.all_articles())

    assert slugs == ["high-tide", "high-tide-2", "high-tide-3"]


async def test_slug_of_a_withdrawn_article_is_not_given_again(desk: Desk) -> None:
    await desk.bring("a", "other", title="High Tide", html="<p>1</p>")
    desk.source.tells = [told("other", title="High Tide", html="<p>1</p>")]
    await desk.take_in()

    await desk.bring("b", title="High Tide", html="<p>2</p>")

    slugs = {article.guid: article.slug for article in await desk.all_articles()}
    assert slugs == {"a": "high-tide", "other": "high-tide-2", "b": "high-tide-3"}


async def test_chosen_slug_that_is_taken_is_refused_not_altered(desk: Desk) -> None:
    desk.source.tells = [told("a", slug="tide"), told("b", slug="tide")]

    intake = await desk.take_in()

    assert [each.origin for each in intake.rejected] == ["b.md"]
    assert 'its slug "tide" is that of another article' in intake.rejected[0].reason


async def test_chosen_slug_of_another_article_is_refused_in_a_later_pass_too(desk: Desk) -> None:
    await desk.bring("a", slug="tide")

    intake = await desk.bring("b", slug="tide")

    assert [each.origin for each in intake.rejected] == ["b.md"]


async def test_two_sources_share_no_guids(desk: Desk) -> None:
    await desk.take_in(TellingSource(told("one"), name="newsroom"))

    intake = await desk.take_in(TellingSource(told("one"), name="mirror"))

    assert intake.new == 1


async def test_title_without_a_latin_letter_still_has_a_page(desk: Desk) -> None:
    await desk.bring("a", title="—")

    (article,) = await desk.all_articles()

    assert article.slug == "article"
