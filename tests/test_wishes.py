"""What readers choose: topics, language, a pause. They may change it at any moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.model import IssueState, Selection, Topic
from publisher.store import renditions
from tests.rig import builders
from tests.rig.desk import Desk

TOPICS = tuple(
    Topic(slug=slug, title=slug.capitalize(), select=Selection(tags=(slug,)))
    for slug in ("ports", "rails", "wages")
)


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    desk.newsletter = builders.newsletter(topics=TOPICS, languages=("de", "ar"))
    return desk


async def told(desk: Desk, cadence: str = "daily") -> dict[str, list[str]]:
    issue = await desk.issue_now(cadence)
    return {name: sorted(got) for name, got in (await desk.told_to(issue)).items()}


# --- topics


async def test_reader_gets_what_is_of_any_of_their_topics(desk: Desk) -> None:
    await desk.join("ann")
    await desk.wish("ann", topics=("ports", "rails"))
    await desk.join("bob")
    for tag in ("ports", "rails", "wages"):
        await desk.bring(tag, tags=(tag,))

    assert await told(desk) == {"ann": ["ports", "rails"], "bob": ["ports", "rails", "wages"]}


async def test_readers_of_the_same_topics_share_a_rendition_in_whatever_order_they_chose(
    desk: Desk,
) -> None:
    await desk.join("ann")
    await desk.wish("ann", topics=("ports", "rails"))
    await desk.join("bob")
    await desk.wish("bob", topics=("rails", "ports"))
    await desk.bring("one", tags=("ports",))

    await desk.issue_now()

    assert len({claim.rendition for claim in await desk.claim()}) == 1


async def test_topic_added_between_issues_counts_for_all_since_the_last(desk: Desk) -> None:
    await desk.join("ann")
    await desk.wish("ann", topics=("ports",))
    await desk.bring("old rails", tags=("rails",))
    await desk.issue_now()
    desk.clock.advance(hours=1)
    await desk.bring("new rails", tags=("rails",))
    await desk.wish("ann", topics=("ports", "rails"))

    assert await told(desk) == {"ann": ["new rails"]}


async def test_topics_dropped_and_taken_up_again_lose_and_repeat_nothing(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one", tags=("ports",))
    await desk.issue_now()
    await desk.wish("ann", topics=("rails",))
    desk.clock.advance(hours=1)
    await desk.bring("two", tags=("ports",))
    await desk.wish("ann", topics=())

    assert await told(desk) == {"ann": ["two"]}
    assert await desk.repeats() == []


async def test_reader_whose_topics_are_all_gone_from_the_config_gets_nothing(desk: Desk) -> None:
    """To tell them of everything would be what they asked not to get."""
    await desk.join("ann")
    await desk.wish("ann", topics=("former",))
    await desk.bring("one", tags=("ports",))

    assert await told(desk) == {}


# --- language


async def test_each_language_has_a_rendition_of_its_own(desk: Desk) -> None:
    for name, language in (("ann", ""), ("bob", "de"), ("cem", "ar")):
        await desk.join(name)
        await desk.wish(name, language=language)
    await desk.bring("one")

    await desk.issue_now()

    async with desk.store.read() as connection:
        made = [await renditions.get(connection, each.rendition) for each in await desk.claim()]
    assert sorted(each.language for each in made) == ["ar", "de", "en"]


async def test_renditions_are_all_of_when_the_articles_were_read(desk: Desk) -> None:
    """Else an edit in between would be older than the mail that does not have it."""
    for name, language in (("ann", ""), ("bob", "de")):
        await desk.join(name)
        await desk.wish(name, language=language)
    await desk.bring("one")
    issue = await desk.occur()
    composer = replace(desk.composer(), clock=lambda: desk.clock.advance(seconds=1))

    await composer.compose(desk.newsletter, issue)

    async with desk.store.read() as connection:
        made = [await renditions.get(connection, each.rendition) for each in await desk.claim()]
    assert (len(made), len({each.created for each in made})) == (2, 1)


async def test_language_that_is_not_on_offer_is_the_newsletters(desk: Desk) -> None:
    await desk.join("ann")
    await desk.wish("ann", language="fr")
    await desk.bring("one")

    await desk.issue_now()

    async with desk.store.read() as connection:
        (made,) = [await renditions.get(connection, each.rendition) for each in await desk.claim()]
    assert made.language == "en"


# --- a pause


async def test_reader_who_pauses_gets_nothing_and_afterwards_everything(desk: Desk) -> None:
    await desk.join("ann")
    await desk.wish("ann", paused_until=desk.clock() + timedelta(days=2))
    await desk.bring("one")
    during = await told(desk)
    desk.clock.advance(days=2)
    await desk.bring("two")

    assert (during, await told(desk)) == ({}, {"ann": ["one", "two"]})


async def test_instant_reader_who_pauses_is_told_once_they_are_back(desk: Desk) -> None:
    await desk.join("ann", "instant")
    await desk.join("bob", "instant")
    await desk.ring()
    await desk.wish("ann", paused_until=desk.clock() + timedelta(days=2))
    desk.clock.advance(minutes=1)
    await desk.bring("one")
    await desk.ring()
    await desk.compose_due()
    desk.clock.advance(days=2)
    await desk.bring("two")
    await desk.ring()

    issue, *_ = [each for each in await desk.compose_due() if each.cadence == "instant"]

    got = {name: sorted(told) for name, told in (await desk.told_to(issue)).items()}
    assert got == {"ann": ["one", "two"], "bob": ["two"]}


# --- age


async def test_article_older_than_max_age_is_left_behind(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(max_age=timedelta(days=7))
    await desk.join("ann")
    await desk.bring("old")
    desk.clock.advance(days=5)
    await desk.bring("new")
    desk.clock.advance(days=3)

    assert await told(desk) == {"ann": ["new"]}
    assert await told(desk) == {}


# --- too many renditions


async def test_number_of_renditions_is_bounded_and_the_rest_comes_next_time(desk: Desk) -> None:
    """Three sets of articles, and room for two: the third reader gets what one of them has."""
    desk.newsletter = builders.newsletter(topics=TOPICS, max_renditions=2)
    wanted = {"ann": ("ports",), "bob": ("rails",), "cem": ("ports", "rails")}
    for name, topics in wanted.items():
        await desk.join(name)
        await desk.wish(name, topics=topics)
    for tag in ("ports", "rails"):
        await desk.bring(tag, tags=(tag,))
    first = await desk.told_to(await desk.issue_now())
    second = await desk.told_to(await desk.issue_now())

    assert [first["ann"], first["bob"], len(first["cem"])] == [["ports"], ["rails"], 1]
    assert sorted(first["cem"] + second["cem"]) == ["ports", "rails"]
    assert await desk.repeats() == []


async def test_who_fits_no_rendition_waits_whole(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(topics=TOPICS, max_renditions=1)
    await desk.join("ann")
    await desk.wish("ann", topics=("ports",))
    await desk.join("bob")
    await desk.wish("bob", topics=("rails",))
    for tag in ("ports", "rails"):
        await desk.bring(tag, tags=(tag,))

    made = [await desk.told_to(await desk.issue_now()) for _ in range(2)]

    assert made == [{"ann": ["ports"]}, {"bob": ["rails"]}]


async def test_bound_counts_what_a_crash_left_behind(desk: Desk) -> None:
    """Composing resumes with the renditions that are there."""
    desk.newsletter = builders.newsletter(topics=TOPICS, max_renditions=1)
    await desk.join("ann")
    await desk.bring("one")
    issue = await desk.issue_now()

    again = await desk.compose(issue)

    assert (again.state, again.audience) == (IssueState.OPEN, 1)
