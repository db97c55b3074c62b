"""Who may do what over the API: nothing without a token, and no more than its scopes say (A27)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import select

from publisher.model import Scope
from publisher.store import access
from publisher.store.tables import api_tokens
from publisher.web.api import rights
from publisher.web.api.operation import Operation
from publisher.web.api.operations import OPERATIONS
from publisher.web.site import Site
from tests.rig.clock import SettableClock
from tests.web.conftest import Serving

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
IN_PATHS = {
    "{address}": "nobody%40example.org",
    "{newsletter}": "digest",
    "{id}": "999",
    "{name}": "none",
}
# What an operation answers to somebody who may do it and asks for what is not there, or nothing.
DONE = (200, 204, 400, 404, 415)


def url_of(operation: Operation) -> str:
    path = f"/api/v1{operation.path}"
    for name, value in IN_PATHS.items():
        path = path.replace(name, value)
    return path


async def token_for(site: Site, *scopes: Scope, expires: datetime | None = None) -> str:
    async with site.store.write() as connection:
        name = " ".join(scopes) or "nothing"
        made = await access.add(connection, name, scopes, expires=expires, now=site.clock())
    assert made is not None
    return made


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_each_operation_needs_its_scope_and_no_other(
    site: Site, client: httpx.AsyncClient
) -> None:
    """Every operation, asked with a token of each single scope, of all, of none, and a foreign."""
    single = {scope: await token_for(site, scope) for scope in Scope}
    whole = await token_for(site, *Scope)
    for operation in OPERATIONS:
        url, method = url_of(operation), operation.method
        for scope, token in single.items():
            answer = await client.request(method, url, headers=bearer(token))
            if scope is operation.scope:
                assert answer.status_code in DONE, (method, url, scope, answer.text)
            else:
                assert answer.status_code == 403, (method, url, scope)
                assert f'scope="{operation.scope}"' in answer.headers["WWW-Authenticate"]
        assert (await client.request(method, url, headers=bearer(whole))).status_code in DONE
        for headers in ({}, bearer("pub_wrong"), bearer("."), {"Authorization": f"Basic {whole}"}):
            answer = await client.request(method, url, headers=headers)
            assert answer.status_code == 401, (method, url, headers)
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="api"')


async def test_no_other_method_or_spelling_gets_by(site: Site, client: httpx.AsyncClient) -> None:
    whole = bearer(await token_for(site, *Scope))
    for url in {url_of(operation) for operation in OPERATIONS}:
        allowed = {each.method for each in OPERATIONS if url_of(each) == url}
        for method in METHODS:
            answer = await client.request(method, url, headers=whole)
            if method in allowed or (method == "HEAD" and "GET" in allowed):
                assert answer.status_code in DONE, (method, url)
            else:
                # What a longer path of another operation takes for an address is nobody's.
                assert answer.status_code in (404, 405), (method, url)
        if "nobody" not in url:
            for other in (f"{url}/", url.upper(), url.replace("/api/", "//api/")):
                found = (await client.get(other, headers=whole)).status_code
                assert found in (404, 405), other


def test_every_scope_is_for_something() -> None:
    asked_for = {operation.scope for operation in OPERATIONS}

    assert set(Scope) - asked_for == {Scope.SUBSCRIBERS_CONFIRM}


async def test_token_that_expires_or_is_removed_opens_nothing(
    site: Site, client: httpx.AsyncClient, clock: SettableClock
) -> None:
    until = clock() + timedelta(days=1)
    short = await token_for(site, Scope.EVENTS_READ, expires=until)
    long = await token_for(site, Scope.EVENTS_READ, Scope.ISSUES_READ)

    async def ask(token: str) -> int:
        return (await client.get("/api/v1/events", headers=bearer(token))).status_code

    before = [await ask(short), await ask(long)]
    clock.move_to(until)
    after = [await ask(short), await ask(long)]
    async with site.store.write() as connection:
        assert await access.remove(connection, "events:read issues:read")
        assert not await access.remove(connection, "events:read issues:read")

    assert before == [200, 200]
    assert after == [401, 200]
    assert await ask(long) == 401


async def test_token_is_not_kept_and_its_use_is_noted_to_the_minute(
    site: Site, client: httpx.AsyncClient, clock: SettableClock
) -> None:
    token = await token_for(site, Scope.EVENTS_READ)
    used = []
    for _ in range(3):
        await client.get("/api/v1/issues", headers=bearer(token))  # refused, and used all the same
        async with site.store.read() as connection:
            (found,) = await access.listing(connection)
            (row,) = (await connection.execute(select(api_tokens))).all()
        used.append(found.used)
        clock.advance(seconds=40)

    start = used[0]
    assert start is not None
    assert used == [start, start, start + timedelta(seconds=80)]
    assert token not in str(row)
    assert len(token) > 40


async def test_token_that_asks_too_often_has_to_wait(
    site: Site, client: httpx.AsyncClient, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "_MOST_REQUESTS", 2)
    token, other = await token_for(site, Scope.EVENTS_READ), await token_for(site, *Scope)

    async def ask(token: str) -> httpx.Response:
        return await client.get("/api/v1/events", headers=bearer(token))

    answers = [await ask(token) for _ in range(3)]
    clock.advance(seconds=20)
    later = await ask(token)
    clock.advance(seconds=41)

    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "60"
    assert later.headers["Retry-After"] == "40"
    assert (await ask(other)).status_code == 200
    assert (await ask(token)).status_code == 200


async def test_api_of_a_reloaded_site_knows_the_same_tokens(site: Site, serving: Serving) -> None:
    token = await token_for(site, Scope.NEWSLETTERS_READ)
    again = await serving(replace(site))

    assert (await again.get("/api/v1/newsletters", headers=bearer(token))).status_code == 200
