"""A proxy that nobody named is told of, since limits cannot tell who comes through it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from publisher.web.site import Site
from tests.web.conftest import Serving


@pytest.mark.parametrize(
    ("trusted", "passed_on_for", "is_told"),
    [
        ((), "203.0.113.9", True),
        (("192.0.2.9",), "203.0.113.9, 10.0.0.7", True),
        (("127.0.0.1",), "203.0.113.9", False),
        (("127.0.0.1",), "10.0.0.7", False),  # who comes from within the house
        ((), None, False),
    ],
)
async def test_proxy_that_nobody_named_is_told_of_once(
    site: Site,
    serving: Serving,
    trusted: tuple[str, ...],
    passed_on_for: str | None,
    is_told: bool,
) -> None:
    behind = replace(site, serving=replace(site.serving, trusted_proxies=trusted))
    client = await serving(behind)
    headers = {} if passed_on_for is None else {"X-Forwarded-For": passed_on_for}

    with capture_logs() as logs:
        for _ in range(3):
            await client.get("/", headers=headers)

    told = [each["proxy"] for each in logs if each["event"] == "a proxy is not trusted"]
    assert told == ["127.0.0.1"] * is_told
