"""The fast lane: feeds that are in memory, answered before the framework sees the request.

Readers poll feeds far more often than anything else is asked for, and mostly for nothing. What
needs more than a look into memory goes on to the pages, which also bring feeds into it: one
that is new, or was not looked at for a moment, a part of one, and everything that goes wrong.
Nothing is logged here.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from publisher.web.answers import Answer
from publisher.web.memory import Memory
from publisher.web.negotiation import fields_of
from publisher.web.polls import Polls


class Lane:
    """Wraps an application."""

    def __init__(self, pages: ASGIApp, memory: Memory, polls: Polls) -> None:
        self._pages = pages
        self._memory = memory
        self._polls = polls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once, or pass a request on."""
        answer = self._answer(scope) if scope["type"] == "http" else None
        if answer is None:
            await self._pages(scope, receive, send)
            return
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        )
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    def _answer(self, scope: Scope) -> Answer | None:
        document = self._memory.fresh(scope["path"])
        if document is None or scope["method"] not in ("GET", "HEAD"):
            return None
        fields = fields_of(scope["headers"])
        unchanged = document.unchanged(fields)
        if unchanged is None and b"a-im" in fields:
            return None
        return self._polls.refusal(scope) or unchanged or document.whole(fields)
