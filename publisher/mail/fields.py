"""Header fields and body lines in their wire form, and the last check of their bytes.

Only `publisher.mail` calls this. It never cuts or repairs a value: what cannot be said in
a field raises ValueError. Implements RFC 5322 §2.2 and §3.2, RFC 2047, RFC 5321 §4.5.3.1.6.
"""

from __future__ import annotations

import re
from email.header import Header

# Control characters, Unicode's own line ends and lone surrogates: nothing that one person
# reads as one line needs them, and each has ended a header line in some mail software.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_LINE_OCTETS = 76  # RFC 2047 §2 for lines with encoded words, RFC 2045 §6.7 for bodies
_WORD_OCTETS = 64  # leaves room for the longest field name that stands before a word

_PLAIN = re.compile(rf"(?:[!-~]{{1,{_WORD_OCTETS}}}(?: [!-~]{{1,{_WORD_OCTETS}}})*)?")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")  # RFC 5322 §3.2.3

_OCTET = rb"[^\x00\r\n\x80-\xff]"
_BODY = re.compile(rb"(?:" + _OCTET + rb"{0,76}\r\n)*")  # RFC 2045 §6.7 rule 5
_FIELD = re.compile(
    rb"(?=" + _OCTET + rb"{1,998}\r)"  # RFC 5322 §2.1.1
    rb"[!-9;-~]+:" + _OCTET + rb"*(?:\r\n[ \t]" + _OCTET + rb"{1,997})*\r\n"
)


def words(text: str) -> str:
    """Give unstructured text (a Subject's) as words with one space between each two.

    Text that a reader's program might read as something else, or that cannot be folded,
    becomes encoded words of at most 64 octets (RFC 2047 §2 allows 75).
    """
    return text if _is_plain(text) else _encoded(text)


def phrase(text: str) -> str:
    """Give a display name or list title: bare atoms, a quoted string or encoded words."""
    if _ATOMS.fullmatch(text):
        candidate = text
    else:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        candidate = f'"{escaped}"'  # RFC 5322 §3.2.4
    return candidate if _is_plain(candidate) else _encoded(text)


def folded(name: str, value: str) -> bytes:
    """Give a field whose value may be folded at its spaces, in lines of 76 where it can."""
    lines = [f"{name}:"]
    for position, word in enumerate(value.split(" ")):
        if position and len(lines[-1]) + 1 + len(word) > _LINE_OCTETS:
            lines.append("")
        lines[-1] += f" {word}"
    return _checked_field(name, "\r\n".join(lines))


def unfolded(name: str, value: str) -> bytes:
    """Give a field that relays and readers only understand on one line."""
    return _checked_field(name, f"{name}: {value}")


def checked_body(lines: bytes) -> bytes:
    """Give whole body lines back: 7-bit, CRLF only, no NUL, at most 76, or raise ValueError."""
    if not _BODY.fullmatch(lines):
        raise ValueError("a mail body would not be 7-bit lines of at most 76 octets")
    return lines


def _checked_field(name: str, text: str) -> bytes:
    field = f"{text}\r\n".encode("ascii")
    if not _FIELD.fullmatch(field):
        raise ValueError(f"{name} would not be exactly one header field")
    return field


def _is_plain(text: str) -> bool:
    return "=?" not in text and _PLAIN.fullmatch(text) is not None


def _encoded(text: str) -> str:
    if CONTROL.search(text):
        raise ValueError("a header field cannot hold control characters")
    return Header(text, "utf-8", maxlinelen=_WORD_OCTETS).encode(linesep="")
