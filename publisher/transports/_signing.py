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
        self._ahead: tuple[Message, Message] | None = None  # a message, and itself signed

    async def offer(self, message: Message) -> None:
        """Sign a message and announce it."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] is message:
            await self._transport.offer(ahead[1])
        else:
            await self._transport.offer(await self._signed(message))

    async def transmit(self, following: Message | None = None) -> Reply:
        """Hand over what was offered; sign what follows it before that."""
        if following is None:
            return await self._transport.transmit()
        signed = await self._signed(following)
        self._ahead = following, signed
        return await self._transport.transmit(signed)

    async def _signed(self, message: Message) -> Message:
        # In a thread: RSA takes longer than all the rest of a message, and needs no lock.
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, dkim.signed, message, self._signers)

    async def close(self) -> None:
        """Close the other one."""
        await self._transport.close()
