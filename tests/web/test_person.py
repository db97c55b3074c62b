"""Another address, one's data, and to be forgotten: by the preferences link and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from publisher.model import Cadence, Selection, Topic
from publisher.store import tables as t
from publisher.tokens import Purpose, Tokens
from publisher.web.site import Site
from tests.rig import builders
from tests.rig.desk import Desk
from tests.web.conftest import Serving
from tests.web.test_people import link

MOST_BYTES = 30_000


async def dump(desk: Desk) -> list[Any]:
    """Give every row of every table."""
    async with desk.store.read() as connection:
        return [
            tuple(row)
            for table in t.metadata.sorted_tables
            for row in await connection.execute(select(table))
        ]


async def written(desk: Desk) -> list[tuple[str | None, str]]:
    """Give to whom notices were written, and the path that each leads to."""
    async with desk.store.read() as connection:
        rows = await connection.execute(select(t.notices).order_by(t.notices.c.id))
        return [
            (row.recipient, "".join(re.findall(r"example\.org(/\w+/\w+)", row.text)))
            for row in rows
        ]


async def test_a_reader_moves_and_the_old_mailbox_takes_it_back(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    here = link(site, Purpose.PREFERENCES, await desk.join("ana"))
    form = await client.get(f"{here}/address")
    asked = await client.post(f"{here}/address", data={"address": " Ana@New.example "})
    ((to, move),) = await written(desk)
    looked = await client.get(move)
    assert (await desk.bond("ana")).address.mailbox == "ana@example.org"
    moved = [await client.post(move) for _ in range(2)]
    (_, (former, keep)) = await written(desk)
    glanced = await client.get(keep)
    assert (await desk.bond("Ana@new.example")).address.mailbox == "Ana@new.example"
    kept = [await client.post(keep) for _ in range(2)]

    pages = [form, asked, looked, *moved, glanced, *kept]
    assert [each.status_code for each in pages] == [200] * 8
    assert [each.headers["Cache-Control"] for each in pages] == ["no-store"] * 8
    assert [each.text.count("<button") for each in pages] == [1, 0, 1, 0, 0, 1, 0, 0]
    assert (to, former) == ("Ana@new.example", "ana@example.org")
    assert "We have written to" in asked.text
    assert moved[0].text == moved[1].text
    assert "For a month nobody can change that" in kept[1].text
    assert (await desk.bond("ana")).address.mailbox == "ana@example.org"


@pytest.mark.parametrize("typed", ["", "ana", "ana@", "a b@example.com", "x" * 300 + "@e.com"])
async def test_what_is_no_address_is_told_so_and_nothing_is_written(
    site: Site, desk: Desk, client: httpx.AsyncClient, typed: str
) -> None:
    here = link(site, Purpose.PREFERENCES, await desk.join("ana"))
    before = await dump(desk)

    answer = await client.post(f"{here}/address", data={"address": typed})

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert 'aria-invalid="true" aria-describedby="fault"' in answer.text
    assert await dump(desk) == before


async def test_nobody_learns_who_reads_here(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    """A13: the same page for a stranger, a reader, and a mailbox that is suppressed."""
    here = link(site, Purpose.PREFERENCES, await desk.join("ana"))
    await desk.join("ben")
    await desk.suppress("cem")

    pages = {
        (
            await client.post(f"{here}/address", data={"address": f"{name}@example.org"})
        ).text.replace(name, "NAME")
        for name in ("dee", "ben", "cem")
    }

    assert len(pages) == 1


async def test_ones_data_are_a_file_for_who_presses_the_button(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    here = link(site, Purpose.PREFERENCES, await desk.join("ana"))
    page = await client.get(f"{here}/data")

    answer = await client.post(f"{here}/data")

    assert "consent" not in page.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    told = json.loads(answer.text)
    assert told["subscribers"][0]["mailbox"] == "ana@example.org"
    assert told["subscriptions"][0]["consent"] == {"by": "test"}


async def test_a_reader_is_forgotten_by_one_press_and_every_link_ends(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    id = await desk.join("ana")
    here = link(site, Purpose.PREFERENCES, id)
    page = await client.get(f"{here}/erase")
    assert (await desk.bond("ana")).id == id

    pressed = await client.post(f"{here}/erase")

    assert (page.status_code, pressed.status_code) == (200, 200)
    assert "You are forgotten" in pressed.text
    assert "ana@" not in pressed.text
    left = await dump(desk)
    assert "ana@example.org" not in str(left)
    again = [
        await client.request(method, path)
        for path in (
            f"{here}/erase",
            f"{here}/data",
            here,
            link(site, Purpose.UNSUBSCRIBE, id),
            link(site, Purpose.CONFIRM, id),
        )
        for method in ("GET", "POST")
    ]
    assert [each.status_code for each in again] == [410] * 10
    assert await dump(desk) == left


PATHS = {
    "/u/{}": Purpose.UNSUBSCRIBE,
    "/confirm/{}": Purpose.CONFIRM,
    "/undo/{}": Purpose.UNDO,
    "/preferences/{}": Purpose.PREFERENCES,
    "/preferences/{}/address": Purpose.PREFERENCES,
    "/preferences/{}/data": Purpose.PREFERENCES,
    "/preferences/{}/erase": Purpose.PREFERENCES,
    "/move/{}": Purpose.MOVE,
    "/keep/{}": Purpose.KEEP,
}


async def test_looking_at_any_page_changes_nothing(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    """A10: scanners open every link of a mail, again and again."""
    id = await desk.join("ana")
    here = link(site, Purpose.PREFERENCES, id)
    await client.post(f"{here}/address", data={"address": "ana@new.example"})
    ((_, move),) = await written(desk)
    left = await client.post(link(site, Purpose.UNSUBSCRIBE, id))
    (undo,) = re.findall(r'action="(/undo/\w+)"', left.text)
    paths = [undo, move, here, *(f"{here}/{name}" for name in ("address", "data", "erase"))]
    before = await dump(desk)

    found = [
        (await client.request(method, path)).status_code
        for path in paths
        for method in ("GET", "HEAD", "GET")
    ]

    assert found == [200] * len(found)
    assert await dump(desk) == before


FORM = {"cadence": "weekly", "address": "eve@example.com", "List-Unsubscribe": "One-Click"}
OTHER = Tokens({1: b"z" * 32}, 1)
DAMAGED: dict[str, Callable[[str, Purpose], str]] = {
    "cut": lambda good, _: good[:-1],
    "longer": lambda good, _: good + "a",
    "turned": lambda good, _: good[:-1] + ("b" if good[-1] == "a" else "a"),
    "empty": lambda _good, _: "%20",
    "zero": lambda _good, _: "%00",
    "huge": lambda _good, _: "a" * 5000,
    "letters": lambda _good, _: "%C3%A9" * 30,
    "foreign": lambda _good, purpose: OTHER.sign(purpose, 1),
}


@pytest.mark.parametrize("path", PATHS)
async def test_a_token_that_is_none_of_ours_changes_nothing(
    site: Site, desk: Desk, client: httpx.AsyncClient, path: str
) -> None:
    """A14: damaged, foreign, of another purpose, or of a row that never was."""
    id = await desk.join("ana")
    await desk.bring("one")
    await desk.issue_now()
    purpose = PATHS[path]
    good = site.tokens.sign(purpose, id)
    bad = {name: damage(good, purpose) for name, damage in DAMAGED.items()}
    bad |= {str(each): site.tokens.sign(each, id) for each in Purpose if each is not purpose}
    before = await dump(desk)

    found = {
        (name, method): (await client.request(method, path.format(token), data=FORM)).status_code
        for name, token in bad.items()
        for method in ("GET", "POST")
    }
    gone = [
        (await client.request(method, path.format(site.tokens.sign(purpose, 999, 5)), data=FORM))
        for method in ("GET", "POST")
    ]

    assert {each: status for each, status in found.items() if status != 400} == {}
    assert {each.status_code for each in gone} <= {400, 410}
    assert await dump(desk) == before


@pytest.mark.parametrize("language", ["en", "ar", "ru"])
async def test_each_page_is_small(site: Site, desk: Desk, serving: Serving, language: str) -> None:
    desk.newsletter = builders.newsletter(
        cadences=(Cadence(name="daily", cron="0 7 * * *", own_time=True), builders.INSTANT),
        languages=("ar", "ru"),
        topics=tuple(
            Topic(slug=f"topic-{n}", title=f"Topic {n}", select=Selection()) for n in range(10)
        ),
    )
    client = await serving(replace(site, newsletters=(desk.newsletter,)))
    here = link(site, Purpose.PREFERENCES, await desk.join("ana"))
    await desk.wish("ana", language=language)

    sizes = {
        path: len((await client.get(path)).content)
        for path in (here, *(f"{here}/{name}" for name in ("address", "data", "erase")))
    }

    assert {path: size for path, size in sizes.items() if size > MOST_BYTES} == {}
