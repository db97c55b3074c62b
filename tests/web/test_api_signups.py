"""Signing up over the API: as by the form, for scripts on anybody's page."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from sqlalchemy import select

from publisher.config.site import SignUps
from publisher.model import SubscriptionState
from publisher.store.tables import sign_ups, subscriptions
from publisher.web.site import Site
from tests.rig.desk import Desk
from tests.rig.program import until
from tests.web.conftest import Serving

PATH = "/api/v1/newsletters/digest/subscriptions"


async def looked_at(desk: Desk) -> None:
    async def is_so() -> bool:
        async with desk.store.read() as connection:
            return (await connection.execute(select(sign_ups))).first() is None

    await until(is_so)


async def test_it_asks_by_mail_and_tells_nothing(desk: Desk, client: httpx.AsyncClient) -> None:
    await desk.join("ben")
    answers = []

    for name in ("ana", "ben"):
        given = {"email": f"{name}@example.org", "cadence": "weekly", "name": "Ana"}
        response = await client.post(PATH, json=given, headers={"Origin": "https://any.example"})
        answers.append((response.status_code, response.text))
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        await looked_at(desk)

    assert answers == [(202, '{"detail":"A mail to this address is on its way."}')] * 2
    bond = await desk.bond("ana")
    assert (bond.state, bond.cadence) == (SubscriptionState.PENDING, "weekly")
    assert bond.consent == {"form": "api"}
    assert (await desk.bond("ben")).cadence == "daily"


async def test_browsers_of_other_sites_may_ask(client: httpx.AsyncClient) -> None:
    response = await client.options(
        PATH, headers={"Origin": "https://any.example", "Access-Control-Request-Method": "POST"}
    )

    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Access-Control-Allow-Headers"] == "Content-Type"


@pytest.mark.parametrize(
    ("path", "given", "status", "pointers"),
    [
        (PATH, {}, 422, ["#/email"]),
        (PATH, {"email": "ana"}, 422, ["#/email"]),
        (PATH, {"email": "a@example.org", "cadence": "hourly"}, 422, ["#/cadence"]),
        (PATH, {"email": "a@example.org", "confirmed": True}, 422, ["#/confirmed"]),
        (PATH.replace("digest", "gone"), {"email": "a@example.org"}, 404, []),
    ],
)
async def test_faults_are_told_as_problems(
    desk: Desk,
    client: httpx.AsyncClient,
    path: str,
    given: dict[str, object],
    status: int,
    pointers: list[str],
) -> None:
    response = await client.post(path, json=given)

    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert [each["pointer"] for each in response.json()["errors"]] == pointers
    async with desk.store.read() as connection:
        assert (await connection.execute(select(subscriptions))).first() is None


async def test_limits_are_those_of_forms_elsewhere(
    site: Site, desk: Desk, serving: Serving
) -> None:
    client = await serving(
        replace(
            site,
            serving=replace(site.serving, trusted_proxies=("127.0.0.1",)),
            sign_ups=SignUps(per_network=(3, 3600)),
        )
    )
    answers = [
        await client.post(
            PATH,
            json={"email": f"a{n}@example.org"},
            headers={"X-Forwarded-For": f"8.8.8.{n}"},
        )
        for n in range(2)
    ]
    await looked_at(desk)

    assert [each.status_code for each in answers] == [202, 429]
    assert answers[1].headers["Retry-After"] == "3600"


async def test_newsletter_that_is_not_public_takes_nobody(
    site: Site, desk: Desk, serving: Serving
) -> None:
    closed = replace(desk.newsletter, is_public=False)
    client = await serving(replace(site, newsletters=(closed,)))

    assert (await client.post(PATH, json={"email": "ana@example.org"})).status_code == 404
