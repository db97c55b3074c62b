"""Requests with an Idempotency-Key: obeyed once, answered every time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest
from structlog.testing import capture_logs

from publisher.app import App
from publisher.model import Rejection, SourceArticle
from publisher.service import site_for
from publisher.sources.push import Pushed
from publisher.store.articles import listing
from publisher.store.tables import idempotency
from tests.rig.clock import SettableClock
from tests.rig.pushing import BEARER, OTHER_TOKEN
from tests.web.conftest import Serving
from tests.web.test_api import ARTICLES, FROST

KEY = {"Idempotency-Key": '"8e03978e-40d5"'}


async def titles(app: App) -> list[str]:
    async with app.store.read() as connection:
        return [each.title async for each in listing(connection)]


async def test_request_that_is_sent_again_gets_the_first_answer(
    api: httpx.AsyncClient, press: App
) -> None:
    first = await api.post(ARTICLES, json=FROST, headers=KEY)
    await api.put(f"{ARTICLES}/frost", json=FROST | {"title": "Late frost"})

    again = await api.post(ARTICLES, json=FROST, headers=KEY)

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert await titles(press) == ["Late frost"]


async def test_key_may_be_bare(api: httpx.AsyncClient) -> None:
    await api.post(ARTICLES, json=FROST, headers=KEY)

    again = await api.post(ARTICLES, json=FROST, headers={"Idempotency-Key": "8e03978e-40d5"})

    assert again.status_code == 201


async def test_put_is_obeyed_once_as_well(api: httpx.AsyncClient, press: App) -> None:
    first = await api.put(f"{ARTICLES}/frost", json=FROST, headers=KEY)
    await api.delete(f"{ARTICLES}/frost")

    again = await api.put(f"{ARTICLES}/frost", json=FROST, headers=KEY)

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert not await press.sources.withdraw_pushed("press", "frost")


async def test_another_request_with_the_key_is_refused(api: httpx.AsyncClient, press: App) -> None:
    await api.post(ARTICLES, json=FROST, headers=KEY)

    answers = [
        await api.post(ARTICLES, json=FROST | {"title": "Flood"}, headers=KEY),
        await api.put(f"{ARTICLES}/frost", json=FROST, headers=KEY),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert "another request" in answers[0].json()["detail"]
    assert await titles(press) == ["First frost"]


async def test_keys_of_two_sources_have_nothing_in_common(api: httpx.AsyncClient) -> None:
    await api.post(ARTICLES, json=FROST, headers=KEY)

    theirs = {"Authorization": f"Bearer {OTHER_TOKEN}", **KEY}
    other = await api.post(ARTICLES, json=FROST | {"title": "Flood"}, headers=theirs)

    assert other.status_code == 201


async def test_while_the_first_is_under_way_the_second_has_to_wait(
    api: httpx.AsyncClient, press: App
) -> None:
    async with press.sources.turns["press"]:
        first = asyncio.create_task(api.post(ARTICLES, json=FROST, headers=KEY))
        while True:
            async with press.store.read() as connection:
                if await connection.scalar(idempotency.select()):
                    break
        second = await api.post(ARTICLES, json=FROST, headers=KEY)
    answers = [await first, await api.post(ARTICLES, json=FROST, headers=KEY)]

    assert (second.status_code, second.json()["title"]) == (409, "Conflict")
    assert [answer.status_code for answer in answers] == [201, 201]


async def test_of_many_at_once_one_is_obeyed(api: httpx.AsyncClient, press: App) -> None:
    answers = await asyncio.gather(*(api.post(ARTICLES, json=FROST, headers=KEY) for _ in range(8)))

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["state"] for answer in answers if answer.status_code == 201} == {"new"}
    assert await titles(press) == ["First frost"]


async def test_refused_request_leaves_its_key_free(api: httpx.AsyncClient) -> None:
    faulty = await api.post(ARTICLES, json=FROST | {"titel": ""}, headers=KEY)
    unfit = await api.post(ARTICLES, json=FROST | {"html": "<b>" * 5000}, headers=KEY)

    mended = await api.post(ARTICLES, json=FROST, headers=KEY)

    assert [each.status_code for each in (faulty, unfit, mended)] == [422, 422, 201]


async def test_failed_request_may_be_sent_again(press: App, serving: Serving) -> None:
    class Broken:
        """Takes in through a site whose database is gone."""

        push_tokens = press.sources.push_tokens

        async def push(self, name: str, told: SourceArticle, /) -> Pushed | Rejection:
            raise OSError("the disk is full")

        withdraw_pushed = press.sources.withdraw_pushed

    site = site_for(press, capture=False)
    broken = await serving(replace(site, pushing=Broken()))
    whole = await serving(site)
    with capture_logs():
        failed = await broken.post(ARTICLES, json=FROST, headers=KEY | BEARER)

    again = await whole.post(ARTICLES, json=FROST, headers=KEY | BEARER)

    assert [failed.status_code, again.status_code] == [500, 201]


async def test_key_is_kept_for_a_day(api: httpx.AsyncClient, clock: SettableClock) -> None:
    await api.post(ARTICLES, json=FROST, headers=KEY)
    clock.advance(hours=25)

    later = await api.post(ARTICLES, json=FROST, headers=KEY)

    assert (later.status_code, later.json()["state"]) == (200, "unchanged")


@pytest.mark.parametrize("key", ["", '""', '"a', 'a"b', "x" * 201, "ü"])
async def test_key_that_is_none_is_told(api: httpx.AsyncClient, press: App, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode()}

    response = await api.post(ARTICLES, json=FROST, headers=headers)

    assert response.status_code == 400
    assert "Idempotency-Key" in response.json()["detail"]
    assert await titles(press) == []
