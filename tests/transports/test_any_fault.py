"""A server that fails at random, for many messages: what arrives, and what is said of the rest."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from publisher.errors import InDoubt, Refused, Unreachable
from publisher.mail import wire
from publisher.model import Envelope
from publisher.transports.smtp import Smtp
from tests.rig.script import Act, Moment, say
from tests.rig.smtp import SmtpRig

Connector = Callable[..., Smtp]

MANY = 60
FAULTS = [
    Act(cut=True),
    Act(reply=b"nonsense\r\n"),
    Act(reply=b"25", cut=True),
    say(421, "4.3.2 going down", cut=True),
    say(450, "4.2.0 greylisted"),
    say(452, "4.5.3 too many recipients"),
]
CONTENT_FAULTS = [*FAULTS[:3], Act(cut=True, take=True), FAULTS[3], say(451, "4.3.0 try later")]


def fickle(chance: random.Random) -> Callable[[Moment], Act | None]:
    """Fail at one in ten moments, in any way that leaves the recipient's own case open."""

    def script(moment: Moment) -> Act | None:
        if moment.verb == "QUIT" or chance.random() > 0.1:
            return None
        if moment.verb == "CONTENT":
            return chance.choice(CONTENT_FAULTS)
        # No more than a lone dot, as sent where the recipient was refused: it would wait for ever.
        if moment.verb == "DATA" and chance.random() < 0.5:
            return Act(reply=b"354 go on\r\n", read_bytes=chance.randrange(4))
        return chance.choice(FAULTS)

    return script


@pytest.mark.parametrize("is_lmtp", [False, True], ids=["smtp", "lmtp"])
@pytest.mark.parametrize("seed", range(3))
async def test_everything_arrives_in_the_end_and_once_but_where_there_is_doubt(
    connect: Connector, seed: int, is_lmtp: bool
) -> None:
    """F6, F12, F15, F21: whatever was surely not taken goes again, and nothing else."""
    names = [f"reader{number}@reader.example" for number in range(MANY)]
    accepted, doubtful = set(), set()
    failed: list[str] = []
    async with SmtpRig(fickle(random.Random(seed)), lmtp=is_lmtp) as rig:
        smtp = connect(rig)
        waiting = list(names)
        while waiting:
            name = waiting.pop(0)
            envelope = Envelope(sender="bounce+t1@news.example", recipient=name)
            content = b"Subject: One\r\n\r\n.\r\nHello\r\n"
            try:
                await smtp.offer(wire.message(envelope, content))
                await smtp.transmit()
            except InDoubt:
                doubtful.add(name)
            except Unreachable:
                waiting.append(name)
            except Refused as refusal:
                failed += [name] if refusal.permanent else []
                waiting += [] if refusal.permanent else [name]
            else:
                accepted.add(name)

    arrived = Counter(message.recipient for message in rig.accepted)
    assert failed == []
    assert accepted | doubtful == set(names)
    assert not accepted & doubtful
    assert max(arrived.values()) == 1
    assert accepted <= arrived.keys()
    assert arrived.keys() - accepted <= doubtful
    assert {message.content for message in rig.accepted} == {content}
    assert rig.connections > 10


async def test_recipient_is_one_a_message_so_none_is_too_many(connect: Connector) -> None:
    """F15: the rig itself answers a second RCPT of a message with 452 4.5.3."""
    async with SmtpRig() as rig:
        smtp = connect(rig)
        for number in range(10):
            envelope = Envelope(sender="b@news.example", recipient=f"r{number}@reader.example")
            await smtp.offer(wire.message(envelope, b"Subject: One\r\n\r\nHello\r\n"))
            await smtp.transmit()

    assert rig.count("MAIL") == rig.count("RCPT") == len(rig.accepted) == 10
