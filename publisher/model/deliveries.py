"""The ledger: rows, how many of them may go, and their balance."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from datetime import date, datetime

from publisher.model.newsletters import Address


class DeliveryState(enum.StrEnum):
    """``sending`` is durable before the final dot can leave; past its lease it is in doubt."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    SKIPPED = "skipped"


class Lane(enum.IntEnum):
    """Lower overtakes higher. What is of no issue is claimed with the confirmations."""

    CONFIRMATION = 0
    ISSUE = 1
    REMINDER = 2  # says to who signs up again that they are subscribed


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that a worker has leased: what it needs to send it.

    ``attempt`` is the fence: a result is recorded only while the row still has this number.
    """

    delivery: int
    attempt: int
    lane: Lane
    newsletter: str
    issue: int | None
    rendition: int
    subscriber: int
    subscription: int
    address: Address
    created: datetime
    deferrals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Which of a newsletter's issue mails a relay is to carry, of several that share them.

    Those whose delivery's id, divided by ``of``, leaves ``first`` or more, but less than ``end``.
    So a retry goes the way of the first try, and workers need not agree on anything.
    """

    of: int
    first: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """A daily quota that grows: ``first`` on the day ``start``, then ``factor`` times as many."""

    start: date
    first: int
    factor: float

    def on(self, day: date) -> int | None:
        """Say how many that is on a day, before the start as on it; None once it is over."""
        days = max(0, (day - self.start).days)
        if math.log(self.first) + days * math.log(self.factor) > math.log(1_000_000):
            return None
        return int(self.first * self.factor**days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Where every recipient of an issue stands. The five counts always sum to the audience.

    ``pending`` includes rows under way; ``in_doubt`` are those whose worker is gone or whose
    connection was cut after the final dot.
    """

    audience: int
    accepted: int
    failed: int
    skipped: int
    pending: int
    in_doubt: int

    @property
    def holds(self) -> bool:
        """Whether nobody is missing and nobody is counted twice."""
        return self.audience == (
            self.accepted + self.failed + self.skipped + self.pending + self.in_doubt
        )

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left that would be sent by itself."""
        return self.pending == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A word to the admin, in plain text. ``key`` says what it is about and how that stands.

    What has been said once under a key is not said again. With a ``recipient`` it is a word to
    that mailbox instead, in the name of a newsletter.
    """

    key: str
    subject: str
    text: str
    recipient: str | None = None
    newsletter: str = ""
