"""A person signs up in a real browser: page, mail, button, with scripts and without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from publisher.model import SubscriptionState, Wishes
from publisher.web.serve import serve
from tests.rig.browser import violations, visit
from tests.rig.house import House, link
from tests.rig.program import until


@pytest.mark.parametrize("scripts", [True, False])
async def test_person_signs_up(chromium: Browser, house: House, scripts: bool) -> None:
    async def look_at(page: Page) -> None:
        assert not scripts or await violations(page) == []

    async with visit(chromium, scripts=scripts, width=360) as page:
        await page.goto(house.url)
        await page.get_by_role("link", name="The Digest").click()
        await look_at(page)
        house.clock.advance(seconds=10)
        await page.get_by_label("Your e-mail address").fill("ana@example.org")
        await page.get_by_label("Weekly").check()
        await page.get_by_label("Ships").check()
        await page.get_by_label("Deutsch").check()
        await page.get_by_label("Your name").fill("Ana")
        await page.get_by_role("button", name="Sign up").click()
        await look_at(page)
        assert "ana@example.org" in await page.get_by_role("main").inner_text()
        mail = await arrived(house)

        assert "Ana" not in str(mail.get_body(("plain",)))  # A12
        await page.goto(link(mail, "/confirm/"))
        await look_at(page)
        assert (await house.bond("ana@example.org")).state is SubscriptionState.PENDING
        await page.get_by_role("button", name="Abonnement bestätigen").click()
        await look_at(page)
        heading = await page.get_by_role("heading", level=1).inner_text()

    bond = await house.bond("ana@example.org")
    assert heading == "Ihr Abonnement ist bestätigt"
    assert bond.state is SubscriptionState.ACTIVE
    assert bond.wishes == Wishes(cadence="weekly", topics=("ships",), language="de")
    assert bond.address.name == "Ana"


async def test_form_works_in_a_frame_of_another_site(
    chromium: Browser, house: House, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text(
        f'<iframe src="{house.url}/newsletters/digest/form" width="500" height="900"></iframe>'
        f'<form action="{house.url}/newsletters/digest" method="post">'
        '<input name="email" aria-label="Mail"><button>Go</button></form>'
    )
    # In the browser's eyes another site: localhost is not 127.0.0.1.
    async with visit(chromium) as page, served(tmp_path) as elsewhere:
        await page.goto(f"{elsewhere}/page.html")
        frame = page.frame_locator("iframe")
        house.clock.advance(seconds=10)
        await frame.get_by_label("Your e-mail address").fill("ana@example.org")
        await frame.get_by_role("button", name="Sign up").click()
        await frame.get_by_role("heading", name="Please look into your mailbox").wait_for()
        assert (await arrived(house))["To"] == "ana@example.org"
        await page.get_by_label("Mail").fill("ben@example.org")
        await page.get_by_role("button", name="Go").click()
        await page.get_by_role("heading", name="Please look into your mailbox").wait_for()

    assert (await arrived(house))["To"] == "ben@example.org"


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """Serve the files of a folder at an address of their own."""
    app = Starlette(routes=[Mount("/", StaticFiles(directory=folder))])
    stop = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(app, "127.0.0.1", 0, stop=stop, started=port.set_result))
        try:
            yield f"http://localhost:{await port}"
        finally:
            stop.set()


async def arrived(house: House) -> EmailMessage:
    """Wait for the next mail: what comes by a form is looked at once it has been answered."""
    mails: list[EmailMessage] = []

    async def has_come() -> bool:
        mails.extend(await house.post())
        return bool(mails)

    await until(has_come)
    (mail,) = mails
    return mail
