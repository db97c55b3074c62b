"""What no server of ours does often enough: replies while octets of the client still wait."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from publisher.transports._conversation import Answer, Conversation, Ended

# Each loop writes when it is told to, in a way of its own.
pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

MUCH = b"x" * 500_000


@asynccontextmanager
async def talking() -> AsyncIterator[tuple[Conversation, socket.socket]]:
    """Give a conversation over a line that takes little at once, and its other end."""
    ours, theirs = socket.socketpair()
    for each in (ours, theirs):
        each.setblocking(False)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with theirs:
        transport, _ = await asyncio.get_running_loop().create_connection(
            asyncio.Protocol, sock=ours
        )
        conversation = Conversation(transport)
        yield conversation, theirs
        conversation.cut()
        await asyncio.sleep(0)


async def test_reply_before_all_has_left_is_no_answer() -> None:
    """F6: the server has not seen the end, whatever it says."""
    async with talking() as (conversation, server):
        conversation.ask(MUCH, 1)
        assert not conversation.has_left
        server.send(b"250 taken\r\n")

        with pytest.raises(Ended, match="said unasked: 250 taken"):
            await conversation.answer(30)

        assert not conversation.has_left


async def test_reply_after_all_has_left_is_the_answer() -> None:
    async with talking() as (conversation, server):
        conversation.ask(MUCH, 1)
        draining = asyncio.create_task(conversation.drain(30))
        read = 0
        while read < len(MUCH):
            read += len(await asyncio.get_running_loop().sock_recv(server, 65536))
        server.send(b"250 taken\r\n")

        await draining

        assert conversation.has_left
        assert await conversation.answer(30) == Answer(250, "taken")


async def test_cut_while_octets_wait_has_not_left() -> None:
    async with talking() as (conversation, server):
        conversation.ask(MUCH, 1)
        server.close()

        with pytest.raises(Ended):
            await conversation.drain(30)

        assert not conversation.has_left


async def test_what_is_said_to_a_closed_line_has_not_left() -> None:
    async with talking() as (conversation, server):
        server.close()
        with pytest.raises(Ended):
            await conversation.answer(30)

        conversation.ask(b"MAIL\r\n", 1)

        assert not conversation.has_left
