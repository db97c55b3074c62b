"""A next hop whose messages are signed on their way to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from publisher.mail import dkim
from publisher.model import Message, Reply
from publisher.ports import Transport


class Signing:
    """Another transport, with DKIM: `publisher.ports.Transport`."""

    def __init__(self, transport: Transport, signers: Sequence[dkim.Signer]) -> None:
        self._transport = transport
        self._signers = signers

    async def offer(self, message: Message) -> None:
        """Sign a message and announce it."""
        # In a thread: RSA takes longer than all the rest of a message, and needs no lock.
        signed = await asyncio.to_thread(dkim.signed, message, self._signers)
        await self._transport.offer(signed)

    async def transmit(self) -> Reply:
        """Hand over what was offered."""
        return await self._transport.transmit()

    async def close(self) -> None:
        """Close the other one."""
        await self._transport.close()
