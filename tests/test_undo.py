"""Leaving undone: all is as it was, for an hour, and only if it was this leaving."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from publisher import subscribe as verbs
from publisher import undo as undoing
from publisher.errors import TokenEnded
from publisher.model import SubscriptionState
from publisher.store import keys, renditions
from publisher.store import subscriptions as stored
from publisher.store.tables import subscriptions
from publisher.tokens import Purpose, Tokens
from tests.mail import sample
from tests.rig.desk import Desk


@pytest.fixture
async def tokens(desk: Desk) -> Tokens:
    async with desk.store.read() as connection:
        ring = await keys.load(connection)
    return Tokens(ring, max(ring))


async def leave(desk: Desk, tokens: Tokens, name: str, *mail: int) -> str | None:
    """Leave by a link; give the token that undoes it."""
    token = tokens.sign(Purpose.UNSUBSCRIBE, (await desk.bond(name)).id, *mail)
    left = await verbs.unsubscribe(desk.store, tokens, token, clock=desk.clock)
    return undoing.way_back(tokens, left[0], desk.clock())


async def rows(desk: Desk) -> list[Any]:
    async with desk.store.read() as connection:
        return list(await connection.execute(select(subscriptions).order_by(subscriptions.c.id)))


async def test_undoing_brings_back_what_there_was_and_nothing_twice(
    desk: Desk, tokens: Tokens
) -> None:
    await desk.join("ann", "weekly")
    await desk.wish("ann", topics=("ports",), language="de", paused_until=desk.clock())
    await desk.join("bob", "daily")
    await desk.bring("one")
    await desk.issue_now()
    before = await rows(desk)
    desk.clock.advance(minutes=5)
    token = await leave(desk, tokens, "ann")
    assert token is not None
    desk.clock.advance(minutes=59)

    for _ in range(2):  # it may be pressed twice
        (back,) = await undoing.undo(desk.store, tokens, token, clock=desk.clock)

    assert before == await rows(desk)
    assert back == await desk.bond("ann")


async def test_what_was_skipped_meanwhile_comes_with_the_next_issue(
    desk: Desk, tokens: Tokens
) -> None:
    await desk.join("ann")
    await desk.bring("one")
    first = await desk.issue_now()
    token = await leave(desk, tokens, "ann")
    assert await desk.deliver_all() == []
    assert token is not None
    await undoing.undo(desk.store, tokens, token, clock=desk.clock)
    await desk.bring("two")

    told = await desk.told_to(await desk.issue_now())

    assert {"ann": ["two", "one"]} == {name: sorted(those)[::-1] for name, those in told.items()}
    await desk.deliver_all()
    assert (await desk.balance(first)).skipped == 1
    assert await desk.repeats() == []


async def test_all_that_one_press_ended_comes_back_and_nothing_else(
    desk: Desk, tokens: Tokens
) -> None:
    await desk.bring("one", "two", "three")
    articles = [(await desk.article(slug)).id for slug in ("one", "two", "three")]
    papers = [replace(desk.newsletter, slug=slug) for slug in ("ports", "rails", "wages")]
    ids = []
    for desk.newsletter in papers:
        ids.append(await desk.join("ann", confirmed=desk.newsletter.slug != "wages"))
    shown = tuple((each.slug, (id,)) for each, id in zip(papers, articles, strict=True))
    async with desk.store.write() as connection:
        mail = await renditions.add(connection, replace(sample.RENDITION, issue=None, parts=shown))
    desk.newsletter = papers[0]
    token = await leave(desk, tokens, "ann", mail)
    assert token is not None
    assert {row.state for row in await rows(desk)} == {"ended"}

    back = await undoing.undo(desk.store, tokens, token, clock=desk.clock)

    assert sorted(each.id for each in back) == ids[:2]
    assert [row.state for row in await rows(desk)] == ["active", "active", "ended"]


async def later(desk: Desk, tokens: Tokens) -> None:
    desk.clock.advance(minutes=60, seconds=1)


async def again(desk: Desk, tokens: Tokens) -> None:
    await desk.ask("ann", confirmed=False)
    confirming = tokens.sign(Purpose.CONFIRM, (await desk.bond("ann")).id)
    await verbs.confirm(desk.store, tokens, confirming, consent={}, wording="", clock=desk.clock)
    desk.clock.advance(seconds=1)
    await leave(desk, tokens, "ann")


async def by_others(desk: Desk, tokens: Tokens) -> None:
    async with desk.store.write() as connection:
        (row,) = await connection.execute(select(subscriptions))
        await stored.ask_again(
            connection, row.id, (await desk.bond("ann")).wishes, {}, desk.clock()
        )
        await stored.end(connection, row.id, desk.clock(), by="complaint")


@pytest.mark.parametrize("then", [later, again, by_others])
async def test_a_leaving_that_is_not_this_one_is_not_undone(
    desk: Desk, tokens: Tokens, then: Callable[[Desk, Tokens], Awaitable[None]]
) -> None:
    await desk.join("ann")
    token = await leave(desk, tokens, "ann")
    assert token is not None
    await then(desk, tokens)
    before = await rows(desk)

    with pytest.raises(TokenEnded):
        await undoing.undo(desk.store, tokens, token, clock=desk.clock)

    assert before == await rows(desk)


async def test_who_had_not_confirmed_or_was_ended_by_others_has_no_way_back(
    desk: Desk, tokens: Tokens
) -> None:
    await desk.ask("ann", confirmed=False)
    declined = await leave(desk, tokens, "ann")
    await desk.join("bob")
    await desk.leave("bob")
    bob = await desk.bond("bob")

    assert (declined, bob.state) == (None, SubscriptionState.ENDED)
    assert undoing.way_back(tokens, bob, desk.clock()) is None
    assert bob.ended is not None
    forged = tokens.sign(
        Purpose.UNDO, bob.id, (bob.ended - undoing._EPOCH) // timedelta(microseconds=1)
    )
    with pytest.raises(TokenEnded):
        await undoing.undo(desk.store, tokens, forged, clock=desk.clock)
