"""A proof of work: what does not solve a challenge of ours, and once, signs nobody up."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from altcha import Challenge, Payload, Solution, create_challenge, solve_challenge
from sqlalchemy import select

from publisher.config.site import SignUps
from publisher.model import SubscriptionState
from publisher.store.tables import sign_up_limits, sign_ups, subscriptions
from publisher.tokens import Tokens
from publisher.web import proof
from publisher.web.site import Site
from tests.rig.desk import Desk
from tests.rig.program import until
from tests.web.conftest import Serving

PATH = "/newsletters/digest"
API = f"/api/v1{PATH}/subscriptions"
Posting = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def site(site: Site, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Site:
    """One that asks for a proof, of fewer tries than usual, by the clock that ALTCHA reads."""
    monkeypatch.setattr(proof, "_FEWEST", 3)
    desk.clock.move_to(datetime.now(UTC))
    return replace(site, sign_ups=SignUps(proof_of_work=True))


@pytest.fixture
def post(desk: Desk, client: httpx.AsyncClient) -> Posting:
    return posting(desk, client)


def posting(desk: Desk, client: httpx.AsyncClient) -> Posting:
    async def post(solution: str | None = None, email: str = "ana@example.org") -> httpx.Response:
        """Post the form of the page as a person does."""
        stamp = re.search('name="stamp" value="([^"]+)"', (await client.get(PATH)).text)
        assert stamp
        desk.clock.advance(seconds=3)
        form = {"email": email, "name": "Ana", "cadence": "weekly", "stamp": stamp[1]}
        form |= {} if solution is None else {"altcha": solution}
        response = await client.post(PATH, data=form)
        await until(looked_at)
        return response

    async def looked_at() -> bool:
        async with desk.store.read() as connection:
            return (await connection.execute(select(sign_ups))).first() is None

    return post


async def challenged(client: httpx.AsyncClient) -> Challenge:
    response = await client.get("/altcha")
    assert response.status_code == 200
    return Challenge.from_dict(response.json())


def solved(challenge: Challenge) -> str:
    """Solve it by ALTCHA's own solver."""
    solution = solve_challenge(challenge)
    assert solution is not None
    return Payload(challenge, solution).to_base64()


async def taken(desk: Desk, table: Any) -> int:
    async with desk.store.read() as connection:
        return len(list(await connection.execute(select(table))))


async def test_challenge_is_for_one_and_ends_soon(client: httpx.AsyncClient) -> None:
    responses = [await client.get("/altcha") for _ in range(2)]

    assert {each.headers["Cache-Control"] for each in responses} == {"no-store"}
    assert {each.headers["Access-Control-Allow-Origin"] for each in responses} == {"*"}
    first, second = (each.json()["parameters"] for each in responses)
    assert first["nonce"] != second["nonce"]
    assert first["algorithm"] == "PBKDF2/SHA-256"
    assert 0 < first["expiresAt"] - datetime.now(UTC).timestamp() < 21 * 60


async def test_solution_signs_somebody_up_once_in_any_process(
    site: Site, desk: Desk, client: httpx.AsyncClient, post: Posting, serving: Serving
) -> None:
    solution = solved(await challenged(client))

    good = await post(solution)
    elsewhere = await serving(site)
    again = await posting(desk, elsewhere)(solution, "ben@example.org")
    by_program = await elsewhere.post(API, json={"address": "eve@example.org", "altcha": solution})

    assert [each.status_code for each in (good, again, by_program)] == [200, 422, 422]
    assert (await desk.bond("ana")).state is SubscriptionState.PENDING
    assert await taken(desk, subscriptions) == 1


