"""What is true of every request: its answer's headers, its line in the log, its way to fail."""

from __future__ import annotations

import re
import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

# A token is as good as a password: whoever reads the log must not find one.
_TOKEN = re.compile(
    r"(/(?:u|undo|confirm|preferences|move|keep|websub)/).*", re.IGNORECASE | re.DOTALL
)
# Whose data a program asks for is in no log either.
_ADDRESS = re.compile(r"(/api/v1/(?:subscribers|suppressions)/).*", re.IGNORECASE | re.DOTALL)


class Edge:
    """Wraps an application. An error that nobody foresaw is logged, and told to no client."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        request = {"method": scope["method"], "path": shortened(scope["path"])}
        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            log.debug("client went away", **request)
            return
        except Exception:
            log.exception("request failed", **request)
            if status:  # too late for another answer: the server cuts the connection
                raise
            answer = PlainTextResponse("Something went wrong here.\n", status_code=500)
            await answer(scope, receive, send_with_headers)
        log.debug(
            "request",
            **request,
            status=status,
            milliseconds=round(1000 * (time.monotonic() - began)),
        )


def shortened(path: str) -> str:
    """Give a path without the token, or address, that it may hold."""
    return _ADDRESS.sub(r"\1…", _TOKEN.sub(r"\1…", path))
