"""One article under another guid, address or source is one; two articles stay two."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.errors import SourceError
from publisher.ingest.reconcile import Scope
from publisher.model import ArticleState, Selection
from tests.rig import builders
from tests.rig.builders import TellingSource, told
from tests.rig.desk import Desk

LONG = "<p>" + "The ferry will leave an hour earlier, the harbour office said. " * 4 + "</p>"
OTHER = "<p>" + "The tram is late again, and nobody at the depot can say why. " * 4 + "</p>"


def window(*tells: object, name: str = "upstream") -> TellingSource:
    return TellingSource(*tells, name=name, scope=Scope.WINDOW)  # type: ignore[arg-type]


async def live(desk: Desk) -> dict[str, str]:
    """Map the title of each live article to the guid that leads."""
    found = [each for each in await desk.all_articles() if each.state is ArticleState.LIVE]
    assert len({each.title for each in found}) == len(found), "an article twice"
    return {each.title: each.guid for each in found}


# --- within a source


@pytest.mark.parametrize(
    "again",
    [
        {"url": "http://www.example.org/ferry?utm_source=rss"},
        {"url": "https://example.org/ferry", "html": OTHER},
        {"url": "https://new.example.com/2026/ferry"},
        {"url": "https://example.org/ferry", "title": "Ferry to leave earlier"},
    ],
    ids=["another spelling", "same title", "same words", "same page and words"],
)
async def test_article_with_another_guid_is_not_new(desk: Desk, again: dict[str, str]) -> None:
    """A system that was moved gives each article another guid."""
    first = {"url": "https://example.org/ferry", "title": "Ferry", "html": LONG}
    await desk.take_in(window(told("old", **first)))
    before = await desk.article("ferry")
    desk.clock.advance(hours=1)

    intake = await desk.take_in(window(told("new", **{**first, **again})))

    (after,) = await desk.all_articles()
    assert (intake.new, intake.changed) == (0, 1)
    assert (after.id, after.uri, after.slug) == (before.id, before.uri, before.slug)
    assert (after.guid, after.eligible) == ("new", before.eligible)
    assert after.title == again.get("title", "Ferry")


async def test_both_guids_in_one_window_are_one_article(desk: Desk) -> None:
    same = {"url": "https://example.org/ferry", "title": "Ferry", "html": LONG}

    intake = await desk.take_in(window(told("a", **same), told("b", **same)))

    assert (intake.new, await live(desk)) == (1, {"Ferry": "b"})


async def test_edit_under_the_new_guid_is_taken(desk: Desk) -> None:
    same = {"title": "Ferry", "html": LONG}
    await desk.take_in(window(told("old", **same)))
    await desk.take_in(window(told("new", **same)))

    intake = await desk.take_in(window(told("new", **same | {"html": OTHER})))

    (article,) = await desk.all_articles()
    assert intake.changed == 1
    assert "tram" in article.text


async def test_edit_under_a_guid_that_was_taken_back_is_taken(desk: Desk) -> None:
    same = {"title": "Ferry", "html": LONG}
    await desk.take_in(window(told("old", **same)))
    await desk.take_in(window(told("new", **same)))

    await desk.take_in(window(told("old", **same | {"html": OTHER})))

    (article,) = await desk.all_articles()
    assert (article.guid, "tram" in article.text) == ("old", True)


async def test_guid_that_is_taken_back_leads_though_it_says_what_it_did(desk: Desk) -> None:
    """Else the next change of guids is compared with what nobody tells any more."""
    first = {"url": "https://example.org/ferry", "title": "Ferry", "html": LONG}
    await desk.take_in(window(told("a", **first)))
    await desk.take_in(window(told("b", **first | {"url": "https://old.example/ferry"})))
    await desk.take_in(window(told("a", **first)))
    (back,) = await desk.all_articles()

    intake = await desk.take_in(window(told("c", **first | {"title": "Ferry leaves earlier"})))

    assert (back.guid, back.url) == ("a", first["url"])
    assert intake.new == 0


async def test_articles_that_share_an_address_are_both_new(desk: Desk) -> None:
    """A podcast's episodes may all lead to the page of the show."""
    show = {"url": "https://example.org/show"}
    await desk.take_in(window(told("1", title="Episode 1", html=LONG, **show)))

    intake = await desk.take_in(window(told("2", title="Episode 2", html=OTHER, **show)))

    assert (intake.new, len(await live(desk))) == (1, 2)


async def test_briefing_under_one_title_and_address_is_new_each_day(desk: Desk) -> None:
    page = {"url": "https://example.org/briefing", "title": "The briefing"}
    days = [told(day, html=LONG.replace("ferry", day), **page) for day in ("mon", "tue", "wed")]
    await desk.take_in(window(days[0]))
    second = await desk.take_in(window(days[0], days[1]))

    third = await desk.take_in(window(days[2]))

    assert (second.new, third.new) == (1, 1)
    assert [each.guid for each in await desk.all_articles()] == ["wed", "tue", "mon"]


