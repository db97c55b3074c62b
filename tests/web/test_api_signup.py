"""Signing up over the API: what a form does, without a token, for programs and pages elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from publisher.config.site import SignUps
from publisher.model import Lane, SubscriptionState
from publisher.store.tables import deliveries, sign_ups, subscriptions
from publisher.web.site import Site
from tests.rig.desk import Desk
from tests.rig.program import until
from tests.web.conftest import Serving

PATH = "/api/v1/newsletters/digest/subscriptions"
ELSEWHERE = {"Origin": "https://elsewhere.example"}


async def sign_up(
    desk: Desk, client: httpx.AsyncClient, address: str, host: str = "", **wishes: Any
) -> httpx.Response:
    """Sign somebody up, and wait until that has been looked at."""

    async def looked_at() -> bool:
        async with desk.store.read() as connection:
            return (await connection.execute(select(sign_ups))).first() is None

    headers = ELSEWHERE | ({"X-Forwarded-For": host} if host else {})
    response = await client.post(PATH, json={"address": address, **wishes}, headers=headers)
    await until(looked_at)
    return response


async def lanes(desk: Desk) -> list[Lane]:
    async with desk.store.read() as connection:
        rows = await connection.scalars(select(deliveries.c.lane).order_by(deliveries.c.id))
        return [Lane(row) for row in rows]


async def test_program_has_somebody_asked_by_mail(desk: Desk, client: httpx.AsyncClient) -> None:
    response = await sign_up(desk, client, "ana@example.org", cadence="weekly", name="Ana Lima")

    assert (response.status_code, response.json()) == (202, {"address": "ana@example.org"})
    assert response.headers["Cache-Control"] == "no-store"
    bond = await desk.bond("ana")
    assert (bond.state, bond.cadence) == (SubscriptionState.PENDING, "weekly")
    assert (bond.address.name, bond.consent["form"]) == ("Ana Lima", "api")
    assert await lanes(desk) == [Lane.CONFIRMATION]


async def test_answer_is_the_same_whoever_the_address_belongs_to(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    """A13."""
    await desk.join("pending", confirmed=False)
    await desk.join("active")
    await desk.join("blocked")
    await desk.suppress("blocked")
    answers = set()

    for name in ("pending", "active", "blocked", "nobody"):
        response = await sign_up(desk, client, f"{name}@example.org")
        fields = {key: value for key, value in response.headers.items() if key != "date"}
        fields.pop("content-length")
        told = response.text.replace(f"{name}@", "…@")
        answers.add((response.status_code, told, str(fields)))

    assert len(answers) == 1


async def test_page_elsewhere_may_ask_and_read_every_answer(client: httpx.AsyncClient) -> None:
    """Fetch §4.8: a body of JSON is asked for first."""
    asks = {**ELSEWHERE, "Access-Control-Request-Method": "POST"}
    asks["Access-Control-Request-Headers"] = "content-type"

    first = await client.options(PATH, headers=asks)
    wrong = await client.post(PATH, json={"address": "nobody"}, headers=ELSEWHERE)

    assert first.status_code == 204
    assert first.headers["Access-Control-Allow-Methods"] == "POST"
    assert first.headers["Access-Control-Allow-Headers"] == "Content-Type"
    assert {each.headers["Access-Control-Allow-Origin"] for each in (first, wrong)} == {"*"}
    assert "Access-Control-Allow-Credentials" not in first.headers


@pytest.mark.parametrize(
    ("path", "body", "status", "pointer"),
    [
        (PATH, {"address": "ana"}, 422, "#/address"),
        (PATH, {}, 422, "#/address"),
        (PATH, {"address": "ana@example.org", "cadence": "hourly"}, 422, "#/cadence"),
        (PATH, {"address": "ana@example.org", "confirmed": True}, 422, "#/confirmed"),
        (PATH.replace("digest", "other"), {"address": "ana@example.org"}, 404, None),
    ],
)
async def test_what_cannot_be_had_is_named(
    desk: Desk,
    client: httpx.AsyncClient,
    path: str,
    body: dict[str, Any],
    status: int,
    pointer: str | None,
) -> None:
    response = await client.post(path, json=body)

    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert [each["pointer"] for each in response.json()["errors"]] == [pointer] * bool(pointer)
    async with desk.store.read() as connection:
        assert list(await connection.execute(select(subscriptions))) == []


async def test_closed_newsletter_takes_nobody(site: Site, serving: Serving) -> None:
    (newsletter,) = site.newsletters
    client = await serving(replace(site, newsletters=(replace(newsletter, is_public=False),)))

    response = await client.post(PATH, json={"address": "ana@example.org"})

    assert response.status_code == 404


async def test_limits_are_those_of_forms(site: Site, desk: Desk, serving: Serving) -> None:
    rules = SignUps(per_network=(6, 3600), per_address=(2, 3600), total=(5, 3600))
    proxied = replace(site.serving, trusted_proxies=("127.0.0.1",))
    client = await serving(replace(site, sign_ups=rules, serving=proxied))

    one = [await sign_up(desk, client, f"{n}@example.org", "9.9.9.9") for n in range(3)]
    # Beyond what one address may have, nothing is done and the same is said.
    same = [await sign_up(desk, client, "ana@example.org") for _ in range(3)]
    total = await sign_up(desk, client, "ben@example.org")

    assert [each.status_code for each in one] == [202, 202, 429]
    assert [each.status_code for each in same] == [202, 202, 202]
    assert total.status_code == 503
    assert {each.headers["Retry-After"] for each in (one[2], total)} == {"3600"}
    assert len(await lanes(desk)) == 3
