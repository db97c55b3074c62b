"""What an editor decides about an issue: what comes in, stays out, comes first, is said above."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from publisher import editing
from publisher.compose.wave import Making
from publisher.editing import Wish
from publisher.errors import PublisherError
from publisher.model import ArticleState, Edits, IssueState, OwnTime, Selection, Topic
from publisher.render import Templates
from publisher.store import articles, edits, notices, renditions
from publisher.store.edits import About
from tests.rig import builders
from tests.rig.builders import DAILY, told
from tests.rig.desk import Desk
from tests.test_why import words

SEVEN = datetime(2026, 11, 23, 6, tzinfo=UTC)  # 07:00 in Berlin, on a Monday
NEXT = About(newsletter="digest", cadence="daily")


async def edit(
    desk: Desk,
    about: About = NEXT,
    *,
    include: str = "",
    exclude: str = "",
    first: str = "",
    intro: str | None = None,
) -> Edits | None:
    return await editing.edit(
        desk.store,
        about,
        Wish(
            included=[await desk.article(slug) for slug in include.split()],
            excluded=[await desk.article(slug) for slug in exclude.split()],
            first=[await desk.article(slug) for slug in first.split()] if first else None,
            intro=intro,
        ),
        clock=desk.clock,
    )


async def next_day(desk: Desk) -> tuple[IssueState, dict[str, list[str]]]:
    desk.clock.advance(days=1)
    issue = await desk.issue_now()
    return issue.state, await desk.told_to(issue)


# --- put in


async def test_put_in_reaches_everybody_who_has_not_had_it_whatever_the_rules(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(
        select=Selection(tags=("news",)), max_age=timedelta(days=3)
    )
    await desk.bring("old", "other")
    desk.source.tells.append(told("seen", tags=("news",)))
    await desk.take_in()
    await desk.join("ann")
    await desk.issue_now()  # seen, to ann
    desk.clock.advance(days=9)
    await desk.join("bob")
    await desk.bring("new", tags=("news",))

    await edit(desk, include="old other seen")

    assert await words(desk, "old") == "an editor has put it into their next issue (daily)"
    state, got = await next_day(desk)
    assert state is IssueState.OPEN
    assert {name: sorted(each) for name, each in got.items()} == {
        "ann": ["new", "old", "other"],
        "bob": ["new", "old", "other", "seen"],
    }
    assert await desk.repeats() == []
    assert (await next_day(desk))[0] is IssueState.EMPTY


async def test_put_in_is_printed_and_not_only_counted(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(max_articles=2)
    await desk.join("ann")
    await desk.bring("old", published=desk.clock() - timedelta(days=9))
    await desk.bring("one", "two", "three", published=desk.clock())

    await edit(desk, include="old")

    _, got = await next_day(desk)
    assert got == {"ann": ["three", "old", "two", "one"]}


@pytest.mark.parametrize("state", [ArticleState.WITHDRAWN, ArticleState.HELD])
async def test_withdrawn_after_it_was_put_in_it_is_in_no_issue(
    desk: Desk, state: ArticleState
) -> None:
    await desk.join("ann")
    await desk.bring("one", "two", "three")
    await edit(desk, include="one", first="two one")
    async with desk.store.write() as connection:
        await articles.set_state(connection, "one", state, desk.clock())

    _, got = await next_day(desk)

    assert got == {"ann": ["two", "three"]}
    with pytest.raises(PublisherError, match=f"one is {state}, and so in no issue"):
        await edit(desk, include="one")


async def test_reader_of_topics_gets_nothing_else_that_is_put_in(desk: Desk) -> None:
    topic = Topic(slug="ports", title="Ports", select=Selection(tags=("ports",)))
    desk.newsletter = builders.newsletter(topics=(topic,))
    await desk.bring("old")
    await desk.join("ann")
    await desk.issue_now()
    await desk.join("bob")
    await desk.wish("bob", topics=("ports",))
    await desk.bring("quay", tags=("ports",))

    await edit(desk, include="old")

    assert "of none of the topics" in await words(desk, "old", "bob")
    assert (await next_day(desk))[1] == {"ann": ["quay"], "bob": ["quay"]}


# --- left out, and in another order


async def test_left_out_waits_for_the_next_issue_and_nothing_is_repeated(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one", "two", "three")
    await edit(desk, exclude="two")
    assert (await words(desk, "two")).startswith("an editor leaves it out of their next issue")

    assert (await next_day(desk))[1] == {"ann": ["three", "one"]}
    await desk.join("bob")

    assert await words(desk, "two") == (
        "an editor left it out of no. 1; it waits for their next issue (daily)"
    )
    await desk.bring("four")
    # Whoever switches meanwhile loses nothing, and who came meanwhile begins with what is new.
    await desk.switch("ann", "weekly")
    desk.clock.advance(days=1)
    weekly = await desk.issue_now("weekly")
    assert await desk.told_to(weekly) == {"ann": ["four", "two"]}
    assert await desk.told_to(await desk.issue_now()) == {"bob": ["four"]}
    assert await desk.repeats() == []


async def test_decisions_add_up_and_the_last_holds_for_one_issue(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one", "two", "three")
    await edit(desk, exclude="one two")
    await edit(desk, include="one", first="one")

    kept = await edit(desk, exclude="three")

    assert kept is not None
    assert [len(each) for each in (kept.included, kept.excluded, kept.first)] == [1, 2, 1]
    assert (await next_day(desk))[1] == {"ann": ["one"]}
    assert (await next_day(desk))[1] == {"ann": ["three", "two"]}


async def test_issue_in_its_grace_is_edited_and_a_frozen_one_is_not(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(approval=True)
    await desk.join("ann")
    await desk.bring("one", "two")
    await desk.ring()
    desk.clock.advance(days=1)
    (issue,) = [each for each in await desk.ring() if each.cadence == "daily"]
    await edit(desk, exclude="one")  # of the next issue, which is this one
    assert await editing.about_next(desk.store, "digest", "daily") == About.one(issue)

    await edit(desk, About.one(issue), first="two")
    await desk.approve(issue)
    await desk.compose_due()

    assert await desk.told_to(issue) == {"ann": ["two"]}
    assert await edit(desk, About.one(issue), exclude="two") is None


async def test_edit_while_the_issue_is_being_made_holds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.join("ann")
    await desk.bring("one", "two")
    issue = await desk.occur()
    run = Making.run

    async def meanwhile(making: Making) -> None:
        await edit(desk, About.one(issue), exclude="one")
        await run(making)

    with monkeypatch.context() as patch:
        patch.setattr(Making, "run", meanwhile)
        held = await desk.compose(issue)
    assert held.state is IssueState.HELD

    await desk.compose_due()

    assert await desk.told_to(issue) == {"ann": ["two"]}


async def test_edits_of_an_issue_for_nobody_are_for_the_next(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")
    await edit(desk, exclude="one", intro="Hello.")
    assert (await next_day(desk))[0] is IssueState.EMPTY

    await desk.bring("two")

    assert (await next_day(desk))[1] == {"ann": ["two"]}
    assert (await next_day(desk))[1] == {"ann": ["one"]}


async def test_edits_of_a_stopped_issue_are_for_the_next_and_bring_nothing_old(desk: Desk) -> None:
    await desk.join("zoe")
    await desk.bring("ancient", "old")
    await desk.issue_now()
    desk.clock.advance(days=30)
    await desk.join("ann")
    await desk.bring("new", "later")
    await edit(desk, include="old", exclude="later")

    await desk.stop(await desk.issue_now())

    assert (await next_day(desk))[1] == {"ann": ["new", "old"], "zoe": ["new"]}
    assert (await next_day(desk))[1] == {"ann": ["later"], "zoe": ["later"]}


async def test_later_wave_obeys_even_if_the_first_was_for_nobody(desk: Desk) -> None:
    own = replace(DAILY, own_time=True)
    desk.newsletter = builders.newsletter(cadences=(own,))
    desk.clock.move_to(SEVEN - timedelta(hours=10))
    for name, own_time in (("ann", OwnTime()), ("bob", OwnTime(zone=ZoneInfo("Asia/Tokyo")))):
        await desk.join(name)
        await desk.wish(name, own_time=own_time)
    await desk.ring()
    await edit(desk, intro="Hello.")
    for hours in (2, 10):
        desk.clock.move_to(SEVEN - timedelta(hours=10 - hours))
        await desk.ring()
        (issue,) = await desk.compose_due()
        if issue.state is IssueState.EMPTY:
            await desk.bring("one")

    assert issue.state is IssueState.OPEN
    async with desk.store.read() as connection:
        assert await edits.get(connection, About.one(issue)) == Edits(intro="Hello.")
        assert await edits.get(connection, NEXT) is None


async def test_of_two_merged_newsletters_each_has_its_own_edits(desk: Desk) -> None:
    desk.newsletters = [
        builders.newsletter(
            slug=slug, select=Selection(tags=(slug,)), cadences=(DAILY,), merge=True
        )
        for slug in ("ports", "rails")
    ]
    desk.clock.move_to(SEVEN - timedelta(hours=1))
    for each in desk.newsletters:
        desk.newsletter = each
        await desk.join("ann")
        await desk.ring()
    await desk.bring("pier", "quay", tags=("ports",))
    await desk.bring("bogie", "sleeper", tags=("rails",))
    rails = About(newsletter="rails", cadence="daily")
    await edit(desk, rails, exclude="bogie", intro="Of rails.")

    got = []
    for days in (0, 1):
        desk.clock.move_to(SEVEN + timedelta(days=days))
        for each in desk.newsletters:
            desk.newsletter = each
            await desk.ring()
        got += [
            (await desk.told_to(issue))["ann"]
            for issue in await desk.compose_due()
            if issue.state is IssueState.OPEN
        ]

    assert got == [["quay", "pier", "sleeper"], ["bogie"]]
    assert await desk.repeats() == []


# --- the text above the articles


@pytest.fixture
def worded(desk: Desk, tmp_path: Path) -> Path:
    """A desk whose template prints the text above the articles; the file that it comes from."""
    (tmp_path / "email").mkdir()
    for suffix, name in (("html", "intro"), ("txt", "intro_text")):
        (tmp_path / "email" / f"worded.{suffix}").write_text(f"[{{{{ {name} }}}}]\n")
    desk.templates = Templates(tmp_path)
    file = tmp_path / "intro.md"
    desk.newsletter = builders.newsletter(template="worded", intro=str(file))
    return file


def save(file: Path, content: bytes | None) -> None:
    """Let a file say this; None makes it a folder."""
    if file.is_dir():
        file.rmdir()
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)


async def printed(desk: Desk, name: str, cadence: str = "daily") -> str:
    """Bring an article, make an issue of it, and give what is said above it."""
    desk.clock.advance(days=1)
    await desk.bring(name)
    issue = await desk.issue_now(cadence)
    async with desk.store.read() as connection:
        found = await renditions.largest(connection, issue.id)
    assert found is not None
    return found.text.strip()


async def test_file_is_printed_once_in_each_cadence_until_it_says_something_else(
    desk: Desk, worded: Path
) -> None:
    await desk.join("ann")
    await desk.join("bob", "weekly")
    said = [await printed(desk, "one")]
    save(worded, b"\xef\xbb\xbfGood *day*, [all](/about).\n")
    preview = await desk.composer().preview(desk.newsletter, desk.cadence("daily"))
    assert preview is None  # nothing new, so no issue, and nothing is used up
    said += [await printed(desk, "two"), await printed(desk, "three")]
    said += [await printed(desk, "four", "weekly")]
    save(worded, b"Good evening.")
    await edit(desk, intro="By hand.")
    said += [await printed(desk, "five"), await printed(desk, "six"), await printed(desk, "seven")]

    assert said[1] == "[Good day, all.\n\nall\nhttps://news.example.org/about]"
    assert said == ["[]", said[1], "[]", said[1], "[By hand.]", "[Good evening.]", "[]"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"Good\nd\xe4y", "intro.md:2: is not UTF-8"),
        (b"x" * 20_001, "intro.md: is longer than 20,000 bytes"),
        (b"<div>" * 300, "intro.md: the HTML is nested more than 250 levels deep"),
        (None, "intro.md: is not a file"),
    ],
)
async def test_file_that_cannot_be_printed_holds_the_issue_until_it_can(
    desk: Desk, worded: Path, content: bytes | None, reason: str
) -> None:
    await desk.join("ann")
    await desk.bring("one")
    save(worded, content)
    issue = await desk.occur()
    assert await desk.compose_due() == []

    held = await desk.issue(issue.id)
    assert held.state is IssueState.HELD
    assert held.note.endswith(reason)
    async with desk.store.read() as connection:
        (notice,) = await notices.unsent(connection, desk.clock())
    assert reason in notice.text
    save(worded, b"\x00Good day. <!-- never shown -->")
    (opened,) = await desk.compose_due()
    assert opened.state is IssueState.OPEN
    async with desk.store.read() as connection:
        found = await renditions.largest(connection, issue.id)
    assert found is not None
    assert found.text.strip() == "[Good day.]"
