"""Listening: uvicorn inside our own event loop, which keeps its signal handlers for itself."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from publisher.errors import PublisherError

log = structlog.get_logger()

_REMEDY = "set web.listen (or $PORT) to another address"
# How long answers under way may take once we are to stop: the whole stop is to take under 30 s.
_PATIENCE_SECONDS = 25
# A request's line and fields, or what stands between two pieces of its body.
_MOST_SILENT_BYTES = 32 * 1024


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    stop: asyncio.Event,
    started: Callable[[int], None] | None = None,
    remedy: str = _REMEDY,
) -> None:
    """Answer requests until ``stop`` is set, then finish those under way.

    ``started`` is told the port once connections are taken: port 0 means any that is free.
    Raises PublisherError when nothing can listen there, with what to do about it.
    """
    listener = listen(host, port, remedy)
    port = listener.getsockname()[1]
    server = _Server(
        uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # `behind` believes proxies, where the config names some
            timeout_graceful_shutdown=_PATIENCE_SECONDS,
        )
    )
    stopping = asyncio.create_task(_stop(server, stop))
    try:
        log.info("listening", listen=_named(host, port))
        if started is not None:
            started(port)
        await server.serve([listener])
    finally:
        stopping.cancel()
        listener.close()


def behind(proxies: Sequence[str], app: ASGIApp) -> ASGIApp:
    """Have an application told whose request these proxies pass on (X-Forwarded-For)."""
    trusting = ProxyHeadersMiddleware(cast(Any, app), list(proxies))
    return cast(ASGIApp, trusting)


class _Protocol(HttpToolsProtocol):
    """Bounds what a client may send before anything comes of it.

    uvicorn hands to its parser whatever comes, and the parser keeps it until a field is whole.
    """

    _silent_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is too much."""
        self._silent_bytes += len(data)
        super().data_received(data)
        if self._silent_bytes > _MOST_SILENT_BYTES and not self.transport.is_closing():
            self.send_400_response("Request header fields are too large.")

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._silent_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand on a piece of the body; how much of it may come is the application's business."""
        self._silent_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request: what follows is the next one."""
        self._silent_bytes = 0
        super().on_message_complete()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals to the service: it has more to stop than this."""
        yield


async def _stop(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def listen(host: str, port: int, remedy: str = _REMEDY) -> socket.socket:
    """Open a listening socket. Raises PublisherError when nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # Python adds the address in brackets, which stands here already.
        reason = str(error.strerror).partition(" (")[0]
        raise PublisherError(
            f"cannot listen on {_named(host, port)}: {reason}; stop what listens there, or {remedy}"
        ) from error
    # Connections inherit it. asyncio sets it only on sockets that name their protocol, which
    # this one does not; without it every answer waits 40 ms for the client's delayed ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _named(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
