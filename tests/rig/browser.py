"""A person at a real browser: Chromium, driven by playwright, and axe-core on what it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from tests.rig import axe, chromium

_LIMIT_SECONDS = 30  # only ends a test that has failed


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """Start the browser that `chromium.find` names; it must be there."""
    path = chromium.find()
    assert path is not None, "no Chromium on this machine; see .ci/run"
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visit(
    browser: Browser, *, scripts: bool = True, dark: bool = False, width: int = 1000
) -> AsyncIterator[Page]:
    """Open an empty page for a person of their own, without anybody's cookies or history."""
    context = await browser.new_context(
        java_script_enabled=scripts,
        color_scheme="dark" if dark else "light",
        viewport={"width": width, "height": 900},
    )
    context.set_default_timeout(_LIMIT_SECONDS * 1000)
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def violations(page: Page) -> list[str]:
    """Judge what a page shows now by axe-core: each rule that is broken, with the element.

    It is a script itself, so it must be a page that may have some.
    """
    await page.evaluate(axe.source())
    found: dict[str, Any] = await page.evaluate(
        'axe.run({ resultTypes: ["violations"] }).then(({ violations }) => ({ violations }))'
    )
    return [
        f"{broken['id']}: {node['html'][:200]}"
        for broken in found["violations"]
        for node in broken["nodes"]
    ]