async def test_short_texts_that_are_alike_are_both_new(desk: Desk) -> None:
    await desk.take_in(window(told("mon", title="Weather", html="<p>Dry.</p>")))

    intake = await desk.take_in(window(told("tue", title="Weather", html="<p>Dry.</p>")))

    assert intake.new == 1


async def test_copy_told_by_an_increment_is_an_article_of_its_own(desk: Desk) -> None:
    """What an increment does not tell is still there: somebody has copied it, to write another."""
    source = TellingSource(told("a", title="Ferry", html=LONG), scope=Scope.INCREMENT)
    await desk.take_in(source)
    source.tells = [told("b", title="Ferry", html=LONG)]

    intake = await desk.take_in(source)

    assert intake.new == 1


async def test_guid_that_changes_at_its_place_is_not_new(desk: Desk) -> None:
    source = TellingSource(
        told("a", origin="posts/1", title="Ferry", html=LONG), scope=Scope.INCREMENT
    )
    await desk.take_in(source)
    source.tells = [told("b", origin="posts/1", title="Ferry", html=LONG)]

    intake = await desk.take_in(source)

    assert (intake.new, await live(desk)) == (0, {"Ferry": "b"})


async def test_pass_that_breaks_off_decides_nothing_that_only_a_whole_one_can(desk: Desk) -> None:
    await desk.bring("drafts/one", title="Ferry", html=LONG)
    desk.source.tells = [
        told("2026/one", title="Ferry", html=LONG),
        told("fresh"),
        SourceError("cut off"),
    ]
    broken = await desk.take_in()
    during = await live(desk)
    desk.source.tells.pop()

    whole = await desk.take_in()

    assert (broken.new, during) == (1, {"Ferry": "drafts/one", "fresh": "fresh"})
    assert (whole.new, await live(desk)) == (0, {"Ferry": "2026/one", "fresh": "fresh"})


async def test_withdrawn_article_that_comes_back_under_another_guid_is_not_mailed_again(
    desk: Desk,
) -> None:
    await desk.join("ann")
    await desk.bring("one", title="Ferry", html=LONG)
    await desk.bring("other")
    await desk.issue_now()
    desk.source.tells = desk.source.tells[1:]
    await desk.take_in()
    desk.source.tells.append(told("two", title="Ferry", html=LONG))

    await desk.take_in()
    issue = await desk.issue_now()

    assert await desk.told_to(issue) == {}
    assert (await live(desk))["Ferry"] == "two"


# --- between sources


async def test_article_of_two_sources_is_one(desk: Desk) -> None:
    await desk.take_in(window(told("a", url="https://example.org/ferry", html=LONG)))

    intake = await desk.take_in(
        window(
            told("x", url="http://example.org/ferry/?utm_medium=feed", html=OTHER), name="mirror"
        )
    )

    (article,) = await desk.all_articles()
    assert (intake.new, intake.changed, intake.unchanged) == (0, 0, 1)
    assert (article.source, [each.source for each in article.also_from]) == ("upstream", ["mirror"])
    assert "ferry" in article.text, "the first source keeps the word"


async def test_same_words_in_two_sources_are_one_article(desk: Desk) -> None:
    await desk.take_in(window(told("a", title="Ferry", html=LONG)))

    intake = await desk.take_in(window(told("x", title="Ferry", html=LONG), name="mirror"))

    assert (intake.new, len(await live(desk))) == (0, 1)


async def test_articles_that_share_an_address_are_not_the_one_of_another_source(desk: Desk) -> None:
    show = {"url": "https://example.org/show"}
    await desk.take_in(window(told("a", title="The show", html=LONG, **show)))

    await desk.take_in(
        window(
            told("1", title="Episode 1", html=OTHER, **show),
            told("2", title="Episode 2", html=OTHER.replace("tram", "bus"), **show),
            name="mirror",
        )
    )

    assert sorted(await live(desk)) == ["Episode 1", "Episode 2", "The show"]


async def test_edit_in_the_other_source_changes_nothing(desk: Desk) -> None:
    first = told("a", url="https://example.org/ferry", title="Ferry", html=LONG)
    await desk.take_in(window(first))
    mirror = window(told("x", url="https://example.org/ferry", title="F", html=LONG), name="mirror")
    await desk.take_in(mirror)
    mirror.tells = [told("x", url="https://example.org/ferry", title="Cut", html=OTHER)]

    intake = await desk.take_in(mirror)

    (article,) = await desk.all_articles()
    assert (intake.changed, article.title) == (0, "Ferry")


async def test_article_that_moves_in_the_source_that_does_not_lead_is_not_new(desk: Desk) -> None:
    """What each source said last counts, though another one has the word."""
    there = {"url": "https://example.org/ferry", "title": "Ferry"}
    await desk.take_in(window(told("m", html=OTHER, **there), name="mirror"))
    await desk.take_in(window(told("a", html=LONG, **there)))

    moved = told("b", url="https://new.example.net/ferry", title="Ferry", html=LONG)
    intake = await desk.take_in(window(moved))

    (article,) = await desk.all_articles()
    assert (intake.new, [each.source for each in article.also_from]) == (0, ["mirror"])


