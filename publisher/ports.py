"""What the verbs ask of the world outside: small protocols, each with its guarantee."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Protocol

from publisher.model import Envelope, Rejection, Reply, SourceArticle, Unchanged


class Clock(Protocol):
    """Tells the time: an aware datetime in UTC."""

    def __call__(self) -> datetime:
        """Give the present instant."""
        ...


class Source(Protocol):
    """Where articles come from.

    ``is_complete`` says that one pass tells everything there is, so that what is not told
    has gone. It is False for windows, such as an upstream feed.
    """

    name: str
    is_complete: bool

    def articles(
        self, known: Mapping[str, str]
    ) -> AsyncIterator[SourceArticle | Unchanged | Rejection]:
        """Tell what is there now, in a stable order; may repeat what it told before.

        ``known`` maps each origin already taken in, or rejected, to its stamp: an origin
        whose stamp is the same may be told as Unchanged. One bad article is a Rejection and
        never ends the pass. Raises SourceError when the source as a whole cannot be read;
        the caller then changes nothing and tries again later.
        """
        ...


class Transport(Protocol):
    """One connection to a next hop, used by one task at a time, for many messages.

    ``offer`` then ``transmit``, once each a message. After Refused the connection is still
    good; after Unreachable or InDoubt it is closed and the next ``offer`` opens it again.
    """

    async def offer(self, envelope: Envelope) -> None:
        """Announce sender and recipient, connecting first if need be.

        Raises Refused or Unreachable; in both cases the message was surely not taken.
        """
        ...

    async def transmit(self, content: bytes) -> Reply:
        """Hand over the content of the envelope just offered and wait for the answer.

        Raises Refused or Unreachable when it was surely not taken, and InDoubt only when
        the final dot may have left and no answer came.
        """
        ...

    async def close(self) -> None:
        """End the conversation politely if it still stands. Never raises."""
        ...
