"""Mail scanners open every link of a mail, again and again: nothing comes of it (A10)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from publisher.app import App
from publisher.mail.address import parse
from publisher.model import Wishes
from publisher.store.tables import metadata
from publisher.subscribe import subscribe
from tests.rig.clock import SettableClock
from tests.rig.databases import KINDS
from tests.rig.house import House, at_home

# The same statements run on both databases, so one of them is asked less often.
_TIMES = {"sqlite": 1000, "postgresql": 20}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    named: str = request.param
    return named


async def everything(app: App) -> dict[str, list[Any]]:
    """Read the whole database."""
    async with app.store.read() as connection:
        return {
            table.name: [
                tuple(row)
                for row in await connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in metadata.sorted_tables
        }


async def links(house: House) -> list[str]:
    """Give every link of ours in the mails that are due now."""
    found: dict[str, None] = {}
    for mail in await house.post():
        for part in mail.walk():
            if part.get_content_maintype() == "text":
                text = re.sub("&amp;", "&", part.get_content())
                found |= dict.fromkeys(re.findall(re.escape(house.url) + r"/[^\s\"<>]+", text))
        header = str(mail["List-Unsubscribe"] or "")
        found |= dict.fromkeys(re.findall(r"<(http[^>]+)>", header))
    return list(found)


async def test_a_thousand_scans_of_each_link_change_nothing(
    tmp_path: Path, kind: str, database_url: str, clock: SettableClock
) -> None:
    async with at_home(tmp_path, database_url, clock) as house:
        await house.join("ana@example.org", confirmed=False)
        await house.join("ben@example.org")
        newsletter = house.app.config.newsletters[0]
        await subscribe(
            house.app.store,
            newsletter,
            [parse("ben@example.org")],
            wishes=Wishes(cadence="daily"),
            confirmed=False,
            is_own=True,
            by_form=True,
            consent={},
            publication=house.app.config.publication,
            templates=house.app.templates,
            clock=clock,
        )
        found = await links(house)
        before = await everything(house.app)
        kinds = {address.removeprefix(house.url).split("/")[1] for address in found}
        assert {"confirm", "u", "preferences"} <= kinds

        with capture_logs():  # printing would take longer than answering
            async with httpx.AsyncClient(trust_env=False) as client:
                for address in found:
                    statuses = set()
                    for n in range(_TIMES[kind]):
                        method = "HEAD" if n % 2 else "GET"
                        statuses.add((await client.request(method, address)).status_code)
                    assert statuses == {200}, address

        assert await everything(house.app) == before
