"""Several newsletters of one publication, and one reader: one account, and one mail."""

from __future__ import annotations

import email
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from publisher import subscribe as verbs
from publisher.letters import Letters, Stationery
from publisher.model import Issue, IssueState, Newsletter, Selection, SubscriptionState
from publisher.store import accounts, renditions, subscribers
from publisher.tokens import Tokens
from tests.rig import builders
from tests.rig.builders import DAILY, WEEKLY
from tests.rig.desk import Desk

SEVEN = datetime(2026, 11, 23, 6, tzinfo=UTC)  # 07:00 in Berlin, on a Monday


def newsletters(**changes: object) -> list[Newsletter]:
    return [
        builders.newsletter(
            slug=slug,
            title=slug.capitalize(),
            select=Selection(tags=(slug,)),
            cadences=(DAILY, WEEKLY),
            **changes,
        )
        for slug in ("ports", "rails", "wages")
    ]


async def joins(desk: Desk, name: str, *slugs: str, cadence: str = "daily") -> None:
    for each in desk.newsletters:
        if each.slug in slugs:
            desk.newsletter = each
            await desk.join(name, cadence)


async def morning(desk: Desk) -> list[Issue]:
    """Let 07:00 come; give the issues that are made then and have readers."""
    desk.clock.move_to(SEVEN)
    for each in desk.newsletters:
        desk.newsletter = each
        await desk.ring()
    return [issue for issue in await desk.compose_due() if issue.state is IssueState.OPEN]


async def brought(desk: Desk, *tags: str) -> None:
    for tag in tags:
        await desk.bring(f"on {tag}", tags=(tag,))


async def told(desk: Desk, issues: Sequence[Issue]) -> dict[str, dict[str, list[str]]]:
    return {issue.newsletter: await desk.told_to(issue) for issue in issues}


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    """Three newsletters that merge, in force since the evening before."""
    desk.newsletters = newsletters(merge=True)
    desk.clock.move_to(SEVEN - timedelta(hours=12))
    for each in desk.newsletters:
        desk.newsletter = each
        await desk.ring()
    return desk


async def test_who_reads_several_gets_one_mail_where_their_slots_meet(desk: Desk) -> None:
    await joins(desk, "ann", "ports", "rails")
    await joins(desk, "bob", "rails")
    await brought(desk, "ports", "rails", "wages")

    issues = await morning(desk)

    assert await told(desk, issues) == {
        "ports": {"ann": ["on ports", "on rails"]},
        "rails": {"bob": ["on rails"]},
    }
    assert [(await desk.balance(issue)).holds for issue in issues] == [True, True]


async def test_merged_mail_names_whose_article_is_whose(desk: Desk) -> None:
    await joins(desk, "ann", "ports", "rails", "wages")
    await brought(desk, "ports", "wages")

    await morning(desk)

    desk.newsletter = desk.newsletters[0]
    (claim,) = await desk.claim()
    async with desk.store.read() as connection:
        rendition = await renditions.get(connection, claim.rendition)
    ports, wages = [(await desk.article(f"on-{tag}")).id for tag in ("ports", "wages")]
    assert rendition.parts == (("ports", (ports,)), ("wages", (wages,)))


async def test_first_newsletter_with_nothing_new_leaves_the_mail_to_the_next(desk: Desk) -> None:
    await joins(desk, "ann", "ports", "rails", "wages")
    await brought(desk, "rails", "wages")

    assert await told(desk, await morning(desk)) == {"rails": {"ann": ["on rails", "on wages"]}}


async def test_slots_that_do_not_meet_are_not_merged(desk: Desk) -> None:
    await joins(desk, "ann", "ports")
    await joins(desk, "ann", "rails", cadence="weekly")
    await brought(desk, "ports", "rails")

    assert await told(desk, await morning(desk)) == {"ports": {"ann": ["on ports"]}}


async def test_newsletters_that_do_not_merge_send_a_mail_each(desk: Desk) -> None:
    desk.newsletters = newsletters()
    await joins(desk, "ann", "ports", "rails")
    await brought(desk, "ports", "rails")

    assert await told(desk, await morning(desk)) == {
        "ports": {"ann": ["on ports"]},
        "rails": {"ann": ["on rails"]},
    }


async def test_article_of_two_newsletters_stands_in_a_merged_mail_once(desk: Desk) -> None:
    await joins(desk, "ann", "ports", "rails")
    await desk.bring("on both", tags=("ports", "rails"))

    assert await told(desk, await morning(desk)) == {"ports": {"ann": ["on both"]}}


async def test_nothing_of_a_merged_mail_comes_again(desk: Desk) -> None:
    await joins(desk, "ann", "ports", "rails")
    await brought(desk, "ports", "rails")
    await morning(desk)
    desk.clock.advance(days=1)

    made = []
    for each in desk.newsletters:
        desk.newsletter = each
        made.append((await desk.issue_now()).state)

    assert set(made) == {IssueState.EMPTY}
    assert await desk.repeats() == []


async def test_merged_mail_that_is_stopped_gives_all_its_articles_back(desk: Desk) -> None:
    await joins(desk, "ann", "ports", "rails")
    await brought(desk, "ports", "rails")
    (issue,) = await morning(desk)
    await desk.stop(issue)
    desk.clock.advance(days=1)

    made: dict[str, dict[str, list[str]]] = {}
    for each in desk.newsletters:
        desk.newsletter = each
        made |= await told(desk, [await desk.issue_now()])

    assert made == {
        "ports": {"ann": ["on ports"]},
        "rails": {"ann": ["on rails"]},
        "wages": {},
    }


# --- accounts


