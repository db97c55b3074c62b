"""A stranger's mail taken apart within limits: header fields, parts, texts.

The library's parser is kept away from what it would sink in, and from what it gives nothing is
taken without a limit. Implements RFC 2045 to 2047 and RFC 5322 as far as bounces need them.
"""

from __future__ import annotations

import email.errors
import email.header
import email.parser
import email.policy
import html
import re
from collections.abc import Iterator
from email.message import Message

from publisher.mail.fields import CONTROL

LIMIT_BYTES = 2 * 1024 * 1024

_MOST_CONTAINERS = 50  # the parser goes down one call for each that is within another
_MOST_PARTS = 200
_MOST_FIELDS = 2000
_VALUE_CHARACTERS = 4000
_TEXT_CHARACTERS = 20_000
_CONTAINER = re.compile(rb"^content-type:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
# The parser takes time that is quadratic in the parameters of such a field.
_LONG_FIELD = re.compile(
    rb"^content-[a-z-]{1,30}:(?:[^\n]|\n[ \t]){2000}", re.IGNORECASE | re.MULTILINE
)
_TAG = re.compile(r"<[^<>]{0,1000}>")
_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")


class Unreadable(Exception):
    """The mail is not looked into; the message says why."""


def opened(raw: bytes) -> Message:
    """Parse a mail. Raises Unreadable beyond the limits."""
    if len(raw) > LIMIT_BYTES:
        raise Unreadable(f"is larger than {LIMIT_BYTES // 1024 // 1024} MB")
    if len(_CONTAINER.findall(raw)) > _MOST_CONTAINERS:
        raise Unreadable("is nested too deeply")
    if _LONG_FIELD.search(raw):
        raise Unreadable("has a field that is too long")
    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(raw)
    whole = list(parts(message))
    if len(whole) > _MOST_PARTS:
        raise Unreadable(f"has more than {_MOST_PARTS} parts")
    if sum(len(part) for part in whole) > _MOST_FIELDS:
        raise Unreadable(f"has more than {_MOST_FIELDS} fields")
    return message


def parts(message: Message) -> Iterator[Message]:
    """Give the parts of a mail from the first to the last, without those of mails within it."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        yield part
        if part.get_content_maintype() == "multipart":
            waiting += reversed(_within(part))


def first(message: Message, *types: str) -> Message | None:
    """Find the first part of one of these types."""
    return next((part for part in parts(message) if part.get_content_type() in types), None)


def blocks(part: Message) -> list[Message]:
    """Give the groups of fields of a part that consists of them (RFC 3464 §2.1, RFC 5965 §3)."""
    return _within(part)[:_MOST_PARTS]


def returned(message: Message) -> Message | None:
    """Find the mail that came back, or what there is of its header (RFC 6522 §3)."""
    part = first(message, *_RETURNED)
    if part is None:
        return None
    if part.get_content_type() == "text/rfc822-headers":
        header = _decoded(part)
        return email.parser.HeaderParser(policy=email.policy.compat32).parsestr(header)
    return next(iter(_within(part)), None)


def values(message: Message, *names: str) -> list[str]:
    """Give all fields of these names, as one line each."""
    return [line(_words(value)) for name in names for value in (message.get_all(name) or [])[:20]]


def value(message: Message, *names: str) -> str:
    """Give the first field of these names; "" if there is none."""
    return next(iter(values(message, *names)), "")


def line(text: str, limit: int = _VALUE_CHARACTERS) -> str:
    """Make one clean line of a stranger's text."""
    return " ".join(CONTROL.sub(" ", text[:limit]).split())


def text(message: Message) -> str:
    """Give what the mail says to a person: its first text, an HTML one without its tags."""
    for subtype in ("text/plain", "text/html"):
        part = first(message, subtype)
        if part is not None and (said := _decoded(part)).strip():
            return html.unescape(_TAG.sub(" ", said)) if subtype == "text/html" else said
    return ""


def _within(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, Message)] if part.is_multipart() else []


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    return _in_charset(payload[: 4 * _TEXT_CHARACTERS], part.get_param("charset"))[
        :_TEXT_CHARACTERS
    ]


def _words(value: object) -> str:
    """Decode a field's value (RFC 2047 §4); what cannot be decoded is shown as it can be."""
    raw = str(value)[:_VALUE_CHARACTERS]
    if "=?" not in raw:
        return raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        pieces = email.header.decode_header(raw)
    except (email.errors.HeaderParseError, ValueError):
        return raw
    return "".join(
        piece if isinstance(piece, str) else _in_charset(piece, charset or "ascii")
        for piece, charset in pieces
    )


def _in_charset(octets: bytes, charset: object) -> str:
    """Decode what may be in the charset that it names, in UTF-8, or in none."""
    for name in (charset, "utf-8"):
        try:
            return octets.decode(str(name))
        except (LookupError, ValueError):
            continue
    return octets.decode("latin-1")
