"""How much a relay, or a recipient domain, is given at once: less when it says that it is too much.

Half of it at each complaint, and slowly more again while all goes well, as TCP does it
(RFC 5681 §3.1). A mailbox that is full is its own affair, and slows nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from publisher.errors import Refused

_COMPLAINTS = (421, 451, 452, 454)
# Those who were refused at the same moment complain of the same.
_PATIENCE_SECONDS = 1.0


def is_complaint(refusal: Refused) -> bool:
    """Say whether a refusal asks to be slower."""
    is_of_recipient = refusal.status is not None and refusal.status.is_of_recipient
    return refusal.code in _COMPLAINTS and not is_of_recipient


@dataclass(slots=True)
class Throttle:
    """``limit`` is how many rows may be under way, of at most so many."""

    most: int
    limit: float = field(init=False)
    _slowed: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        self.limit = self.most

    @classmethod
    def none(cls) -> Throttle:
        """Make one that lets everybody through."""
        return cls(1_000_000_000)

    @property
    def is_in_use(self) -> bool:
        """Whether there has been a complaint, so that somebody may wait for room."""
        return self._slowed > float("-inf")

    def has_room(self, under_way: int) -> bool:
        """Say whether one more may be begun."""
        return under_way < int(self.limit)

    def slow(self, now: float) -> bool:
        """Heed a complaint, at so many seconds of any clock; say whether it changed anything."""
        if now - self._slowed < _PATIENCE_SECONDS:
            return False
        self._slowed = now
        before, self.limit = self.limit, max(1.0, self.limit / 2)
        return self.limit < before

    def speed(self) -> None:
        """Trust it a little more, as it took a mail."""
        self.limit = min(float(self.most), self.limit + 1 / self.limit)