async def test_article_had_by_one_newsletter_is_not_told_by_another(desk: Desk) -> None:
    desk.newsletters = newsletters()
    await joins(desk, "ann", "ports", "rails")
    await desk.bring("on both", tags=("ports", "rails"))

    assert await told(desk, await morning(desk)) == {"ports": {"ann": ["on both"]}}


async def test_newsletter_that_is_not_shared_has_an_account_of_its_own(desk: Desk) -> None:
    desk.newsletters = newsletters(shared=False)
    await joins(desk, "ann", "ports", "rails")
    await desk.bring("on both", tags=("ports", "rails"))

    assert await told(desk, await morning(desk)) == {
        "ports": {"ann": ["on both"]},
        "rails": {"ann": ["on both"]},
    }
    async with desk.store.read() as connection:
        apart = [each.slug for each in desk.newsletters]
        assert await accounts.repeats(connection, apart) == []
        assert len(await accounts.repeats(connection)) == 1


async def test_what_a_newsletter_apart_told_counts_for_no_other(desk: Desk) -> None:
    ports, rails, _ = newsletters()
    desk.newsletters = [*newsletters(shared=False)[:1], rails]
    await joins(desk, "ann", "ports", "rails")
    await desk.bring("on both", tags=("ports", "rails"))

    assert set(await told(desk, await morning(desk))) == {"ports", "rails"}
    assert ports.shared


# --- leaving


async def test_who_left_one_of_them_meanwhile_gets_the_others(desk: Desk) -> None:
    await joins(desk, "ann", "ports", "rails")
    await brought(desk, "ports", "rails")
    desk.newsletter = desk.newsletters[0]
    await desk.leave("ann")

    assert await told(desk, await morning(desk)) == {"rails": {"ann": ["on rails"]}}
    async with desk.store.read() as connection:
        states = [each.state for each in await subscribers.page(connection)]
    assert states == [SubscriptionState.ENDED, SubscriptionState.ACTIVE]


async def test_mail_left_unsent_by_one_newsletter_leaves_its_articles_to_another(
    desk: Desk,
) -> None:
    """On its way, an article is told by no other newsletter; so that one has to make up for it."""
    ports, rails, _ = desk.newsletters
    desk.newsletters = [replace(each, select=Selection(), merge=False) for each in (ports, rails)]
    await joins(desk, "ann", "ports", "rails")
    await brought(desk, "ports")
    assert await told(desk, await morning(desk)) == {"ports": {"ann": ["on ports"]}}

    desk.newsletter = desk.newsletters[0]
    await desk.leave("ann")
    assert await desk.claim() == []

    desk.newsletter = desk.newsletters[1]
    assert await desk.told_to(await desk.issue_now()) == {"ann": ["on ports"]}


async def test_who_leaves_one_of_them_before_the_mail_gets_the_rest_by_the_other(
    desk: Desk,
) -> None:
    await joins(desk, "ann", "ports", "rails")
    await brought(desk, "ports", "rails")
    await morning(desk)

    desk.newsletter = desk.newsletters[0]
    await desk.leave("ann")
    assert await desk.claim() == []

    desk.newsletter = desk.newsletters[1]
    assert await desk.told_to(await desk.issue_now()) == {"ann": ["on rails"]}
    assert await desk.repeats() == []


@pytest.fixture
def tokens() -> Tokens:
    return Tokens({1: b"k" * 32}, 1)


@pytest.fixture
async def link(desk: Desk, tokens: Tokens) -> str:
    """The token in the unsubscribe link of a merged mail of two newsletters."""
    await joins(desk, "ann", "ports", "rails", "wages")
    await brought(desk, "ports", "rails")
    await morning(desk)
    desk.newsletter = desk.newsletters[0]
    (claim,) = await desk.claim()
    stationery = Stationery(
        publication=desk.publication,
        newsletters={each.slug: each for each in desk.newsletters},
        tokens=tokens,
        secret=b"x" * 32,
        bounce=None,
    )
    message = await Letters(desk.store, stationery).write(claim)
    parsed = email.message_from_bytes(message.content)
    return str(parsed["List-Unsubscribe"]).rpartition("/u/")[2].removesuffix(">")


async def states(desk: Desk) -> dict[str, SubscriptionState]:
    async with desk.store.read() as connection:
        return {each.newsletter: each.state for each in await subscribers.page(connection)}


async def test_link_of_a_merged_mail_leaves_all_that_is_in_it_and_nothing_else(
    desk: Desk, tokens: Tokens, link: str
) -> None:
    left = await verbs.unsubscribe(desk.store, tokens, link, clock=desk.clock)

    assert [each.newsletter for each in left] == ["ports", "rails"]
    assert await states(desk) == {
        "ports": SubscriptionState.ENDED,
        "rails": SubscriptionState.ENDED,
        "wages": SubscriptionState.ACTIVE,
    }


async def test_reader_may_leave_one_of_those_in_a_merged_mail(
    desk: Desk, tokens: Tokens, link: str
) -> None:
    await verbs.unsubscribe(desk.store, tokens, link, only="rails", clock=desk.clock)

    assert await states(desk) == {
        "ports": SubscriptionState.ACTIVE,
        "rails": SubscriptionState.ENDED,
        "wages": SubscriptionState.ACTIVE,
    }


async def test_looking_at_the_link_of_a_merged_mail_changes_nothing(
    desk: Desk, tokens: Tokens, link: str
) -> None:
    shown = await verbs.in_mail(desk.store, tokens, link)

    assert [each.newsletter for each in shown] == ["ports", "rails"]
    assert set((await states(desk)).values()) == {SubscriptionState.ACTIVE}
