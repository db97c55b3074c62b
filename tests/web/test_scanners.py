"""Scanners open every link of a mail before its reader does, and again: nothing may come of it.

SCANS=1000 opens each so many times.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from publisher.editing import Wish
from publisher.ingest import Terms, ingest
from publisher.store import tables
from tests.rig import builders
from tests.rig.builders import TellingSource
from tests.rig.databases import KINDS
from tests.rig.house import House

SCANS = int(os.environ.get("SCANS", "40"))
# Half of them by HEAD.
AT_ONCE = ("GET", "HEAD") * 10


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Both databases: what a page reads may be written by the same transaction."""
    named: str = request.param
    return named


async def test_scanners_change_nothing_however_often_they_come(house: House) -> None:
    """A10."""
    await house.join("ana@example.org")
    issue = await issue_mail(house)
    await house.join("ben@example.org", confirmed=False)
    (asking,) = await house.post()
    links = links_to(house.url, issue) | links_to(house.url, asking)
    kinds = {link.removeprefix(house.url).split("/")[1] for link in links}
    assert {"u", "preferences", "confirm"} <= kinds, links
    before = await dump(house)

    async with httpx.AsyncClient(trust_env=False) as client:
        for link in sorted(links):
            for _ in range(SCANS // len(AT_ONCE)):
                answers = await asyncio.gather(
                    *(client.request(method, link) for method in AT_ONCE)
                )
                assert [each.status_code for each in answers] == [200] * len(answers), link

    assert await dump(house) == before


async def issue_mail(house: House) -> EmailMessage:
    """Publish an article and mail an issue of it; give the mail."""
    app, source = house.app, TellingSource()
    source.tells = [builders.told("one")]
    terms = Terms(every=timedelta(minutes=1), mailed=None)
    await ingest(
        app.store, source, publication=app.config.publication, terms=terms, clock=house.clock
    )
    (newsletter,) = app.config.newsletters
    house.clock.advance(seconds=1)
    await app.compose_now(newsletter, newsletter.default_cadence, Wish())
    (mail,) = await house.post()
    return mail


def links_to(site: str, mail: EmailMessage) -> set[str]:
    """Find every address of the site in a mail: in its header fields, its text, its HTML."""
    texts = [str(value) for _, value in mail.items()]
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            content = part.get_content()
            is_html = part.get_content_subtype() == "html"
            texts.append(html.unescape(content) if is_html else content)
    found = re.findall(rf"{re.escape(site)}[^\s\"'<>)]*", "\n".join(texts))
    return {link.partition("#")[0].rstrip(".,") for link in found}


async def dump(house: House) -> dict[str, list[Any]]:
    """Give every row of every table."""
    async with house.app.store.read() as connection:
        return {
            table.name: sorted(map(tuple, await connection.execute(select(table))), key=repr)
            for table in tables.metadata.sorted_tables
        }
