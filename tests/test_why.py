"""Every rule by which an article reaches a person, or does not, has words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.mail import address as addresses
from publisher.model import ArticleState, DeliveryState, Newsletter, Selection
from publisher.store import articles
from publisher.why import why
from tests.rig import builders
from tests.rig.builders import TellingSource, told
from tests.rig.desk import Desk


async def words(
    desk: Desk, slug: str = "one", name: str = "ann", newsletters: Sequence[Newsletter] = ()
) -> str:
    """Give the reasons of all newsletters, that of the desk alone if none is given."""
    reasons = await why(
        desk.store,
        newsletters or [desk.newsletter],
        address_key=addresses.key(addresses.parse(f"{name}@example.org")),
        article=await desk.article(slug),
        clock=desk.clock,
    )
    return "; ".join(reason.words for reason in reasons)


async def test_issue_that_carried_it_is_named(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")
    await desk.issue_now()
    await desk.deliver_all()

    assert (await words(desk)).startswith("no. 1 (daily) carried it: accepted on ")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (DeliveryState.FAILED, "no. 1 (daily) carried it: failed on "),
        (DeliveryState.SKIPPED, "no. 1 (daily) had it for them, and was not sent (no)"),
        (None, "no. 1 (daily) has it for them: to be sent from "),
    ],
)
async def test_state_of_its_row_is_told(
    desk: Desk, state: DeliveryState | None, expected: str
) -> None:
    await desk.join("ann")
    await desk.bring("one")
    await desk.issue_now()
    if state is not None:
        claims = await desk.claim()
        await desk.mark(claims)
        await desk.settle(claims, state)

    assert (await words(desk)).startswith(expected)


async def test_row_that_is_being_sent_is_told(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")
    await desk.issue_now()
    await desk.mark(await desk.claim())

    assert await words(desk) == "no. 1 (daily) has it for them: being sent, or in doubt"


@pytest.mark.parametrize("state", [ArticleState.WITHDRAWN, ArticleState.HELD])
async def test_article_that_is_not_live(desk: Desk, state: ArticleState) -> None:
    await desk.join("ann")
    await desk.bring("one")
    async with desk.store.write() as connection:
        await articles.set_state(connection, "one", state, desk.clock())

    assert await words(desk) == f"the article is {state}"


async def test_article_of_a_first_load_that_is_not_mailed(desk: Desk) -> None:
    await desk.join("ann")
    await desk.take_in(TellingSource(told("one")), mailed=0)

    assert (
        await words(desk) == 'it came with the first load of "newsroom", of which it is not mailed'
    )


async def test_article_under_an_embargo(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one", published=desk.clock() + timedelta(hours=3))

    assert (await words(desk)).startswith("it is not to be out before ")


async def test_person_who_never_subscribed(desk: Desk) -> None:
    await desk.bring("one")

    assert await words(desk) == "they do not read it"


async def test_person_who_has_not_confirmed(desk: Desk) -> None:
    await desk.ask("ann", confirmed=False)
    await desk.bring("one")

    assert (await words(desk)).endswith(" and have not confirmed")


async def test_person_who_left(desk: Desk) -> None:
    await desk.join("ann")
    await desk.leave("ann")
    await desk.bring("one")

    assert (await words(desk)).startswith("they do not read it any more since ")


async def test_address_that_is_suppressed(desk: Desk) -> None:
    await desk.join("ann")
    await desk.suppress("ann")
    await desk.bring("one")

    assert await words(desk) == "the address is suppressed (hard_bounce)"


async def test_article_that_another_newsletter_carried(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")
    await desk.issue_now()
    first = desk.newsletter
    desk.newsletter = replace(first, slug="second")
    await desk.join("ann")

    assert await words(desk) == f"they have it from {first.slug} no. 1, and nothing is mailed twice"


async def test_article_that_is_not_selected(desk: Desk) -> None:
    desk.newsletter = builders.newsletter(select=Selection(tags=("ports",)))
    await desk.join("ann")
    await desk.bring("one", tags=("rails",))

    assert await words(desk) == "the newsletter does not select it"


async def test_article_that_waits_for_the_next_issue(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")

    assert await words(desk) == "it waits for their next issue (daily)"


async def test_article_that_came_before_the_person_did(desk: Desk) -> None:
    await desk.join("bob")
    await desk.bring("one")
    await desk.issue_now()
    desk.clock.advance(days=1)
    await desk.join("ann")

    assert "before they joined on" in await words(desk)


async def test_article_behind_too_many_newer_ones(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.store.composing._MOST_CANDIDATES", 2)
    desk.newsletter = builders.newsletter(max_articles=1)
    await desk.join("ann")
    desk.clock.advance(hours=1)
    week = desk.clock() - timedelta(days=7)
    for n, slug in enumerate(("one", "two", "three")):
        desk.source.tells.append(told(slug, published=week + timedelta(hours=n)))
    await desk.take_in()
    await desk.issue_now()

    assert "too many newer ones at once" in await words(desk)


async def test_each_newsletter_has_a_reason_in_their_order(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")
    other = builders.newsletter(slug="other")

    told_of = await words(desk, newsletters=[other, desk.newsletter])

    assert told_of == "they do not read it; it waits for their next issue (daily)"
