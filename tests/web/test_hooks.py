"""/hooks/bounces/NAME: what providers post, at the site as the program puts it together."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from publisher.app import App, opened
from publisher.config import load
from publisher.model import Address
from publisher.service import site_for
from publisher.store import bounces, subscribers, suppressions
from tests.rig.clock import SettableClock
from tests.web.conftest import Serving

CONFIG = """
[publication]
title = "The Lighthouse"
base_url = "https://news.example.org"

[store]
url = "${DATABASE}"

[bounces.webhooks.postmark]
username = "postmark"
password = "open sesame, please"

[bounces.webhooks.ses]
topic = "arn:aws:sns:eu-west-1:123456789012:bounces"
"""
EVENT = {"RecordType": "Bounce", "Type": "HardBounce", "ID": 1, "Email": "ada@example.org"}
AUTH = ("postmark", "open sesame, please")


@asynccontextmanager
async def open_app(folder: Path, database_url: str, clock: SettableClock) -> AsyncIterator[App]:
    path = folder / "publisher.toml"
    path.write_text(CONFIG, encoding="utf-8")
    async with opened(load(path, {"DATABASE": database_url}), clock=clock) as app:
        yield app


@pytest.fixture
async def app(tmp_path: Path, database_url: str, clock: SettableClock) -> AsyncIterator[App]:
    async with open_app(tmp_path, database_url, clock) as app:
        async with app.store.write() as connection:
            ada = Address(mailbox="ada@example.org")
            await subscribers.people(connection, {"ada@example.org": ada}, clock())
        yield app


@pytest.fixture
async def client(app: App, serving: Serving) -> httpx.AsyncClient:
    return await serving(site_for(app, capture=False))


async def counted(app: App) -> dict[str, int]:
    async with app.store.read() as connection:
        return await bounces.counts(connection, app.clock() - timedelta(days=1))


async def suppressed(app: App) -> list[str]:
    async with app.store.read() as connection:
        found = await suppressions.page(connection, limit=10)
    return [str(each.address_key) for each in found]


async def test_event_with_the_right_login_is_recorded_and_once(
    app: App, client: httpx.AsyncClient
) -> None:
    answers = [
        await client.post("/hooks/bounces/postmark", json=EVENT, auth=AUTH) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert await suppressed(app) == ["ada@example.org"]
    assert await counted(app) == {"hard": 1, "doubled": 1}


async def test_what_proves_nothing_is_refused_counted_and_without_consequence(
    app: App, client: httpx.AsyncClient
) -> None:
    """A32."""
    posts = {
        "none": await client.post("/hooks/bounces/postmark", json=EVENT),
        "wrong": await client.post("/hooks/bounces/postmark", json=EVENT, auth=("x", "y")),
        "forged": await client.post(
            "/hooks/bounces/ses", json={"Type": "Notification", "TopicArn": "another"}
        ),
        "garbled": await client.post("/hooks/bounces/postmark", content=b"{", auth=AUTH),
        "other": await client.post("/hooks/bounces/mailgun", json=EVENT),
        "large": await client.post("/hooks/bounces/postmark", content=b" " * 6_000_000, auth=AUTH),
        "read": await client.get("/hooks/bounces/postmark"),
    }

    assert {name: answer.status_code for name, answer in posts.items()} == {
        "none": 401,
        "wrong": 401,
        "forged": 403,
        "garbled": 400,
        "other": 404,
        "large": 413,
        "read": 405,
    }
    assert posts["none"].headers["www-authenticate"] == 'Basic realm="bounces"'
    assert await suppressed(app) == []
    assert await counted(app) == {"unsigned": 3}


async def test_event_whose_signature_cannot_be_checked_now_is_to_come_again(
    app: App, client: httpx.AsyncClient
) -> None:
    answer = await client.post(
        "/hooks/bounces/ses",
        json={
            "Type": "Notification",
            "TopicArn": "arn:aws:sns:eu-west-1:123456789012:bounces",
            "SigningCertURL": "https://sns.nowhere-1.amazonaws.com/a.pem",
            "Signature": base64.b64encode(b"x").decode(),
        },
    )

    assert answer.status_code == 503
    assert await counted(app) == {}
