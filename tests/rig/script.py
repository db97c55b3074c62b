"""What a scripted SMTP server is told to do: the vocabulary of `tests.rig.smtp`.

A script looks at each `Moment` and gives an `Act`, or None for what a healthy server does; of
several scripts the first that gives one wins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A message that the server took: the content is unstuffed, with its final CRLF."""

    sender: str
    recipient: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that the server is about to answer.

    ``verb`` is BANNER, a command, LOGIN (the second line of AUTH LOGIN) or CONTENT (the dot
    came). ``argument`` is the rest of the line; of MAIL and RCPT the address, of CONTENT the
    recipient. ``session`` counts connections from 1, ``message`` the MAILs of its session.
    """

    verb: str
    argument: str
    session: int
    message: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What to do instead of answering well.

    In this order: wait for ``after``; send ``reply`` as it is, byte by byte if ``trickle``;
    read nothing until ``pause``; at DATA, read ``read_bytes`` of the content and cut; or
    ``cut`` at once. ``take`` says whether a message is kept, before any of this is sent; None
    lets the reply's first digit decide.
    """

    reply: bytes = b""
    after: asyncio.Event | None = None
    trickle: bool = False
    pause: asyncio.Event | None = None
    cut: bool = False
    read_bytes: int | None = None
    take: bool | None = None


Script = Callable[[Moment], Act | None]


def line(code: int, *texts: str) -> bytes:
    """Make a reply of one or several lines (RFC 5321 §4.2.1)."""
    marks = ["-"] * (len(texts) - 1) + [" "]
    pairs = zip(marks, texts or ("",), strict=True)
    return "".join(f"{code}{mark}{text}\r\n" for mark, text in pairs).encode()


def say(
    code: int,
    *texts: str,
    after: asyncio.Event | None = None,
    trickle: bool = False,
    cut: bool = False,
) -> Act:
    """Answer so, perhaps late, slowly, or as the last word."""
    return Act(reply=line(code, *texts), after=after, trickle=trickle, cut=cut)


def at(
    verb: str,
    act: Act,
    *,
    argument: str = "",
    session: int | None = None,
    message: int | None = None,
) -> Script:
    """Act so at a verb: always, or where the argument contains, and the counters are, these."""

    def script(moment: Moment) -> Act | None:
        fits = (
            moment.verb == verb
            and argument in moment.argument
            and session in (None, moment.session)
            and message in (None, moment.message)
        )
        return act if fits else None

    return script


def in_turn(verb: str, *acts: Act | None) -> Script:
    """Act so at the first, second, ... such verb of all sessions; then as a healthy server."""
    left = list(acts)

    def script(moment: Moment) -> Act | None:
        return left.pop(0) if moment.verb == verb and left else None

    return script
