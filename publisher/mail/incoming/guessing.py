"""Bounces that follow no standard: by the patterns of flufl.bounce, and the replies they quote."""

from __future__ import annotations

import email
import email.policy
import logging
import re
from email.message import Message

from flufl.bounce import all_failures

from publisher.mail.incoming import opened
from publisher.mail.incoming.failures import failure, says_nobody, statuses
from publisher.mail.incoming.reports import Told
from publisher.model import BounceKind

# It has its say in what we return; a pattern that stumbles over a hostile mail is no news.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)

# What a bounce says comes first, and what it returns behind that; patterns go through every line.
_LOOKED_AT_BYTES = 64 * 1024
_REPLY = re.compile(r"\b([45])\d\d[ -](?:#?\d\.\d{1,3}\.\d{1,3}|[^\d\s])[^\r\n]{0,300}", re.ASCII)
_FULL = re.compile(r"quota|mailbox (?:is )?full|over(?: its)? (?:size|storage)", re.IGNORECASE)


def guess(raw: bytes, message: Message, *, is_from_daemon: bool) -> Told | None:
    """Read a bounce; None if no pattern knows it. Its words count where a mail system speaks."""
    said = opened.line(opened.text(message), 8000)
    temporary, permanent = _patterns(raw)
    address = opened.line(min(permanent or temporary, default=b"").decode("utf-8", "replace"), 320)
    if permanent:
        return _failed(said, address)
    if temporary:
        return Told(kind=BounceKind.DELAYED, address=address)
    if not is_from_daemon:
        return None
    replies = list(_REPLY.finditer(said))
    if any(found[1] == "5" for found in replies) or says_nobody(said) or _FULL.search(said):
        return _failed(said, opened.value(message, "X-Failed-Recipients")[:320])
    return Told(kind=BounceKind.DELAYED) if replies else None


def _patterns(raw: bytes) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Ask flufl.bounce for the addresses that fail for now, and for good."""
    beginning = email.message_from_bytes(raw[:_LOOKED_AT_BYTES], policy=email.policy.compat32)
    for part in opened.parts(beginning):
        if part.get_content_maintype() == "message":  # a bounce that somebody forwards is none
            part.set_payload("")
    try:
        temporary, permanent = all_failures(beginning)
    except Exception:  # some of its patterns count on what a mail need not have
        return frozenset(), frozenset()
    return frozenset(temporary), frozenset(permanent)


def _failed(said: str, address: str) -> Told:
    """Judge a failure by the first reply that the text quotes, else by its words."""
    reply = next((found[0] for found in _REPLY.finditer(said) if found[1] == "5"), "")
    code = next((f"5.{s.subject}.{s.detail}" for kind, s in statuses(said) if kind == 5), "")
    kind, status = failure(code, reply or said)
    if kind is BounceKind.HARD and not code and _FULL.search(said):
        kind = BounceKind.SOFT
    return Told(kind=kind, address=address, status=status, diagnostic=(reply or said)[:500])
