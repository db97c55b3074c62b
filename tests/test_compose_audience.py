from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.model import DeliveryState, Issue, IssueState
from publisher.store import renditions
from tests.rig import builders
from tests.rig.desk import Desk


async def bodies(desk: Desk, issue: Issue) -> set[tuple[str, str, str]]:
    """What an issue says: subject, HTML and text of each rendition."""
    claims = await desk.claim()
    async with desk.store.read() as connection:
        found = [await renditions.get(connection, claim.rendition) for claim in claims]
    return {(each.subject, each.html, each.text) for each in found if each.issue == issue.id}


async def test_audience_is_who_is_active_in_this_cadence(desk: Desk) -> None:
    await desk.join("ann", "daily")
    await desk.join("bob", "weekly")
    await desk.join("cem", "daily")
    await desk.leave("cem")
    await desk.ask("dov", "daily", confirmed=False)
    await desk.join("eve", "daily")
    await desk.suppress("eve")
    await desk.bring("one")

    assert await desk.told_to(await desk.issue_now("daily")) == {"ann": ["one"]}


async def test_who_joins_gets_the_next_issue_in_full_and_nothing_older(desk: Desk) -> None:
    """F31."""
    await desk.join("ann")
    await desk.bring("old")
    await desk.issue_now()
    desk.clock.advance(hours=1)
    await desk.bring("before bob")
    await desk.join("bob")
    await desk.bring("after bob")

    issue = await desk.issue_now()

    assert {name: sorted(got) for name, got in (await desk.told_to(issue)).items()} == {
        "ann": ["after bob", "before bob"],
        "bob": ["after bob", "before bob"],
    }


async def test_failed_rows_count_as_had(desk: Desk) -> None:
    """A failed row can be tried again by hand; a later issue must not tell of it as well."""
    await desk.join("ann")
    await desk.bring("one")
    await desk.issue_now()
    await desk.settle(await desk.claim(), DeliveryState.FAILED)
    desk.clock.advance(days=1)
    await desk.bring("two")

    issue = await desk.issue_now()

    assert await desk.told_to(issue) == {"ann": ["two"]}


async def test_skipped_rows_do_not_count_as_had(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")
    stopped = await desk.issue_now()
    await desk.stop(stopped)

    assert await desk.told_to(await desk.issue_now()) == {"ann": ["one"]}


async def test_too_few_articles_wait_for_the_next_issue(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(min_articles=2)
    await desk.join("ann")
    await desk.bring("one")
    early = await desk.issue_now()
    desk.clock.advance(days=1)
    await desk.bring("two")

    issue = await desk.issue_now()

    assert early.state is IssueState.EMPTY
    assert sorted((await desk.told_to(issue))["ann"]) == ["one", "two"]


async def test_articles_beyond_the_most_are_counted_and_count_as_told(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(max_articles=2)
    await desk.join("ann")
    await desk.bring("a", "b", "c", "d", "e")
    issue = await desk.issue_now()
    ((_, _, text),) = await bodies(desk, issue)

    later = await desk.issue_now()

    assert text.count(";") == 2
    assert " 3 " in text
    assert len((await desk.told_to(issue))["ann"]) == 5
    assert later.state is IssueState.EMPTY


async def test_old_date_keeps_nobody_from_an_article_while_another_looks_far_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New means first seen, not dated: of too many, those that came last are told of."""
    monkeypatch.setattr("publisher.store.composing._MOST_CANDIDATES", 3)
    desk.newsletter = builders.newsletter(max_articles=3)
    await desk.join("ann")
    await desk.wish("ann", paused_until=desk.clock() + timedelta(days=1))
    await desk.join("bob")
    await desk.bring("one", "two", "three")
    await desk.issue_now()
    desk.clock.advance(days=1)
    await desk.bring("late", published=desk.clock() - timedelta(days=1000))

    told = await desk.told_to(await desk.issue_now())

    assert told["bob"] == ["late"]
    assert len(told["ann"]) == 3


async def test_first_issue_does_not_tell_of_a_whole_archive(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.store.composing._MOST_CANDIDATES", 3)
    desk.newsletter = builders.newsletter(max_articles=2)
    await desk.join("ann")
    day = desk.clock() - timedelta(days=1)
    for n in range(6):
        await desk.bring(f"a{n}", published=day + timedelta(hours=n))

    assert await desk.told_to(await desk.issue_now()) == {"ann": ["a5", "a4", "a3"]}


async def test_preview_shows_what_the_next_issue_would(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("old")
    await desk.issue_now()
    desk.clock.advance(hours=1)
    await desk.bring("new")

    rendition = await desk.composer().preview(desk.newsletter, desk.cadence("daily"))

    assert rendition is not None
    assert [(await desk.article("new")).id] == list(rendition.article_ids)
