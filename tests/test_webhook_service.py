"""A program is told what another one did, by the real service and over the wire."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import httpx

from tests.rig.program import Site, until
from tests.rig.web import Asked, Page, WebRig

KEY = base64.b64encode(b"k" * 32).decode()


async def test_what_one_program_does_another_is_told(tmp_path: Path) -> None:
    told: list[Asked] = []

    def answer(asked: Asked) -> Page:
        told.append(asked)
        return Page(status=500 if len(told) == 1 else 204)

    site = Site(tmp_path)
    async with WebRig() as rig:
        rig.pages["/hook"] = answer
        with site.config.open("a", encoding="utf-8") as config:
            config.write(f'\n[[webhooks]]\nname = "crm"\nurl = "{rig.url}/hook"\n')
            config.write(f'secret = "{KEY}"\nkinds = ["subscription.asked"]\n')
        await site.aside("migrate")
        scopes = ("--scope", "subscribers:write", "--scope", "events:read")
        token = (await site.aside("tokens", "add", "shop", *scopes)).strip()
        async with (
            site.running("run", "--capture") as service,
            httpx.AsyncClient(
                base_url=f"{site.url}/api/v1", headers={"Authorization": f"Bearer {token}"}
            ) as client,
        ):
            await service.until_said("listening")
            wanted = {"address": "ann@example.org", "newsletter": "digest"}
            asked = await client.post("/subscribers", json=wanted)
            await until(lambda: asyncio.sleep(0, len(told) == 2))
            found = (await client.get("/events", params={"kind": "subscription.asked"})).json()

    assert asked.json() == {"became": "asked"}
    refused, taken = (json.loads(each.body) for each in told)
    assert refused == taken
    assert [refused["type"], refused["data"]["address"]] == [
        "subscription.asked",
        "ann@example.org",
    ]
    assert told[0].headers["webhook-id"] == told[1].headers["webhook-id"]
    (event,) = found["items"]
    assert event["id"] == taken["id"]
    assert event["data"] == taken["data"]
