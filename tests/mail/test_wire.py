"""What any SMTP server must take, and the doubling of dots."""

from __future__ import annotations

import pytest

from publisher.mail import wire
from publisher.model import Envelope

ENVELOPE = Envelope(sender="bounce+t1@news.example", recipient="ada@reader.example")

UNFIT_CONTENTS = {
    "empty": b"",
    "no final CRLF": b"Subject: x\r\n\r\nbody",
    "bare LF": b"Subject: x\r\n\r\na\nb\r\n",
    "bare CR": b"Subject: x\r\n\r\na\rb\r\n",
    "LF before CR": b"Subject: x\r\n\r\na\n\rb\r\n",
    "smuggled end with LF": b"Subject: x\r\n\r\n\n.\nMAIL FROM:<eve@evil.example>\r\n",
    "smuggled end with LF and CRLF": b"Subject: x\r\n\r\n\n.\r\nMAIL FROM:<e@evil.example>\r\n",
    "smuggled end with CR": b"Subject: x\r\n\r\n\r.\r\r\n",
    "as many bare CR as LF": b"a\rb\nc\r\n",
    "NUL": b"Subject: x\0\r\n\r\n\r\n",
    "8-bit": b"Subject: x\r\n\r\n\xc3\xa4\r\n",
    "long line": b"Subject: x\r\n\r\n" + b"x" * 999 + b"\r\n",
}


@pytest.mark.parametrize("content", UNFIT_CONTENTS.values(), ids=UNFIT_CONTENTS.keys())
def test_content_unfit_for_the_wire_is_a_programming_error(content: bytes) -> None:
    """A3: nothing is repaired, and nothing of it can be offered to a transport."""
    with pytest.raises(ValueError, match="content"):
        wire.message(ENVELOPE, content)


@pytest.mark.parametrize(
    ("content", "stuffed"),
    [
        (b"a\r\n", b"a\r\n"),
        (b".\r\n", b"..\r\n"),
        (b".a\r\n..b\r\na.\r\n", b"..a\r\n...b\r\na.\r\n"),
    ],
)
def test_dot_that_begins_a_line_is_doubled(content: bytes, stuffed: bytes) -> None:
    """RFC 5321 §4.5.2: whether or not anything follows it."""
    message = wire.message(ENVELOPE, content)

    assert (message.content, message.stuffed) == (content, stuffed + b".\r\n")
