"""A person signs up in a real browser where a proof of work is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.rig.browser import violations, visit
from tests.rig.clock import SettableClock
from tests.rig.house import House, at_home
from tests.web.test_journey_signup import arrived, served

PATH = "/newsletters/digest"


@pytest.fixture
async def house(tmp_path: Path, database_url: str, clock: SettableClock) -> AsyncIterator[House]:
    """A site that asks for a proof, by the clock that ALTCHA reads."""
    clock.move_to(datetime.now(UTC))
    more = "\n[signup]\nproof_of_work = true\n"
    async with at_home(tmp_path, database_url, clock, more=more) as opened:
        yield opened


async def test_person_signs_up_with_a_proof_from_any_page(
    chromium: Browser, house: House, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text(
        f'<iframe src="{house.url}{PATH}/form" width="500" height="900"></iframe>'
        f'<form action="{house.url}{PATH}" method="post">'
        '<input name="email" aria-label="Mail"><button>Go</button></form>'
    )
    async with visit(chromium, width=360) as page, served(tmp_path) as elsewhere:
        await page.goto(f"{house.url}{PATH}")
        assert not await page.get_by_text("This form needs JavaScript").is_visible()
        assert await violations(page) == []
        house.clock.advance(seconds=10)
        await page.get_by_label("Your e-mail address").fill("ana@example.org")
        await page.get_by_role("button", name="Sign up").click()
        await page.get_by_role("heading", name="Please look into your mailbox").wait_for()
        assert (await arrived(house))["To"] == "ana@example.org"

        await page.goto(f"{elsewhere}/page.html")
        frame = page.frame_locator("iframe")
        house.clock.advance(seconds=10)
        await frame.get_by_label("Your e-mail address").fill("ben@example.org")
        await frame.get_by_role("button", name="Sign up").click()
        await frame.get_by_role("heading", name="Please look into your mailbox").wait_for()
        assert (await arrived(house))["To"] == "ben@example.org"

        await page.get_by_label("Mail").fill("eve@example.org")
        await page.get_by_role("button", name="Go").click()
        assert await page.get_by_role("alert").inner_text() == "Please press the button once more."
        house.clock.advance(seconds=10)
        await page.get_by_role("button", name="Sign up").click()
        await page.get_by_role("heading", name="Please look into your mailbox").wait_for()
        assert (await arrived(house))["To"] == "eve@example.org"


async def test_person_is_told_what_to_do_where_no_proof_can_be_made(
    chromium: Browser, house: House
) -> None:
    async with visit(chromium) as page:
        await page.goto(f"{house.url}{PATH}")
        house.clock.advance(seconds=10)
        await page.route("**/altcha", lambda route: route.abort())
        await page.get_by_label("Your e-mail address").fill("ana@example.org")
        await page.get_by_role("button", name="Sign up").click()
        told = page.get_by_role("status")
        await told.get_by_text("press the button once more").wait_for()
        assert await violations(page) == []
        await page.unroute_all()
        await page.get_by_role("button", name="Sign up").click()
        await page.get_by_role("heading", name="Please look into your mailbox").wait_for()

    async with visit(chromium, scripts=False) as page:
        await page.goto(f"{house.url}{PATH}")
        await page.get_by_text("This form needs JavaScript").wait_for()
        house.clock.advance(seconds=10)
        await page.get_by_label("Your e-mail address").fill("ben@example.org")
        await page.get_by_role("button", name="Sign up").click()
        await page.get_by_role("alert").get_by_text("once more").wait_for()
        await page.get_by_text("This form needs JavaScript").wait_for()

    assert (await arrived(house))["To"] == "ana@example.org"
