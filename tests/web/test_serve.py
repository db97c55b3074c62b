"""Listening and leaving off: the server inside our loop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from publisher.errors import PublisherError
from publisher.web.serve import behind, listen, serve
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


@pytest.mark.parametrize(
    ("head", "endless"),
    [
        (b"GET /", b"x"),
        (b"GET / HTTP/1.1\r\nX: ", b"x"),
        (b"GET / HTTP/1.1\r\n", b"X: x\r\n"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"x"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
    ],
)
async def test_a_request_that_never_comes_to_the_point_is_cut_off(
    head: bytes, endless: bytes
) -> None:
    """Whatever the server would keep of it, so that nobody fills its memory."""

    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await hello(scope, receive, send)

    async with listening(patient) as client:
        end = await asyncio.to_thread(_pour, client.base_url.port, head, endless * 1_000_000)

    assert end in (b"HTTP/1.1 400", b"reset")


def _pour(port: int | None, head: bytes, rest: bytes) -> bytes:
    """Send it all; give the beginning of the answer, if the server lets it through."""
    with socket.create_connection(("127.0.0.1", port or 0)) as connection:
        try:
            connection.sendall(head + rest)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(12)
        except OSError:  # cut off while it still sent
            return b"reset"


async def test_a_body_may_be_longer_than_a_head() -> None:
    async def measuring(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await PlainTextResponse(str(len(body)))(scope, receive, send)

    async with listening(measuring) as client:
        whole = await client.post("/", content=b"x" * 300_000)
        pieces = await client.post("/", content=_pieces())

    assert (whole.text, pieces.text) == ("300000", "300000")


async def _pieces() -> AsyncIterator[bytes]:
    for _ in range(3000):
        yield b"x" * 100


@pytest.mark.parametrize(
    ("trusted", "field", "expected"),
    [
        ((), "192.0.2.1", "127.0.0.1"),
        (("127.0.0.1",), "192.0.2.1", "192.0.2.1"),
        (("127.0.0.0/8",), "192.0.2.1", "192.0.2.1"),
        (("127.0.0.1",), "198.51.100.1, 192.0.2.1", "192.0.2.1"),
        (("127.0.0.1", "192.0.2.1"), "198.51.100.1, 192.0.2.1", "198.51.100.1"),
        (("192.0.2.9",), "192.0.2.1", "127.0.0.1"),
        (("127.0.0.1",), "", "127.0.0.1"),
    ],
)
async def test_only_proxies_that_are_named_are_believed(
    trusted: tuple[str, ...], field: str, expected: str
) -> None:
    async def who(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(scope["client"][0])(scope, receive, send)

    async with listening(behind(trusted, who)) as client:
        response = await client.get("/", headers={"X-Forwarded-For": field})

    assert expected == response.text


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
