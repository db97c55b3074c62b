"""A reader in a real browser, by the links of real mails: chooses, moves, leaves, is forgotten."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page

from publisher.editing import Wish
from publisher.ingest import Terms, ingest
from publisher.model import SubscriptionState
from tests.rig import builders
from tests.rig.browser import violations, visit
from tests.rig.builders import TellingSource
from tests.rig.house import House, link

ANA = "ana@example.org"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class Reader:
    """Somebody at a browser. What they see is judged by axe-core wherever that can run."""

    def __init__(self, page: Page, *, scripts: bool) -> None:
        self.page = page
        self._scripts = scripts

    async def heading(self) -> str:
        if self._scripts:
            assert await violations(self.page) == []
        return await self.page.get_by_role("heading", level=1).inner_text()

    async def go(self, url: str) -> str:
        await self.page.goto(url)
        return await self.heading()

    async def follow(self, name: str) -> str:
        await self.page.get_by_role("link", name=name, exact=True).click()
        return await self.heading()

    async def press(self, name: str) -> str:
        await self.page.get_by_role("button", name=name, exact=True).click()
        return await self.heading()


async def issue(house: House, cadence: str, article: str) -> EmailMessage:
    """Make an issue with a new article, and give the mail of it."""
    app, source = house.app, TellingSource()
    source.tells = [builders.told(article)]
    terms = Terms(every=timedelta(minutes=1), mailed=None)
    await ingest(
        app.store, source, publication=app.config.publication, terms=terms, clock=house.clock
    )
    (newsletter,) = app.config.newsletters
    house.clock.advance(seconds=1)
    chosen = next(each for each in newsletter.cadences if each.name == cadence)
    await app.compose_now(newsletter, chosen, Wish())
    (mail,) = await house.post()
    return mail


async def letter(house: House) -> tuple[str, EmailMessage]:
    """Send the only notice that is due; give to whom, and the mail."""
    assert await house.app.relays.notify(asyncio.Event()) == 1
    sent = house.relay.accepted[-1]
    return sent.recipient, email.message_from_bytes(sent.content, policy=email.policy.default)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_all_that_a_reader_may_do_takes_one_press_each(
    chromium: Browser, house: House, tmp_path: Path, scripts: bool
) -> None:
    await house.join(ANA)
    mail = await issue(house, "daily", "one")
    async with visit(chromium, scripts=scripts, width=360) as page:
        ana = Reader(page, scripts=scripts)
        preferences = link(mail, "/preferences/")

        # Weekly, with a pause.
        await ana.go(preferences)
        await page.get_by_label("Weekly").check()
        await page.get_by_label("Time zone").select_option("Japan")
        await page.get_by_label("Send nothing before").fill("2026-12-24")
        await ana.press("Save")
        assert await page.get_by_role("status").inner_text() == (
            "Saved. Nothing is lost by the change, and nothing comes twice."
        )
        wishes = (await house.bond(ANA)).wishes
        assert (wishes.cadence, str(wishes.own_time)) == ("weekly", "@Asia/Tokyo")
        assert wishes.paused_until is not None
        await page.get_by_label("Send nothing before").fill("")
        await ana.press("Save")
        assert (await house.bond(ANA)).wishes.paused_until is None

        # To another address, and back.
        await ana.follow("Another address")
        await page.get_by_label("Your new address").fill("ana@new.example")
        assert await ana.press("Send the confirmation") == "Please look into your mailbox"
        to, asking = await letter(house)
        assert (to, asking["From"]) == (
            "ana@new.example",
            "The Lighthouse <news@example.org>",
        )
        await ana.go(link(asking, "/move/"))
        assert (await house.bond(ANA)).address.mailbox == ANA
        assert await ana.press("Use this address") == "You have moved"
        mail = await issue(house, "weekly", "two")
        assert mail["To"] == "ana@new.example"
        to, moved = await letter(house)
        assert to == ANA
        await ana.go(link(moved, "/keep/"))
        assert await ana.press("Keep the old address") == "All is as it was"
        assert (await house.bond(ANA)).address.mailbox == ANA

        # Away by one click of the mail program, and by the page; back by one press each.
        before = await house.bond(ANA)
        unsubscribe = str(mail["List-Unsubscribe"]).strip("<>")
        async with httpx.AsyncClient(trust_env=False) as program:
            answer = await program.post(unsubscribe, data=ONE_CLICK)
        assert (answer.status_code, answer.history, answer.cookies) == (200, [], httpx.Cookies())
        assert await ana.go(link(mail, "/u/")) == "You are unsubscribed"
        assert await ana.press("Undo") == "You are subscribed again"
        assert await house.bond(ANA) == before
        await ana.go(link(mail, "/u/"))
        assert await ana.press("Unsubscribe") == "You are unsubscribed"
        assert (await house.bond(ANA)).state is SubscriptionState.ENDED
        assert await ana.press("Undo") == "You are subscribed again"
        assert await house.bond(ANA) == before

        # All that is held, and to be forgotten.
        await ana.go(preferences)
        await ana.follow("What we hold of you")
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download my data").click()
        await (await downloading.value).save_as(tmp_path / "data.json")
        told = json.loads((tmp_path / "data.json").read_text(encoding="utf-8"))
        assert [row["subject"] for row in told["deliveries"]] != []
        await ana.follow("Erase me")
        assert await ana.press("Erase me") == "You are forgotten"
        assert await ana.go(preferences) == "This link has ended"
        async with httpx.AsyncClient(trust_env=False) as program:
            answer = await program.post(unsubscribe, data=ONE_CLICK)
        assert answer.status_code == 410
