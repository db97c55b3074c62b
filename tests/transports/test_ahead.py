"""The envelope of the next message behind a content that is not yet answered (RFC 2920 §3.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import dkim  # type: ignore[import-untyped]
import pytest

from publisher.errors import InDoubt, Refused, Unreachable
from publisher.mail import wire
from publisher.mail.dkim import signer
from publisher.model import Message
from publisher.transports._signing import Signing
from publisher.transports.smtp import Smtp, Timeouts
from tests.mail.test_dkim import CONTENT as UNSIGNED
from tests.mail.test_dkim import PEM, RSA, public
from tests.rig.script import Act, at, in_turn, say
from tests.rig.smtp import SmtpRig
from tests.transports.test_smtp import CONTENT, HUGE, recipients, to

Connector = Callable[..., Smtp]

ONE, TWO, THREE = (to(f"{name}@reader.example") for name in ("one", "two", "three"))
NAMES = ["one@reader.example", "two@reader.example", "three@reader.example"]


@pytest.fixture
def ahead(connect: Connector) -> Connector:
    def make(rig: SmtpRig, timeouts: Timeouts | None = None) -> Smtp:
        return connect(rig, timeouts, envelope_ahead=True)

    return make


async def send_both(smtp: Smtp | Signing, first: Message = ONE, second: Message = TWO) -> None:
    await smtp.offer(first)
    await smtp.transmit(second)
    await smtp.offer(second)
    await smtp.transmit()


async def test_envelope_leaves_with_the_content_before(ahead: Connector) -> None:
    async with SmtpRig() as rig:
        await send_both(ahead(rig))

    assert recipients(rig) == NAMES[:2]
    assert rig.connections == 1
    (read,) = [each for each in rig.reads if CONTENT in each and b"MAIL" in each]
    assert read.startswith(CONTENT + b".\r\nMAIL FROM:")
    assert read.endswith(b"RCPT TO:<two@reader.example>\r\nDATA\r\n")


async def test_nothing_is_said_ahead_unless_it_is_allowed(connect: Connector) -> None:
    async with SmtpRig() as rig:
        await send_both(connect(rig))

    assert recipients(rig) == NAMES[:2]
    assert not any(CONTENT in each and b"MAIL" in each for each in rig.reads)


async def test_nothing_is_said_ahead_to_a_server_without_pipelining(ahead: Connector) -> None:
    async with SmtpRig(extensions=("SIZE 1000000",)) as rig:
        await send_both(ahead(rig))

    assert recipients(rig) == NAMES[:2]
    assert not any(CONTENT in each and b"MAIL" in each for each in rig.reads)


async def test_refused_content_leaves_the_next_envelope_good(ahead: Connector) -> None:
    async with SmtpRig(in_turn("CONTENT", say(554, "5.7.1 no"))) as rig:
        smtp = ahead(rig)
        await smtp.offer(ONE)
        with pytest.raises(Refused) as refusal:
            await smtp.transmit(TWO)
        await smtp.offer(TWO)
        await smtp.transmit()

    assert refusal.value.of_content
    assert (recipients(rig), rig.connections) == (NAMES[1:2], 1)


async def test_refused_envelope_is_its_own_and_leaves_the_connection_good(
    ahead: Connector,
) -> None:
    async with SmtpRig(at("RCPT", say(550, "5.1.1 nobody"), argument="two@")) as rig:
        smtp = ahead(rig)
        await smtp.offer(ONE)
        await smtp.transmit(TWO)
        with pytest.raises(Refused, match="nobody"):
            await smtp.offer(TWO)
        await smtp.offer(THREE)
        await smtp.transmit()

    assert (recipients(rig), rig.connections) == ([NAMES[0], NAMES[2]], 1)


@pytest.mark.parametrize("take", [True, False])
async def test_cut_after_the_dot_is_in_doubt_for_one_and_none_for_the_next(
    ahead: Connector, take: bool
) -> None:
    """F4: the next was never given its content, whatever the server made of its envelope."""
    async with SmtpRig(in_turn("CONTENT", Act(cut=True, take=take))) as rig:
        smtp = ahead(rig)
        await smtp.offer(ONE)
        with pytest.raises(InDoubt):
            await smtp.transmit(TWO)
        await smtp.offer(TWO)
        await smtp.transmit()

    assert recipients(rig) == NAMES[:1] * take + NAMES[1:2]
    assert rig.connections == 2


async def test_cut_between_two_messages_costs_the_next_one_nothing(ahead: Connector) -> None:
    async with SmtpRig(in_turn("MAIL", None, Act(cut=True))) as rig:
        await send_both(ahead(rig))

    assert (recipients(rig), rig.connections) == (NAMES[:2], 2)


async def test_content_that_is_cut_short_is_unreachable_with_an_envelope_behind(
    ahead: Connector,
) -> None:
    """F6."""
    stuck = Act(reply=b"354 go\r\n", pause=asyncio.Event())
    async with SmtpRig(in_turn("DATA", stuck), receive_buffer=4096) as rig:
        smtp = ahead(rig, Timeouts(command=0.1))
        await smtp.offer(to("one@reader.example", HUGE))
        with pytest.raises(Unreachable, match="before the end of the message"):
            await smtp.transmit(TWO)


async def test_other_message_than_was_announced_goes_over_a_new_connection(
    ahead: Connector,
) -> None:
    """The server waits for a content: nothing else may be said to it."""
    async with SmtpRig() as rig:
        smtp = ahead(rig)
        await smtp.offer(ONE)
        await smtp.transmit(TWO)
        await smtp.offer(THREE)
        await smtp.transmit()

    assert (recipients(rig), rig.connections) == ([NAMES[0], NAMES[2]], 2)


async def test_close_says_nothing_to_a_server_that_waits_for_a_content(ahead: Connector) -> None:
    async with SmtpRig() as rig:
        smtp = ahead(rig)
        await smtp.offer(ONE)
        await smtp.transmit(TWO)
        await smtp.close()
        await rig.until(lambda rig: rig.open_connections == 0)

    assert recipients(rig) == NAMES[:1]
    assert rig.count("QUIT") == 0


async def test_message_that_cannot_be_offered_is_not_announced(ahead: Connector) -> None:
    async with SmtpRig(extensions=("PIPELINING", f"SIZE {len(CONTENT)}")) as rig:
        smtp = ahead(rig)
        large = to("two@reader.example", CONTENT + b"more\r\n")
        await smtp.offer(ONE)
        await smtp.transmit(large)
        with pytest.raises(Refused, match="not tried"):
            await smtp.offer(large)
        await smtp.offer(THREE)
        await smtp.transmit()

    assert (recipients(rig), rig.connections) == ([NAMES[0], NAMES[2]], 1)


async def test_signed_message_follows_and_is_signed_once(ahead: Connector) -> None:
    key = signer("example.org", "news", RSA.private_bytes(*PEM).decode())
    first, second = (wire.message(each.envelope, UNSIGNED) for each in (ONE, TWO))
    async with SmtpRig() as rig:
        signing = Signing(ahead(rig), [key])
        await send_both(signing, first, second)
        await signing.close()

    assert recipients(rig) == NAMES[:2]
    assert rig.connections == 1
    assert all(dkim.verify(each.content, dnsfunc=public) for each in rig.accepted)
