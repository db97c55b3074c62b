from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.errors import TemplateError
from publisher.model import ArticleState, Issue, IssueState, Selection
from publisher.ports import Telling, Visit
from publisher.render import Templates
from publisher.store import articles, issues, renditions
from publisher.store.engine import Store
from tests.rig import builders
from tests.rig.builders import TellingSource, told
from tests.rig.desk import Desk


async def bodies(desk: Desk, issue: Issue) -> set[tuple[str, str, str]]:
    """What an issue says: subject, HTML and text of each rendition."""
    claims = await desk.claim()
    async with desk.store.read() as connection:
        found = [await renditions.get(connection, claim.rendition) for claim in claims]
    return {(each.subject, each.html, each.text) for each in found if each.issue == issue.id}


# --- freezing


async def test_composing_freezes_and_opens(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("Tide")

    issue = await desk.issue_now()

    assert (issue.state, issue.number, issue.audience) == (IssueState.OPEN, 1, 1)
    ((subject, html, text),) = await bodies(desk, issue)
    assert subject == "The Digest 1: Tide"
    assert "Tide;" in html
    assert "Tide;" in text


async def test_shipped_template_makes_an_issue(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(template="digest")
    await desk.join("ann")
    await desk.bring("Tide")

    issue = await desk.issue_now()

    ((_, html, text),) = await bodies(desk, issue)
    assert "Tide" in html
    assert "Tide" in text


async def test_people_with_the_same_articles_share_a_rendition(desk: Desk) -> None:
    for name in ("ann", "bob", "cem"):
        await desk.join(name)
    await desk.bring("one", "two")

    issue = await desk.issue_now()

    assert len({claim.rendition for claim in await desk.claim()}) == 1
    assert issue.audience == 3


async def test_edit_after_freezing_changes_no_mail(desk: Desk) -> None:
    """F29."""
    await desk.join("ann")
    await desk.bring("Tide")
    issue = await desk.issue_now()
    desk.source.tells = [told("Tide", title="Corrected")]
    await desk.take_in()
    await desk.compose(issue)

    ((subject, html, _),) = await bodies(desk, issue)

    assert subject == "The Digest 1: Tide"
    assert "Corrected" not in html


async def test_edited_article_is_not_mailed_again(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("Tide")
    await desk.issue_now()
    desk.clock.advance(days=1)
    desk.source.tells = [told("Tide", title="Corrected")]
    await desk.take_in()

    issue = await desk.issue_now()

    assert issue.state is IssueState.EMPTY


@pytest.mark.parametrize("state", [ArticleState.WITHDRAWN, ArticleState.HELD])
async def test_article_taken_off_before_freezing_is_dropped(
    desk: Desk, state: ArticleState
) -> None:
    await desk.join("ann")
    await desk.bring("one", "two")
    occurrence = await desk.occur()
    async with desk.store.write() as connection:
        await articles.set_state(connection, "one", state, desk.clock())

    issue = await desk.compose(occurrence)

    assert await desk.told_to(issue) == {"ann": ["two"]}


async def test_article_held_past_an_issue_is_in_the_next_once_released(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one", "two")
    async with desk.store.write() as connection:
        await articles.set_state(connection, "one", ArticleState.HELD, desk.clock())
    await desk.issue_now()
    desk.clock.advance(days=1)
    async with desk.store.write() as connection:
        await articles.set_state(connection, "one", ArticleState.LIVE, desk.clock())

    issue = await desk.issue_now()

    assert await desk.told_to(issue) == {"ann": ["one"]}


async def test_article_that_comes_back_after_it_was_mailed_is_not_new(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one", "two")
    await desk.issue_now()
    desk.source.tells = [told("two")]
    await desk.take_in()
    desk.clock.advance(days=1)
    desk.source.tells = [told("one"), told("two")]
    await desk.take_in()
    await desk.join("bob")

    issue = await desk.issue_now()

    assert issue.state is IssueState.EMPTY


async def test_embargoed_article_waits_for_its_time(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("later", published=desk.clock() + timedelta(hours=2))
    early = await desk.issue_now()
    desk.clock.advance(hours=2)

    issue = await desk.issue_now()

    assert early.state is IssueState.EMPTY
    assert await desk.told_to(issue) == {"ann": ["later"]}


async def test_article_that_arrives_with_the_clock_set_back_is_not_lost(desk: Desk) -> None:
    """F27: what was cut at noon must still consider what comes at eleven, by that clock."""
    await desk.join("ann")
    await desk.bring("one")
    await desk.issue_now()
    desk.clock.advance(hours=-1)
    await desk.bring("two")
    desk.clock.advance(hours=2)

    issue = await desk.issue_now()

    assert await desk.told_to(issue) == {"ann": ["two"]}


async def test_article_of_a_slow_pass_is_not_lost_behind_a_cut(desk: Desk) -> None:
    """A pass begins, an issue is cut, and only then does the pass bring an article in."""
    await desk.join("ann")
    await desk.bring("one")

    class SlowSource(TellingSource):
        async def articles(self, visit: Visit) -> Telling:
            desk.clock.advance(minutes=5)
            await desk.issue_now()
            async for tells in super().articles(visit):
                yield tells

    await desk.take_in(SlowSource(told("two"), name="slow"))
    desk.clock.advance(hours=1)

    issue = await desk.issue_now()

    assert await desk.told_to(issue) == {"ann": ["two"]}


async def test_selection_decides(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(select=Selection(tags=("ports",)))
    await desk.join("ann")
    await desk.bring("rails", tags=("rails",))
    await desk.bring("ports", tags=("ports",))

    assert await desk.told_to(await desk.issue_now()) == {"ann": ["ports"]}


# --- empty, number


async def test_empty_issue_stays_empty_and_has_no_number(desk: Desk) -> None:
    await desk.join("ann")

    issue = await desk.issue_now()

    assert (issue.state, issue.number, issue.audience) == (IssueState.EMPTY, None, 0)
    assert await desk.told_to(issue) == {}


async def test_issue_for_nobody_is_empty(desk: Desk) -> None:
    await desk.bring("one")

    assert (await desk.issue_now()).state is IssueState.EMPTY


async def test_numbers_have_no_gap(desk: Desk) -> None:
    await desk.join("ann", "daily")
    await desk.join("bob", "weekly")
    numbers = []
    for day in range(3):
        await desk.bring(f"day {day}")
        numbers.append((await desk.issue_now("daily")).number)
        numbers.append((await desk.issue_now("daily")).number)
        stopped = await desk.occur("daily")
        await desk.stop(stopped)
        numbers.append((await desk.compose(stopped)).number)
    numbers.append((await desk.issue_now("weekly")).number)

    assert numbers == [1, None, None, 2, None, None, 3, None, None, 4]


async def test_each_newsletter_counts_for_itself(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")
    await desk.issue_now()
    desk.newsletter = builders.newsletter(slug="other")
    await desk.join("bob")

    assert (await desk.issue_now()).number == 1


async def test_article_reaches_a_person_once_by_whichever_newsletter(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")
    await desk.issue_now()
    desk.newsletter = builders.newsletter(slug="other")
    await desk.join("ann")
    await desk.bring("two")

    assert await desk.told_to(await desk.issue_now()) == {"ann": ["two"]}


# --- failure


async def test_issue_whose_template_fails_waits_and_says_why(desk: Desk, tmp_path: Path) -> None:
    """One newsletter's fault is no other's: the rest of what is due is composed."""
    whole = desk.templates
    await desk.join("ann")
    await desk.bring("one")
    await desk.occur()
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "short.html").write_text("{{ nonsense.of }}", encoding="utf-8")
    desk.templates = Templates(tmp_path)
    done = await desk.compose_due()
    async with desk.store.read() as connection:
        (held,) = await issues.listing(connection, states=[IssueState.HELD])
    desk.templates = whole

    (issue,) = await desk.compose_due()

    assert done == []
    assert held.note.startswith("not composed: email/short.html")
    assert (issue.state, issue.number, issue.note) == (IssueState.OPEN, 1, "")


async def test_template_error_is_raised_to_who_composes_by_hand(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(template="absent")
    await desk.join("ann")
    await desk.bring("one")

    with pytest.raises(TemplateError):
        await desk.issue_now()


# --- two composers, and a crash


async def test_two_composers_of_one_issue_take_nobody_twice_and_miss_nobody(
    desk: Desk, second_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.compose.wave._CHUNK", 2)
    people = {f"p{n:02}" for n in range(13)}
    for name in people:
        await desk.join(name)
    await desk.bring("one")
    occurrence = await desk.occur()

    await asyncio.gather(
        *(desk.compose(occurrence, store) for store in [desk.store, second_store] * 3)
    )

    issue = await desk.issue(occurrence.id)
    assert set(await desk.told_to(issue)) == people
    assert (issue.state, issue.audience) == (IssueState.OPEN, len(people))
    assert (await desk.balance(issue)).holds
