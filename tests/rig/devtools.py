"""A page that stays open in a real browser, and what its scripts make of it as time goes by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.rig.chromium import SWITCHES

Evaluate = Callable[[str], Awaitable[Any]]


@asynccontextmanager
async def opened(browser: str, address: str, scratch: Path) -> AsyncIterator[Evaluate]:
    """Open an address; give what evaluates an expression in its page (Chrome DevTools Protocol)."""
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

                async def evaluate(expression: str) -> Any:
                    params = {"expression": expression, "returnByValue": True}
                    await socket.send_json(
                        {"id": 1, "method": "Runtime.evaluate", "params": params}
                    )
                    result = (await socket.receive_json())["result"]
                    assert "exceptionDetails" not in result, result
                    return result["result"].get("value")

                yield evaluate
    finally:
        process.kill()
        await process.communicate()
