"""A page that stays open in a real browser, and what its scripts make of it as time goes by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.rig.chromium import SWITCHES


class Page:
    """An open page, over the Chrome DevTools Protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def command(self, method: str, **params: object) -> dict[str, Any]:
        """Have the browser do something; give what came of it."""
        await self._socket.send_json({"id": 1, "method": method, "params": params})
        answer: dict[str, Any] = await self._socket.receive_json()
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    async def evaluate(self, expression: str) -> Any:
        """Give the value of an expression in the page, once it is there if it is a promise."""
        found = await self.command(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")


@asynccontextmanager
async def opened(browser: str, address: str, scratch: Path) -> AsyncIterator[Page]:
    """Start a browser at an address; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        browser,
        *SWITCHES,
        "--remote-debugging-port=0",
        f"--user-data-dir={scratch / 'profile'}",
        address,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        line = b""
        while b"DevTools listening on " not in line:
            line = await process.stderr.readline()
            assert line, "the browser has ended"
        port = line.split(b"ws://127.0.0.1:")[1].split(b"/")[0].decode()
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                targets = await answer.json()
            page = next(each for each in targets if each["type"] == "page")
            async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.kill()
        await process.communicate()
