"""A next hop in this process that takes mails, puts some off, refuses some, and is lost at times.

It stands where `publisher.transports.smtp` does, so that a year's mails take seconds and not
hours; claims, marks, outcomes and the ledger are the real ones. The small run on PostgreSQL sends
through a real socket.
"""

from __future__ import annotations

import random
import re
from collections import Counter

from publisher.errors import InDoubt, Refused, Unreachable
from publisher.model import Message, Reply

_PART = re.compile(rb"<(\w+):([\d ]*)>")
# What the templates of this simulation write: each part's newsletter and numbers.
TEMPLATE = (
    "{% for part in parts %}<{{ part.slug }}:{% for article in part.articles %}"
    "{{ article.title.split('(')[-1][:-1] }} {% endfor %}>{% endfor %}"
)


class Caught:
    """What was taken: how often each (mailbox, newsletter, number) was."""

    def __init__(self) -> None:
        self.times: Counter[tuple[str, str, int]] = Counter()
        self.mails = 0

    def take(self, recipient: str, content: bytes) -> None:
        self.mails += 1
        text = content.replace(b"=\r\n", b"")  # quoted-printable
        for part in _PART.finditer(text):
            for number in part[2].split():
                self.times[recipient, part[1].decode(), int(number)] += 1


class Hop:
    """Fulfils `publisher.ports.Transport`. ``counts`` say what went otherwise than well."""

    def __init__(self, caught: Caught, chance: random.Random, counts: Counter[str]) -> None:
        self._caught = caught
        self._chance = chance
        self._counts = counts
        self._offered: Message | None = None

    async def offer(self, message: Message) -> None:
        die = self._chance.random()
        if die < 0.03:
            self._counts["put off"] += 1
            raise Refused(451, "4.7.1 come back later", permanent=False)
        if die < 0.032:
            self._counts["refused"] += 1
            raise Refused(550, "5.1.1 nobody here", permanent=True)
        if die < 0.034:
            self._counts["cut off"] += 1
            raise Unreachable("the line is dead")
        self._offered = message

    async def transmit(self, following: Message | None = None) -> Reply:
        assert self._offered is not None
        recipient, content = self._offered.envelope.recipient, self._offered.content
        if self._chance.random() < 0.002:
            self._counts["in doubt"] += 1
            if self._chance.random() < 0.5:
                self._caught.take(recipient, content)
            raise InDoubt("no answer after the final dot")
        self._caught.take(recipient, content)
        return Reply(code=250, text="ok")

    async def close(self) -> None:
        return
