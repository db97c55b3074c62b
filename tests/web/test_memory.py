"""What the application remembers of feeds, and for how long."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import delete, update

from publisher.store.tables import feed_documents
from tests.rig.desk import Desk
from tests.web.conftest import Publishing

PLAIN = {"Accept-Encoding": "identity"}


async def test_new_bytes_are_served_a_second_later(
    desk: Desk, client: httpx.AsyncClient, built: Publishing
) -> None:
    await desk.bring("ana")
    await built()
    tag = (await client.get("/feeds/all.rss")).headers["ETag"]
    await desk.bring("ben")
    await built()

    answers = []
    for _ in range(2):
        answers.append(await client.get("/feeds/all.rss", headers={"If-None-Match": tag}))
        desk.clock.advance(seconds=1)

    assert [answer.status_code for answer in answers] == [304, 200]
    assert "ben" in answers[1].text


async def test_the_date_moves_with_the_bytes(
    desk: Desk, client: httpx.AsyncClient, built: Publishing
) -> None:
    await built()
    await client.get("/feeds/all.rss")
    desk.clock.advance(minutes=5)
    await desk.bring("ana")
    await built()

    after = await client.get("/feeds/all.rss")

    assert after.headers["Last-Modified"] == "Mon, 23 Nov 2026 06:05:00 GMT"


async def test_bytes_are_read_once_a_tag(
    desk: Desk, client: httpx.AsyncClient, built: Publishing
) -> None:
    """A poll costs a look at the tag at most: bytes changed behind its back are not even read."""
    await built()
    first = await client.get("/feeds/all.rss", headers=PLAIN)
    async with desk.store.write() as connection:
        await connection.execute(update(feed_documents).values(body=b"changed"))
    desk.clock.advance(seconds=1)

    second = await client.get("/feeds/all.rss", headers=PLAIN)

    assert first.content == second.content


async def test_once_a_second_one_looks_while_the_others_are_answered(
    desk: Desk, client: httpx.AsyncClient, built: Publishing
) -> None:
    """Behind it everything is gone; ten seconds after it was last seen nobody is served it."""
    await built()
    await client.get("/feeds/all.rss")
    async with desk.store.write() as connection:
        await connection.execute(delete(feed_documents))

    answers = []
    for seconds in (0, 1, 0, 8.5, 0.4, 0.2):
        desk.clock.advance(seconds=seconds)
        answers.append((await client.get("/feeds/all.rss")).status_code)

    assert answers == [200, 503, 200, 503, 200, 503]


async def test_a_clock_that_is_set_back_keeps_nothing_alive(
    desk: Desk, client: httpx.AsyncClient, built: Publishing
) -> None:
    await desk.bring("ana")
    await built()
    await client.get("/feeds/all.rss")
    await desk.bring("ben")
    await built()
    desk.clock.advance(hours=-1)

    response = await client.get("/feeds/all.rss")

    assert "ben" in response.text


async def test_more_than_fits_into_memory_is_served_all_the_same(
    desk: Desk,
    client: httpx.AsyncClient,
    built: Publishing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("publisher.web.memory._MOST_BYTES", 1)
    await desk.bring("ana")
    await built()

    answers = [
        await client.get(f"/feeds/all.{format}") for _ in range(2) for format in ("rss", "atom")
    ]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert [answer.content for answer in answers[:2]] == [answer.content for answer in answers[2:]]
