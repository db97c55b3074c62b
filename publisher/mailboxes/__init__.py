"""Where mails that come back arrive: a Maildir, an IMAP folder, an LMTP listener of ours.

Each hands every mail to whoever takes it in, and lets go of it only when that has returned: it is
recorded by then. Cut off at any moment, a mail is at worst handed over twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol, runtime_checkable


class Take(Protocol):
    """Takes in a mail: records it. Raises PublisherError if it cannot, and nothing is recorded."""

    async def __call__(self, raw: bytes, recipients: Sequence[str] = (), *, via: str) -> object:
        """Take in a mail; ``recipients`` are those of its envelope, as far as known."""
        ...


class Mailbox(Protocol):
    """Brings mails until it is told to stop. ``name`` says which it is in messages."""

    name: str

    async def follow(self, take: Take, stop: asyncio.Event) -> None:
        """Hand over each mail as it comes, until ``stop`` is set; the one in hand is finished.

        Raises PublisherError when it cannot go on: try again later.
        """
        ...


@runtime_checkable
class Kept(Mailbox, Protocol):
    """A mailbox in which mails lie."""

    async def drain(self, take: Take) -> int:
        """Hand over each mail that is there now; give how many. Raises PublisherError."""
        ...
