"""A relay whose messages are signed: what arrives is genuine, and offered once."""

from __future__ import annotations

from collections.abc import Callable

import dkim  # type: ignore[import-untyped]

from publisher.mail import wire
from publisher.mail.dkim import signer
from publisher.model import Envelope
from publisher.transports._signing import Signing
from publisher.transports.smtp import Smtp
from tests.mail.test_dkim import CONTENT, PEM, RSA, public
from tests.rig.smtp import SmtpRig


async def test_signed_message_is_genuine_where_it_arrives(connect: Callable[..., Smtp]) -> None:
    key = signer("example.org", "news", RSA.private_bytes(*PEM).decode())
    envelope = Envelope(sender="b@example.org", recipient="zoe@reader.example")
    async with SmtpRig() as rig:
        signing = Signing(connect(rig), [key])
        for _ in range(2):
            await signing.offer(wire.message(envelope, CONTENT))
            await signing.transmit()
        await signing.close()

    first, second = rig.accepted
    assert first == second
    assert dkim.verify(first.content, dnsfunc=public)
    assert first.content.endswith(CONTENT)
    assert rig.moments[-1].verb == "QUIT"
