"""Reads header fields back as mail programs do."""

from __future__ import annotations

from email.header import decode_header, make_header
from email.utils import parseaddr


def person(field: str) -> tuple[str, str]:
    """Give name and mailbox of an address field that is not folded.

    Not with `email.policy.default`, whose phrases keep the blank between two encoded words
    that RFC 2047 §6.2 says to drop.
    """
    name, mailbox = parseaddr(field)
    return str(make_header(decode_header(name))), mailbox


def unfolded_field(content: bytes, name: str) -> str:
    """Give the value of a header field, its folds taken out."""
    head = content.partition(b"\r\n\r\n")[0].decode("ascii")
    fields = head.replace("\r\n ", " ").split("\r\n")
    return next(field for field in fields if field.startswith(f"{name}: ")).partition(": ")[2]
