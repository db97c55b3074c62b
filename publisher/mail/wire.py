"""What any SMTP server must take as one message, and how its dots are doubled.

What `publisher.mail.compose` makes is lawful piece by piece, checked when a piece is made; what
comes whole is checked here. A message that does not pass is our own fault or an attack that got
through earlier walls, so it is a ValueError and never a refusal: no reply of a next hop could be
quoted, and no recipient's record may suffer for it.
"""

from __future__ import annotations

import re

from publisher.model import Envelope, Message

FINAL_DOT = b".\r\n"
MAX_LINE_OCTETS = 998  # RFC 5322 §2.1.1: without the CRLF

# Printable ASCII but blanks and angle brackets. Quoted local parts with a blank are lawful
# (RFC 5321 §4.1.2), but nobody has one, and every smuggled command needs one.
_MAILBOX = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")


def message(envelope: Envelope, content: bytes) -> Message:
    """Make a message of bytes that nobody has looked at. Raises ValueError for unlawful ones."""
    check_content(content)
    return Message(envelope=envelope, stuffed=stuffed(content) + FINAL_DOT)


def stuffed(lines: bytes) -> bytes:
    """Double the dot that begins a line, in whole lines (RFC 5321 §4.5.2)."""
    doubled = lines.replace(b"\r\n.", b"\r\n..")
    return b"." + doubled if doubled.startswith(b".") else doubled


def check_envelope(envelope: Envelope) -> None:
    """Raise ValueError unless both addresses can stand between angle brackets as they are."""
    for role, address in (("sender", envelope.sender), ("recipient", envelope.recipient)):
        if not _MAILBOX.fullmatch(address):
            raise ValueError(f"{role} {address!r} is no plain ASCII local@domain address")


def check_content(content: bytes) -> None:
    """Raise ValueError unless any SMTP server must take the bytes as one message.

    7-bit, since 8BITMIME may be missing (RFC 6152 §3); CRLF only, since servers disagree about
    where a bare CR or LF ends the message, which is how mail is smuggled (RFC 5321 §2.3.8).
    """
    if not content.isascii() or b"\0" in content:
        raise ValueError("content holds 8-bit or NUL octets")
    if not content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n"):
        raise ValueError("content holds a bare CR or LF")
    if not content.endswith(b"\r\n"):
        raise ValueError("content does not end with CRLF")
    if max(map(len, content.split(b"\r\n"))) > MAX_LINE_OCTETS:
        raise ValueError(f"content holds a line of more than {MAX_LINE_OCTETS} octets")
