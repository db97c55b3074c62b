"""A person signs up in a real browser: the mail, the button, with scripts and without."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from publisher.model import SubscriptionState
from tests.rig.browser import violations, visit
from tests.rig.house import House, link


@pytest.mark.parametrize("scripts", [True, False])
async def test_one_press_confirms(chromium: Browser, house: House, scripts: bool) -> None:
    await house.join("ana@example.org", confirmed=False)
    (mail,) = await house.post()

    async with visit(chromium, scripts=scripts) as page:
        await page.goto(link(mail, "/confirm/"))
        assert not scripts or await violations(page) == []
        assert (await house.bond("ana@example.org")).state is SubscriptionState.PENDING
        await page.get_by_role("button", name="Confirm my subscription").click()
        heading = await page.get_by_role("heading", level=1).inner_text()
        assert not scripts or await violations(page) == []

    assert heading == "You are subscribed"
    assert (await house.bond("ana@example.org")).state is SubscriptionState.ACTIVE
