"""Listening and leaving off: the server inside our loop."""

from __future__ import annotations

import asyncio
import signal
import socket

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from publisher.errors import PublisherError
from publisher.web.serve import listen, serve
from tests.web.conftest import listening


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("hello")(scope, receive, send)


async def test_a_taken_port_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PublisherError) as raised:
            await serve(hello, "127.0.0.1", port, stop=asyncio.Event())

    assert str(raised.value) == (
        f"cannot listen on 127.0.0.1:{port}: Address already in use; "
        "stop what listens there, or set web.listen (or $PORT) to another address"
    )


async def test_an_answer_under_way_is_finished_before_the_end() -> None:
    stop, asked, may_answer = asyncio.Event(), asyncio.Event(), asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        await may_answer.wait()
        await hello(scope, receive, send)

    server = asyncio.create_task(serve(slow, "127.0.0.1", 0, stop=stop, started=port.set_result))
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = asyncio.create_task(client.get(f"http://127.0.0.1:{await port}/"))
        await asked.wait()
        stop.set()
        await asyncio.to_thread(_refused, port.result())
        may_answer.set()

        response = await answer
        await server

    assert response.text == "hello"


def _refused(port: int) -> None:
    """Return when nobody listens any more."""
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return


async def test_an_answer_that_never_comes_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("publisher.web.serve._PATIENCE_SECONDS", 0)
    asked = asyncio.Event()

    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with listening(silent) as client:
        answer = asyncio.create_task(client.get("/"))
        await asked.wait()
        answer.cancel()


async def test_a_stop_before_the_first_request_ends_it() -> None:
    stop = asyncio.Event()
    stop.set()

    await serve(hello, "127.0.0.1", 0, stop=stop)


async def test_the_services_signal_handlers_stay() -> None:
    def handlers() -> list[object]:
        return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    before = handlers()

    async with listening(hello) as client:
        await client.get("/")
        during = handlers()

    assert before == during == handlers()


def test_answers_do_not_wait_for_delayed_acknowledgements() -> None:
    """Each would wait 40 ms for one, with Nagle's algorithm (RFC 1122 §4.2.3.2)."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()

    with connection:
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


async def test_it_listens_on_ipv6_too() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 on this machine")
    stop = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(hello, "::1", 0, stop=stop, started=port.set_result))
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(f"http://[::1]:{await port}/")
    stop.set()
    await server

    assert (response.text, "Server" in response.headers) == ("hello", False)
