"""The links in mails: looking changes nothing, posting acts, and a forged link is no link."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import event, select

from publisher.model import (
    Cadence,
    DeliveryState,
    OwnTime,
    Selection,
    SubscriptionState,
    Topic,
    Wishes,
)
from publisher.render.zones import zones
from publisher.store import renditions
from publisher.store.tables import subscriptions
from publisher.tokens import Purpose, Tokens
from publisher.web.site import Site
from tests.mail import sample
from tests.rig import builders
from tests.rig.desk import Desk
from tests.web.conftest import Serving

PATHS = {
    Purpose.UNSUBSCRIBE: "/u/",
    Purpose.CONFIRM: "/confirm/",
    Purpose.PREFERENCES: "/preferences/",
}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def link(site: Site, purpose: Purpose, subscription: int) -> str:
    return PATHS[purpose] + site.tokens.sign(purpose, subscription)


async def rows(desk: Desk) -> list[Any]:
    async with desk.store.read() as connection:
        return list(await connection.execute(select(subscriptions)))


@pytest.mark.parametrize("purpose", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_changes_nothing(
    site: Site, desk: Desk, client: httpx.AsyncClient, purpose: Purpose, method: str
) -> None:
    id = await desk.join("ana", confirmed=purpose is not Purpose.CONFIRM)
    before = await rows(desk)
    desk.clock.advance(days=1)

    for _ in range(3):
        response = await client.request(method, link(site, purpose, id))

    assert response.status_code == 200
    assert before == await rows(desk)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    if method == "GET":
        assert response.text.count("<button") == 1
        assert "ana@example.org" in response.text
        assert "<script" not in response.text


async def test_one_click_unsubscribes_without_more_ado(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    """RFC 8058 §3.1: no redirect, no cookie, nothing to answer to."""
    id = await desk.join("ana")

    response = await client.post(link(site, Purpose.UNSUBSCRIBE, id), data=ONE_CLICK)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Set-Cookie" not in response.headers
    assert (await desk.bond("ana")).state is SubscriptionState.ENDED


async def test_one_click_may_come_as_multipart(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    id = await desk.join("ana")
    files = {name: (None, value) for name, value in ONE_CLICK.items()}

    response = await client.post(link(site, Purpose.UNSUBSCRIBE, id), files=files)

    assert (response.status_code, response.headers["Content-Type"]) == (
        200,
        "text/plain; charset=utf-8",
    )
    assert (await desk.bond("ana")).state is SubscriptionState.ENDED


@pytest.mark.parametrize("body", [b"", b"anything=else", b"\xff\x00--broken"])
async def test_the_button_unsubscribes_and_shows_a_page(
    site: Site, desk: Desk, client: httpx.AsyncClient, body: bytes
) -> None:
    id = await desk.join("ana")

    response = await client.post(
        link(site, Purpose.UNSUBSCRIBE, id),
        content=body,
        headers={"Content-Type": "multipart/form-data"},
    )

    assert (response.status_code, "You are unsubscribed" in response.text) == (200, True)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert (await desk.bond("ana")).state is SubscriptionState.ENDED


async def test_a_slip_of_the_finger_is_undone_by_one_press(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    id = await desk.join("ana", "weekly")
    before = await rows(desk)
    path = link(site, Purpose.UNSUBSCRIBE, id)
    left = await client.post(path)
    again = await client.get(path)
    (undo,) = set(re.findall(r'action="(/undo/\w+)"', left.text + again.text))

    looked = [await client.request(method, undo) for method in ("GET", "HEAD")]
    assert [row.state for row in await rows(desk)] == ["ended"]
    pressed = await client.post(undo)
    reloaded = await client.get(undo)

    assert [each.status_code for each in (*looked, pressed, reloaded)] == [200] * 4
    assert "You are subscribed again" in pressed.text
    assert pressed.text == reloaded.text
    assert pressed.headers["Cache-Control"] == "no-store"
    assert before == await rows(desk)


async def test_a_leaving_of_longer_ago_is_not_undone(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    path = link(site, Purpose.UNSUBSCRIBE, await desk.join("ana"))
    (undo,) = re.findall(r'action="(/undo/\w+)"', (await client.post(path)).text)
    desk.clock.advance(hours=1, seconds=1)

    late = [await client.request(method, undo) for method in ("GET", "POST")]

    assert [each.status_code for each in late] == [410, 410]
    assert all("for an hour" in each.text and "some days" not in each.text for each in late)
    assert "/undo/" not in (await client.get(path)).text
    assert [row.state for row in await rows(desk)] == ["ended"]


@pytest.fixture
async def merged(site: Site, desk: Desk) -> tuple[Site, str]:
    """A mail that two newsletters share, by the path of its unsubscribe link."""
    both = [
        replace(desk.newsletter, slug=slug, title=title, merge=True)
        for slug, title in (("ports", "The Ports"), ("rails", "The Rails"))
    ]
    await desk.bring("one", "two")
    one, two = [(await desk.article(slug)).id for slug in ("one", "two")]
    ids = []
    for desk.newsletter in both:
        ids.append(await desk.join("ana"))
    async with desk.store.write() as connection:
        rendition = await renditions.add(
            connection,
            replace(sample.RENDITION, issue=None, parts=(("ports", (one,)), ("rails", (two,)))),
        )
    shown = replace(site, newsletters=tuple(both))
    return shown, f"/u/{site.tokens.sign(Purpose.UNSUBSCRIBE, ids[0], rendition)}"


async def states(desk: Desk) -> dict[str, str]:
    return {row.newsletter: row.state for row in await rows(desk)}


async def test_page_of_a_merged_mail_offers_to_leave_all_or_one(
    merged: tuple[Site, str], desk: Desk, serving: Serving
) -> None:
    site, path = merged
    client = await serving(site)

    page = (await client.get(path)).text

    assert "<bdi>The Ports</bdi>, <bdi>The Rails</bdi>?" in page
    assert page.count("<button") == 3
    assert set((await states(desk)).values()) == {"active"}


@pytest.mark.parametrize(
    ("form", "ended"),
    [
        ({"only": "rails"}, {"rails"}),
        ({"only": "wages"}, {"ports", "rails"}),
        ({}, {"ports", "rails"}),
        (ONE_CLICK, {"ports", "rails"}),
    ],
)
async def test_what_is_pressed_on_a_merged_mail_is_what_ends(
    merged: tuple[Site, str], desk: Desk, serving: Serving, form: dict[str, str], ended: set[str]
) -> None:
    site, path = merged
    client = await serving(site)

    response = await client.post(path, data=form)

    assert {slug for slug, state in (await states(desk)).items() if state == "ended"} == ended
    if form is not ONE_CLICK:
        told = {slug for slug in ("ports", "rails") if f"The {slug.capitalize()}" in response.text}
        assert told == ended


async def test_page_is_in_the_language_that_its_reader_chose(
    site: Site, desk: Desk, serving: Serving
) -> None:
    client = await serving(
        replace(site, newsletters=(replace(desk.newsletter, languages=("ar",)),))
    )
    id = await desk.join("ana")
    await desk.wish("ana", language="ar")

    page = (await client.get(link(site, Purpose.UNSUBSCRIBE, id))).text

    assert '<html lang="ar" dir="rtl"' in page


async def test_page_is_in_the_language_of_the_newsletter(
    site: Site, desk: Desk, serving: Serving
) -> None:
    client = await serving(replace(site, newsletters=(replace(desk.newsletter, language="ar"),)))
    id = await desk.join("ana")

    response = await client.get(link(site, Purpose.UNSUBSCRIBE, id))

    assert '<html lang="ar" dir="rtl">' in response.text
    assert "هل تريد إلغاء الاشتراك" in response.text


async def test_page_of_a_former_newsletter_is_in_the_language_of_the_publication(
    site: Site, desk: Desk, serving: Serving
) -> None:
    german = replace(site.publication, language="de")
    client = await serving(replace(site, newsletters=(), publication=german))
    id = await desk.join("ana")

    response = await client.get(link(site, Purpose.UNSUBSCRIBE, id))

    assert '<html lang="de" dir="ltr">' in response.text
    assert "abbestellen?</h1>" in response.text


async def test_unsubscribing_twice_is_the_same_as_once(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    id = await desk.join("ana")
    path = link(site, Purpose.UNSUBSCRIBE, id)
    first = await client.post(path, data=ONE_CLICK)
    after_first = await rows(desk)
    desk.clock.advance(days=1)

    second = await client.post(path, data=ONE_CLICK)

    assert (first.status_code, first.text) == (second.status_code, second.text)
    assert after_first == await rows(desk)


async def test_one_click_works_in_the_middle_of_an_issue(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    """Ana's row is claimed and Ben's is not: neither is sent once they have left."""
    await desk.bring("story")
    people = {name: await desk.join(name) for name in ("ana", "ben", "cem")}
    issue = await desk.issue_now()
    claimed = await desk.claim(limit=1)

    for name in ("ana", "ben"):
        await client.post(link(site, Purpose.UNSUBSCRIBE, people[name]), data=ONE_CLICK)

    assert await desk.mark(claimed) == set()
    rest = await desk.claim()
    await desk.mark(rest)
    await desk.settle(rest, DeliveryState.ACCEPTED)
    assert [claim.address.mailbox for claim in rest] == ["cem@example.org"]
    assert (await desk.balance(issue)).holds


@pytest.mark.parametrize("purpose", PATHS)
async def test_a_forged_link_is_told_what_to_do_and_changes_nothing(
    site: Site, desk: Desk, client: httpx.AsyncClient, purpose: Purpose
) -> None:
    """A14: the answer is made without the database, so that its time tells nothing either."""
    id = await desk.join("ana", confirmed=purpose is not Purpose.CONFIRM)
    before = await rows(desk)
    good = site.tokens.sign(purpose, id)
    forged = [
        good[:-1] + ("a" if good[-1] != "a" else "b"),
        good + "a",
        good[:-1],
        "x",
        "%00",
        "a" * 10_000,
        Tokens({1: b"z" * 32}, 1).sign(purpose, id),
        *(site.tokens.sign(other, id) for other in Purpose if other is not purpose),
    ]
    answers: list[tuple[int, str, dict[str, str]]] = []
    statements: list[str] = []

    @event.listens_for(desk.store._engine.sync_engine, "before_cursor_execute")
    def _note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    for token in forged:
        path = PATHS[purpose] + token
        for response in (
            await client.get(path),
            await client.post(path, data=ONE_CLICK | {"cadence": "weekly"}),
        ):
            answers.append((response.status_code, response.text, _fields(response)))

    assert answers == [answers[0]] * len(answers)
    status, text, fields = answers[0]
    assert (status, "This link does not work" in text) == (400, True)
    assert fields["cache-control"] == "no-store"
    assert statements == []
    assert before == await rows(desk)


async def test_a_link_of_what_has_gone_says_so(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    id = await desk.join("ana")
    before = await rows(desk)

    for purpose in PATHS:
        for method in ("GET", "POST"):
            response = await client.request(method, link(site, purpose, id + 1))
            assert (response.status_code, "This link has ended" in response.text) == (410, True)
    assert before == await rows(desk)


def _fields(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "date"}


async def test_a_newsletter_that_the_config_dropped_can_still_be_left(
    site: Site, desk: Desk, serving: Serving
) -> None:
    path = link(site, Purpose.UNSUBSCRIBE, await desk.join("ana"))
    client = await serving(replace(site, newsletters=()))

    asked = await client.get(path)
    left = await client.post(path)

    assert [200, 200] == [asked.status_code, left.status_code]
    assert (await desk.bond("ana")).state is SubscriptionState.ENDED


async def test_a_newsletter_that_the_config_dropped_can_neither_be_confirmed_nor_set(
    site: Site, desk: Desk, serving: Serving
) -> None:
    id = await desk.join("ana", confirmed=False)
    client = await serving(replace(site, newsletters=()))

    found = [
        (await client.post(link(site, purpose, id), data={"cadence": "weekly"})).status_code
        for purpose in (Purpose.CONFIRM, Purpose.PREFERENCES)
    ]

    assert found == [410, 410]
    assert (await desk.bond("ana")).state is SubscriptionState.PENDING


async def test_posting_confirms_and_keeps_how(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    path = link(site, Purpose.CONFIRM, await desk.join("ana", confirmed=False))

    response = await client.post(path)
    again = await client.post(path)

    assert ("You are subscribed" in response.text, again.text) == (True, response.text)
    bond = await desk.bond("ana")
    assert bond.state is SubscriptionState.ACTIVE
    shown = bond.consent["confirmed_wording"]
    assert bond.consent == {
        "by": "test",
        "confirmed_by": "page",
        "confirmed_language": "en",
        "confirmed_wording": shown,
    }


async def test_a_confirmation_brings_nobody_back(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    path = link(site, Purpose.CONFIRM, await desk.join("ana", confirmed=False))
    await desk.leave("ana")

    response = await client.post(path)

    assert (response.status_code, "Sign up again" in response.text) == (410, True)
    assert (await desk.bond("ana")).state is SubscriptionState.ENDED


async def test_preferences_offer_the_cadences_and_the_way_out(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    id = await desk.join("ana", "weekly")

    response = await client.get(link(site, Purpose.PREFERENCES, id))

    assert [
        f'name="cadence" value="{name}" required{" checked" if name == "weekly" else ""}>'
        in response.text
        for name in ("daily", "weekly", "instant")
    ] == [True, True, True]
    assert f'href="{link(site, Purpose.UNSUBSCRIBE, id)}"' in response.text
    assert "Saved" not in response.text


async def test_preferences_set_the_cadence(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    id = await desk.join("ana", "weekly")

    response = await client.post(link(site, Purpose.PREFERENCES, id), data={"cadence": "daily"})

    assert (response.status_code, "Saved" in response.text) == (200, True)
    assert 'value="daily" required checked' in response.text
    assert (await desk.bond("ana")).cadence == "daily"


@pytest.mark.parametrize(
    "body", [{}, {"cadence": ""}, {"cadence": "hourly"}, {"cadence": "Daily"}, {"other": "daily"}]
)
async def test_only_a_cadence_of_the_newsletter_can_be_chosen(
    site: Site, desk: Desk, client: httpx.AsyncClient, body: dict[str, str]
) -> None:
    id = await desk.join("ana", "weekly")

    response = await client.post(link(site, Purpose.PREFERENCES, id), data=body)

    assert (response.status_code, response.text) == (
        400,
        "cadence must be one of: daily, weekly, instant\n",
    )
    assert (await desk.bond("ana")).cadence == "weekly"


@pytest.fixture
def choosy(site: Site, desk: Desk) -> Site:
    """A site where there is everything to choose."""
    desk.newsletter = builders.newsletter(
        cadences=(Cadence(name="daily", cron="0 7 * * *", own_time=True), builders.INSTANT),
        languages=("ar",),
        topics=(
            Topic(slug="ports", title="Ports", select=Selection()),
            Topic(slug="ships", title="Ships", select=Selection()),
        ),
    )
    return replace(site, newsletters=(desk.newsletter,))


ALL = {
    "cadence": "daily",
    "topics": ["", "ships"],
    "language": "ar",
    "hour": "6",
    "zone": "Asia/Tokyo",
    "pause": "2026-12-24",
}


async def test_everything_on_offer_can_be_chosen(
    choosy: Site, desk: Desk, serving: Serving
) -> None:
    client = await serving(choosy)
    id = await desk.join("ana", "instant")

    response = await client.post(link(choosy, Purpose.PREFERENCES, id), data=ALL)

    assert '<html lang="ar" dir="rtl">' in response.text
    assert (await desk.bond("ana")).wishes == Wishes(
        cadence="daily",
        topics=("ships",),
        language="ar",
        own_time=OwnTime(hour=6, zone=ZoneInfo("Asia/Tokyo")),
        paused_until=datetime(2026, 12, 24, tzinfo=builders.BERLIN),
    )
    chosen = (
        'value="daily" required checked',
        'value="ships" checked',
        'value="ar" checked',
        '<option value="6" selected>',
        "<option selected>اليابان\n",
        'value="2026-12-24" min="2026-11-24"',
    )
    again = (await client.get(link(choosy, Purpose.PREFERENCES, id))).text
    assert [part for part in chosen if part not in again] == []
    assert again.count(" checked>") == 3
    assert again.count(" selected>") == 2


@pytest.mark.parametrize("language", ["en", "ar", "ja", "ru", "pt", "zh-Hant"])
def test_every_time_zone_is_told_apart_by_what_it_is_called(language: str) -> None:
    """The name is what the page posts: with a value beside each the page would be too long."""
    named = zones(language)

    assert len({name for _, name in named}) == len(named)


async def test_everything_can_be_as_usual_again(choosy: Site, desk: Desk, serving: Serving) -> None:
    client = await serving(choosy)
    id = await desk.join("ana")
    await client.post(link(choosy, Purpose.PREFERENCES, id), data=ALL)
    usual = {
        "cadence": "daily",
        "topics": "",
        "language": "en",
        "hour": "",
        "zone": "",
        "pause": "",
    }

    await client.post(link(choosy, Purpose.PREFERENCES, id), data=usual)

    assert (await desk.bond("ana")).wishes == Wishes(cadence="daily", language="en")


async def test_field_that_is_not_sent_leaves_what_it_is_about(
    choosy: Site, desk: Desk, serving: Serving
) -> None:
    client = await serving(choosy)
    id = await desk.join("ana")
    await client.post(link(choosy, Purpose.PREFERENCES, id), data=ALL)
    before = (await desk.bond("ana")).wishes

    await client.post(link(choosy, Purpose.PREFERENCES, id), data={"cadence": "instant"})

    assert (await desk.bond("ana")).wishes == replace(before, cadence="instant")


async def test_who_ticks_every_topic_gets_what_is_under_none_as_well(
    choosy: Site, desk: Desk, serving: Serving
) -> None:
    client = await serving(choosy)
    id = await desk.join("ana")
    every = {"cadence": "daily", "topics": ["", "ships", "ports"]}

    await client.post(link(choosy, Purpose.PREFERENCES, id), data=every)

    assert (await desk.bond("ana")).wishes.topics == ()


async def test_pause_that_is_over_is_none(choosy: Site, desk: Desk, serving: Serving) -> None:
    client = await serving(choosy)
    id = await desk.join("ana")

    for day in ("2026-11-01", "2026-11-23"):  # the latter is today
        form = {"cadence": "daily", "pause": day}
        await client.post(link(choosy, Purpose.PREFERENCES, id), data=form)

        assert (await desk.bond("ana")).wishes.paused_until is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("topics", "trains"),
        ("language", "fr"),
        ("hour", "24"),
        ("hour", "-1"),
        ("zone", "Mars/Base"),
        ("zone", "../../etc/passwd"),
        ("pause", "tomorrow"),
        ("pause", "99999-01-01"),
    ],
)
async def test_what_is_not_on_offer_changes_nothing(
    choosy: Site, desk: Desk, serving: Serving, name: str, value: str
) -> None:
    client = await serving(choosy)
    id = await desk.join("ana")
    before = await rows(desk)

    response = await client.post(link(choosy, Purpose.PREFERENCES, id), data=ALL | {name: value})

    assert response.status_code == 400
    assert response.text.startswith(f"{name} must be ")
    assert await rows(desk) == before


async def test_who_has_left_has_nothing_to_choose(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    id = await desk.join("ana", "weekly")
    await desk.leave("ana")

    response = await client.post(link(site, Purpose.PREFERENCES, id), data={"cadence": "daily"})

    assert "You are unsubscribed" in response.text
    assert (await desk.bond("ana")).cadence == "weekly"


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("purpose", PATHS)
async def test_a_form_larger_than_any_form_is_refused_unread(
    site: Site, desk: Desk, client: httpx.AsyncClient, purpose: Purpose, is_streamed: bool
) -> None:
    id = await desk.join("ana", "weekly", confirmed=purpose is not Purpose.CONFIRM)
    before = await rows(desk)
    body = b"cadence=daily&List-Unsubscribe=One-Click&" + b"a" * 64 * 1024

    async def streamed() -> AsyncIterator[bytes]:
        yield body

    response = await client.post(
        link(site, purpose, id),
        content=streamed() if is_streamed else body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert response.status_code == 413
    assert before == await rows(desk)
