"""The next issue over the API, before it is made."""

from __future__ import annotations

from pathlib import Path

import httpx

from publisher.model import Scope
from publisher.service import site_for
from tests.rig.clock import SettableClock
from tests.rig.house import at_home
from tests.rig.pushing import BEARER, TOKEN
from tests.web.test_api_rights import bearer, token_for

MORE = f"""
[[sources]]
name = "press"
kind = "push"
token = "{TOKEN}"
start = "now"

[[newsletters]]
slug = "spoilt"
title = "Spoilt"
from = "news@example.org"
subject = "For {{{{ recipient.name | upper }}}}"
[newsletters.cadences]
daily = {{ cron = "0 7 * * *" }}
"""


async def test_next_issue_is_shown_and_nothing_made(
    tmp_path: Path, database_url: str, clock: SettableClock
) -> None:
    async with (
        at_home(tmp_path, database_url, clock, more=MORE) as house,
        httpx.AsyncClient(base_url=f"{house.url}/api/v1", trust_env=False) as client,
    ):
        client.headers.update(bearer(await token_for(site_for(house.app, capture=False), *Scope)))

        async def preview(newsletter: str = "digest", **asked: str) -> httpx.Response:
            return await client.get(f"/newsletters/{newsletter}/preview", params=asked)

        nothing = await preview()
        await house.join("ann@example.org")
        frost = {"guid": "frost", "title": "First frost", "html": "<p>It froze.</p>"}
        await client.post("/articles", json=frost, headers=BEARER)
        shown = await preview(cadence="weekly")
        spoilt = await preview("spoilt")
        others = [await preview(cadence="hourly"), await preview("other")]
        listed = (await client.get("/issues")).json()

    assert nothing.json() == {"cadence": "daily", "mail": None}
    assert shown.json()["cadence"] == "weekly"
    mail = shown.json()["mail"]
    assert mail["sender"] == "The Lighthouse <news@example.org>"
    assert "First frost" in mail["subject"]
    assert "It froze." in mail["html"]
    assert "It froze." in mail["text"]
    assert spoilt.status_code == 409
    assert "the template of its subject spoils" in spoilt.json()["detail"]
    assert [each.status_code for each in others] == [400, 404]
    assert listed["items"] == []
