"""What the verbs ask of the world outside: small protocols, each with its guarantee."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias, runtime_checkable

from publisher.model import Message, Rejection, Reply, SourceArticle, Unchanged, Unseen


class Clock(Protocol):
    """Tells the time: an aware datetime in UTC."""

    def __call__(self) -> datetime:
        """Give the present instant."""
        ...


class Known(Protocol):
    """Tells which stamps are known."""

    async def __call__(self, origins: Collection[str], /) -> Mapping[str, str]:
        """Map those of these origins that were taken in, or refused, to their stamps.

        Ask for some hundreds at a time: a source may have more than fit into memory.
        """
        ...


@dataclass(slots=True, kw_only=True)
class Visit:
    """One pass over a source: what the source is told, and what it has to say of itself.

    ``now`` is when the pass began. ``memory`` is what the source wrote there in its last good
    pass, as JSON values: validators, cursors, addresses that have moved. What it leaves there
    is kept once everything that it told is stored, so a cursor never runs ahead.

    The source sets the rest: ``tells_all`` when this pass has told everything there is, so
    that whatever it did not tell has gone; ``is_increment`` when it has told only what
    changed, so that whatever it did not tell is as it was (a pass that is neither is a window
    of the newest, such as an upstream feed); ``rest`` when it asks to be left alone for that
    long, whatever its schedule says.
    """

    now: datetime
    known: Known
    memory: dict[str, Any] = field(default_factory=dict)
    tells_all: bool = False
    is_increment: bool = False
    rest: timedelta | None = None


Told: TypeAlias = SourceArticle | Unchanged | Unseen | Rejection
Telling: TypeAlias = AsyncGenerator[Told, None]


class Source(Protocol):
    """Where articles come from."""

    name: str

    def articles(self, visit: Visit) -> Telling:
        """Tell what is there now, in a stable order; may repeat what it told before.

        An origin whose known stamp is the same may be told as Unchanged, without being read.
        One bad article is a Rejection and never ends the pass. Raises SourceError when the
        source as a whole cannot be read; what was told before that counts, nothing is
        withdrawn, ``visit.memory`` is dropped, and the caller tries again later. Everything
        that the pass opened is closed when it ends, however it ends.
        """
        ...


@runtime_checkable
class Watched(Protocol):
    """A source that notices when it may have changed. It is asked in its interval all the same."""

    def changes(self, stop: asyncio.Event) -> AsyncGenerator[None, None]:
        """Yield whenever a pass may bring something, until ``stop`` is set. Never raises."""
        ...


class Transport(Protocol):
    """One connection to a next hop, used by one task at a time, for many messages.

    ``offer`` then ``transmit``, once each a message. After Refused the connection is still
    good; after Unreachable or InDoubt it is closed and the next ``offer`` opens it again.
    """

    async def offer(self, message: Message) -> None:
        """Announce a message, connecting first if need be; nothing of its content leaves.

        Raises Refused or Unreachable; in both cases the message was surely not taken. Raises
        ValueError for a message unfit for the wire, of which nothing leaves.
        """
        ...

    async def transmit(self, following: Message | None = None) -> Reply:
        """Hand over the content of the message just offered and wait for the answer.

        ``following`` may be announced behind it, before the answer is there; the next `offer` is
        of that very message then, or the connection is opened anew.

        Raises Refused or Unreachable when it was surely not taken, and InDoubt only when
        the final dot may have left and no answer came.
        """
        ...

    async def close(self) -> None:
        """End the conversation politely if it still stands. Never raises."""
        ...
