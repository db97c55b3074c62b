"""Listening: uvicorn inside our own event loop, which keeps its signal handlers for itself."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.types import ASGIApp

from publisher.errors import PublisherError

log = structlog.get_logger()

# How long answers under way may take once we are to stop: the whole stop is to take under 30 s.
_PATIENCE_SECONDS = 25


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    stop: asyncio.Event,
    started: Callable[[int], None] | None = None,
) -> None:
    """Answer requests until ``stop`` is set, then finish those under way.

    ``started`` is told the port once connections are taken: port 0 means any that is free.
    Raises PublisherError when nothing can listen there.
    """
    listener = listen(host, port)
    port = listener.getsockname()[1]
    server = _Server(
        uvicorn.Config(
            app,
            # Named, so that a package which happens to be installed does not change the server.
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nothing here believes what a client says of itself
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


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals to the service: it has more to stop than this."""
        yield


async def _stop(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket. Raises PublisherError when nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # Python adds the address in brackets, which stands here already.
        reason = str(error.strerror).partition(" (")[0]
        raise PublisherError(
            f"cannot listen on {_named(host, port)}: {reason}; "
            "stop what listens there, or set web.listen (or $PORT) to another address"
        ) from error
    # Connections inherit it. asyncio sets it only on sockets that name their protocol, which
    # this one does not; without it every answer waits 40 ms for the client's delayed ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _named(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
