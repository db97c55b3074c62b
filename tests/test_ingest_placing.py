"""Where articles stand in issues: what sources say of it, and what a person decides."""

from __future__ import annotations

import pytest

from publisher.ingest.reconcile import Scope
from publisher.model import SourceArticle
from publisher.store import articles
from tests.rig.builders import TellingSource, feed, press, told
from tests.rig.desk import Desk


async def place(desk: Desk, slug: str = "one") -> tuple[int, bool]:
    article = await desk.article(slug)
    return article.weight, article.pinned


async def pin(desk: Desk, *, is_pinned: bool) -> None:
    async with desk.store.write() as connection:
        await articles.pin(connection, "one", is_pinned=is_pinned)


async def test_weight_and_pin_come_from_the_source(desk: Desk) -> None:
    await desk.bring("one", weight=10, pinned=True)
    await desk.bring("two")

    assert (await place(desk), await place(desk, "two")) == ((10, True), (0, False))


async def test_another_weight_changes_the_place_and_nothing_that_feeds_show(desk: Desk) -> None:
    await desk.bring("one", "two")
    await press(desk, feed()).publish()
    before = await desk.article("one")
    desk.clock.advance(hours=1)
    desk.source.tells = [told("one", weight=-3, pinned=True), told("two")]

    intake = await desk.take_in()

    assert (intake.new, intake.changed, intake.unchanged) == (0, 1, 1)
    assert await place(desk) == (-3, True)
    after = await desk.article("one")
    kept = ("id", "uri", "slug", "eligible", "changed")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert await press(desk, feed()).publish() == []


async def test_edit_may_bring_another_weight_as_well(desk: Desk) -> None:
    await desk.bring("one", weight=1)
    desk.source.tells = [told("one", title="Corrected", weight=2)]

    await desk.take_in()

    assert await place(desk) == (2, False)


async def test_moved_file_is_known_again_under_another_weight(desk: Desk) -> None:
    await desk.bring("drafts/one", "two", title="Tide")
    moved = told("2026/one", title="Tide", html=told("drafts/one").html, weight=5)
    desk.source.tells = [moved, told("two", title="Tide")]

    intake = await desk.take_in()

    assert (intake.new, intake.changed) == (0, 1)
    assert await place(desk, "tide") == (5, False)


async def test_source_that_does_not_lead_has_no_say_in_it(desk: Desk) -> None:
    url = "https://example.org/one"
    await desk.bring("one", url=url, weight=1)
    mirror = TellingSource(told("copy", title="one", url=url), name="mirror", scope=Scope.WINDOW)
    await desk.take_in(mirror)
    mirror.tells = [told("copy", title="one", url=url, weight=9, pinned=True)]

    intake = await desk.take_in(mirror)

    assert (intake.new, intake.changed, intake.unchanged) == (0, 0, 1)
    assert await place(desk) == (1, False)


@pytest.mark.parametrize("known", [[], [told("one"), told("two")]], ids=["new", "known"])
async def test_weight_out_of_range_is_refused_and_keeps_none_back(
    desk: Desk, known: list[SourceArticle]
) -> None:
    desk.source.tells = [*known]
    await desk.take_in()
    desk.source.tells = [told("one", weight=10**12), told("two", weight=1)]

    intake = await desk.take_in()

    reason = "its weight is 1000000000000, which is not a whole number from -1000000 to 1000000"
    assert [each.reason for each in intake.rejected] == [reason]
    assert await place(desk, "two") == (1, False)


@pytest.mark.parametrize("is_pinned", [True, False])
async def test_pinned_by_hand_stays_whatever_the_source_tells(desk: Desk, is_pinned: bool) -> None:
    await desk.bring("one", pinned=not is_pinned)
    await pin(desk, is_pinned=is_pinned)
    desk.source.tells = [told("one", title="Corrected", pinned=not is_pinned, weight=4)]

    await desk.take_in()

    assert await place(desk) == (4, is_pinned)
