"""Files that are written while they are answered, however long they are."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from publisher.web.api.problem import PRIVATE

CSV = "text/csv"
JSON_LINES = "application/jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A file, a piece at a time."""

    name: str
    media_type: str
    pieces: AsyncGenerator[str]


def streamed(request: Request, stream: Stream) -> Response:
    """Answer with a file. One that cannot be written to its end is cut off, and seen to be."""
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{stream.name}"'}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=stream.media_type)
    pieces = _while_heard(request, stream.pieces)
    return _Whole(pieces, headers=headers, media_type=stream.media_type)


class _Whole(StreamingResponse):
    """The framework's own cancels what is under way when a client leaves: a transaction, too."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await self.stream_response(send)


async def _while_heard(request: Request, pieces: AsyncGenerator[str]) -> AsyncIterator[str]:
    async with aclosing(pieces):
        async for piece in pieces:
            yield piece
            if await request.is_disconnected():
                return
