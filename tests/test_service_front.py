"""The hand-over from one application to the next, when the config changes under way."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send

from publisher.service import _Front


class Slow:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.set()
        await self.may_answer.wait()


async def nothing(*_: object) -> Any:
    raise AssertionError("nobody reads or writes here")


async def test_the_one_before_is_kept_until_its_last_request_is_answered() -> None:
    front, first, second = _Front(), Slow(), Slow()
    await front.show(first)
    two = [asyncio.create_task(front({}, nothing, nothing)) for _ in range(2)]
    await first.asked.wait()
    shown = asyncio.create_task(front.show(second))
    third = asyncio.create_task(front({}, nothing, nothing))
    await second.asked.wait()  # so new requests go there already

    before = shown.done()
    first.may_answer.set()
    await asyncio.gather(*two)
    await shown

    assert not before
    second.may_answer.set()
    await third


async def test_a_request_before_the_first_application_waits_for_it() -> None:
    front, first = _Front(), Slow()
    first.may_answer.set()
    early = asyncio.create_task(front({}, nothing, nothing))
    await asyncio.sleep(0)

    await front.show(first)
    await early

    assert first.asked.is_set()
