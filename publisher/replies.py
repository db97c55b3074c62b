"""What a reply says besides yes, no and later: enhanced status codes (RFC 3463).

The basic code decides whether a refusal is for good (RFC 5321 §4.2.1). A status whose class says
otherwise was not made with care, so nothing is read from it. Of a status that agrees only subject
and detail are read: whose affair the refusal is. Where there is none, nobody's address is judged:
a bare 550 may be about the mailbox or about us (RFC 5321 §4.2.3).
"""

from __future__ import annotations

import re
from typing import NamedTuple

# RFC 3463 §2: at the very front of the text, each number of at most three digits.
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\S)", re.ASCII)
_GREYLISTING = re.compile(r"gr[ae]y-?list", re.IGNORECASE)

# RFC 3463 §3.2 and §3.3, RFC 7505 §4.2: there is no such mailbox or domain, or it takes no mail.
# A mailbox that is full (x.2.2) is not among them, nor is one that somebody else must not use.
_DEAD = frozenset({(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)})
_ADDRESS, _MAILBOX, _POLICY = 1, 2, 7


class Status(NamedTuple):
    """Subject and detail of an enhanced status code: (1, 1) of 5.1.1."""

    subject: int
    detail: int

    @property
    def is_dead(self) -> bool:
        """Whether mail to this address is of no use, now or later."""
        return self in _DEAD

    @property
    def is_of_recipient(self) -> bool:
        """Whether it is this one recipient's affair (RFC 3463 §3.2 and §3.3)."""
        return self.subject in (_ADDRESS, _MAILBOX)

    @property
    def is_policy(self) -> bool:
        """Whether it is about us, or about what we say (RFC 3463 §3.8)."""
        return self.subject == _POLICY


def status(code: int, text: str) -> Status | None:
    """Read the enhanced status code of a reply; None if it has none that agrees with its code."""
    found = _STATUS.match(text)
    if found is None or int(found[1]) != code // 100:
        return None
    return Status(int(found[2]), int(found[3]))


def is_greylisting(code: int, text: str) -> bool:
    """Say whether a first try may have been put off for being the first."""
    read = status(code, text)
    return (read is not None and read.is_policy) or _GREYLISTING.search(text) is not None