async def test_what_solves_no_challenge_of_ours_is_asked_for_again_before_anything_is_kept(
    site: Site, desk: Desk, client: httpx.AsyncClient, post: Posting
) -> None:
    challenge = await challenged(client)
    solution = solve_challenge(challenge)
    assert solution
    easier = Challenge.from_dict(json.loads(json.dumps(challenge.to_dict())))
    easier.parameters.key_prefix = ""
    foreign = Tokens({1: b"x" * 32}, 1)
    desk.clock.advance(hours=-1)
    expired = solved(await challenged(client))
    desk.clock.advance(hours=1)
    cases = {
        "missing": None,
        "empty": "",
        "no base64": "}",
        "no JSON": base64.b64encode(b"{").decode(),
        "half of it": base64.b64encode(b'{"challenge": {}}').decode(),
        "other JSON": base64.b64encode(
            b'{"challenge": {"parameters": "x"}, "solution": 1}'
        ).decode(),
        "deep": base64.b64encode(b"[" * 1400).decode(),
        "long": solved(challenge) + "=" * 2000,
        "unsigned": solved(Challenge(challenge.parameters)),
        "made easier": solved(easier),
        "foreign key": solved(
            create_challenge(
                "PBKDF2/SHA-256",
                1,
                counter=3,
                expires_at=desk.clock() + timedelta(minutes=5),
                hmac_secret=foreign.derived("challenge"),
                hmac_key_secret=foreign.derived("solution"),
            )
        ),
        "wrong number": Payload(challenge, Solution(1, "0" * 64)).to_base64(),
        "no number": Payload(challenge, Solution(1, None)).to_base64(),  # type: ignore[arg-type]
        "ended": expired,
    }

    for name, case in cases.items():
        response = await post(case)
        assert response.status_code == 422, name
        assert "Please press the button once more." in response.text, name
        assert 'value="ana@example.org"' in response.text, name
        assert 'value="weekly" checked' in response.text, name
    assert await taken(desk, sign_up_limits) == 0
    assert (await post(Payload(challenge, solution).to_base64())).status_code == 200


async def test_form_elsewhere_leads_to_ours_with_what_was_typed(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, data={"email": "ana@example.org"})

    assert response.status_code == 422
    assert 'value="ana@example.org"' in response.text
    assert 'data-challenge="/altcha"' in response.text
    policy = response.headers["Content-Security-Policy"]
    assert re.search(r"; script-src 'sha256-[^';]+'; connect-src 'self'$", policy)


async def test_program_brings_one_as_well_and_is_told_where_to_get_it(
    site: Site, desk: Desk, client: httpx.AsyncClient
) -> None:
    person = {"address": "ana@example.org"}

    without = await client.post(API, json=person)
    with_one = await client.post(API, json={**person, "altcha": solved(await challenged(client))})

    assert [each.status_code for each in (without, with_one)] == [422, 202]
    (fault,) = without.json()["errors"]
    assert (fault["pointer"], "GET /altcha" in fault["detail"]) == ("#/altcha", True)
    assert without.headers["Access-Control-Allow-Origin"] == "*"
    document = (await client.get("/api/v1/openapi.json")).json()
    told = document["paths"]["/api/v1/newsletters/{newsletter}/subscriptions"]["post"]
    schema = told["requestBody"]["content"]["application/json"]["schema"]
    assert "GET /altcha" in told["description"]
    assert {"required": ["altcha"]} in schema["allOf"]


async def test_only_pages_with_the_proof_may_run_its_script(
    site: Site, desk: Desk, client: httpx.AsyncClient, serving: Serving
) -> None:
    off = await serving(replace(site, sign_ups=SignUps()))
    kept = await serving(replace(site, is_static=True))

    on = [(await client.get(path)) for path in (PATH, f"{PATH}/form")]
    without = [(await off.get(path)) for path in (PATH, f"{PATH}/form", "/altcha")]

    assert all("connect-src 'self'" in each.headers["Content-Security-Policy"] for each in on)
    assert ["altcha" in each.text for each in (*on, *without)] == [True, True] + [False] * 3
    assert not any("script" in each.headers["Content-Security-Policy"] for each in without)
    assert without[2].status_code == 404
    base = site.publication.base_url
    assert f'data-challenge="{base}/altcha"' in (await kept.get(PATH)).text
    assert "script" not in (await client.get("/")).headers["Content-Security-Policy"]
    copying = (await client.get(f"{PATH}/embed")).headers["Content-Security-Policy"]
    assert ("script-src" in copying, "connect-src" in copying) == (True, False)