async def test_edit_in_the_source_that_does_not_lead_is_known_again(desk: Desk) -> None:
    there = {"url": "https://example.org/ferry", "title": "Ferry"}
    await desk.take_in(window(told("m", html=OTHER, **there), name="mirror"))
    await desk.take_in(window(told("a", html=OTHER, **there)))
    await desk.take_in(window(told("a", html=LONG, **there)))

    moved = told("b", url="https://new.example.net/ferry", title="Ferry", html=LONG)
    intake = await desk.take_in(window(moved))

    assert (intake.new, await live(desk)) == (0, {"Ferry": "b"})


async def test_article_of_a_pass_that_broke_off_may_have_another_source_meanwhile(
    desk: Desk,
) -> None:
    await desk.bring("drafts/one", title="Ferry", html=LONG, url="https://example.org/drafts/1")
    newer = {"url": "https://example.org/2026/one", "html": LONG}
    desk.source.tells = [told("2026/one", title="Ferry", **newer), SourceError("cut off")]
    await desk.take_in()
    await desk.take_in(
        window(told("m", title="Earlier ferries", **newer | {"html": OTHER}), name="mirror")
    )
    desk.source.tells.pop()

    whole = await desk.take_in()

    (article,) = await desk.all_articles()
    assert (whole.new, article.title, article.guid) == (0, "Ferry", "2026/one")
    assert [each.source for each in article.also_from] == ["mirror"]


async def test_article_stays_while_one_of_its_sources_tells_it(desk: Desk) -> None:
    one = TellingSource(told("a", title="Ferry", html=LONG), told("b"), name="one")
    two = TellingSource(told("x", title="Ferry", html=LONG), told("y"), name="two")
    await desk.take_in(one)
    await desk.take_in(two)
    one.tells = one.tells[1:]

    intake = await desk.take_in(one)

    assert (intake.withdrawn, (await live(desk))["Ferry"]) == (0, "x")


async def test_article_is_withdrawn_with_its_last_source(desk: Desk) -> None:
    one = TellingSource(told("a", title="Ferry", html=LONG), told("b"), name="one")
    two = TellingSource(told("x", title="Ferry", html=LONG), told("y"), name="two")
    for source in (one, two):
        await desk.take_in(source)
    one.tells, two.tells = one.tells[1:], two.tells[1:]

    withdrawn = [(await desk.take_in(source)).withdrawn for source in (one, two)]

    assert withdrawn == [0, 1]
    assert "Ferry" not in await live(desk)


async def test_source_that_leads_from_now_on_is_listened_to(desk: Desk) -> None:
    one = TellingSource(told("a", title="Ferry", html=LONG), told("b"), name="one")
    two = TellingSource(told("x", title="Ferry", html=LONG), told("y"), name="two")
    await desk.take_in(one)
    await desk.take_in(two)
    one.tells = one.tells[1:]
    await desk.take_in(one)
    two.tells[0] = told("x", title="Ferry, again", html=LONG)

    await desk.take_in(two)

    assert "Ferry, again" in await live(desk)


async def test_newsletter_of_the_second_source_tells_the_article_once(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(select=Selection(sources=("mirror",)))
    await desk.join("ann")
    await desk.take_in(window(told("a", url="https://example.org/ferry", html=LONG)))
    none_yet = await desk.told_to(await desk.issue_now())
    desk.clock.advance(hours=1)
    mirror = window(told("x", url="https://example.org/ferry", html=LONG), name="mirror")
    await desk.take_in(mirror)

    first = await desk.told_to(await desk.issue_now())
    desk.clock.advance(hours=1)
    second = await desk.told_to(await desk.issue_now())

    assert (none_yet, first, second) == ({}, {"ann": ["a"]}, {})


async def test_newcomer_is_in_no_issue_before_its_pass_is_over(desk: Desk) -> None:
    await desk.join("ann")
    await desk.take_in(window(told("a", url="https://example.org/ferry", html=LONG)))
    await desk.issue_now()

    class Slow(TellingSource):
        async def articles(self, visit):  # type: ignore[no-untyped-def]
            async for tells in super().articles(visit):
                yield tells
            desk.clock.advance(minutes=5)
            during.append(await desk.told_to(await desk.issue_now()))

    during: list[dict[str, list[str]]] = []
    newcomers = [told(f"n{n}") for n in range(60)]
    await desk.take_in(Slow(*newcomers, name="slow", scope=Scope.WINDOW), has_breaker=False)
    desk.clock.advance(hours=1)

    after = await desk.told_to(await desk.issue_now())

    assert during == [{}]
    assert sorted(after["ann"]) == sorted(f"n{n}" for n in range(60))


async def test_embargo_of_another_source_is_kept(desk: Desk) -> None:
    later = desk.clock() + timedelta(hours=4)
    await desk.take_in(window(told("a", title="Ferry", html=LONG, published=later)))

    await desk.take_in(window(told("x", title="Ferry", html=LONG), name="mirror"))

    (article,) = await desk.all_articles()
    assert (article.published, article.eligible) == (later, later)
