"""The last wall: what `fields` lets through is fit for the wire, whoever asks."""

from __future__ import annotations

import pytest

from publisher.mail import fields


@pytest.mark.parametrize("lines", [b"", b"a\r\n", b"a" * 76 + b"\r\n", b".\r\n\r\n"])
def test_body_lines_pass(lines: bytes) -> None:
    assert fields.checked_body(lines) == lines


@pytest.mark.parametrize(
    "lines",
    [b"a", b"a\n", b"a\r", b"a\rb\r\n", b"a\nb\r\n", b"\0\r\n", b"\x80\r\n", b"a" * 77 + b"\r\n"],
)
def test_other_body_octets_are_refused(lines: bytes) -> None:
    with pytest.raises(ValueError, match="mail body"):
        fields.checked_body(lines)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Subject", "a\r\nBcc: b"),
        ("Subject", "a\nBcc: b"),
        ("Subject", "a\rBcc: b"),
        ("Subject", "a\r\n\r\nbody"),
        ("Subject", "a\0"),
        ("Subject", "ä"),
        ("Sub ject", "a"),
        ("Subject:", "a\r\n"),
        ("", "a"),
        ("Subject", "a" * 990),
    ],
)
def test_what_is_not_one_field_is_refused(name: str, value: str) -> None:
    for write in (fields.folded, fields.unfolded):
        with pytest.raises(ValueError, match=r"one header field|ascii"):
            write(name, value)


def test_folded_breaks_at_spaces_only() -> None:
    field = fields.folded("Subject", " ".join(["nineteen characters"] * 8))

    assert max(map(len, field.split(b"\r\n"))) <= 76
    assert field.count(b"\r\n ") == 2
    assert field.replace(b"\r\n", b"") == b"Subject: " + b" ".join([b"nineteen characters"] * 8)


def test_word_too_long_for_a_line_stays_whole() -> None:
    assert fields.folded("To", "a" * 200) == b"To: " + b"a" * 200 + b"\r\n"


@pytest.mark.parametrize("text", ["a\nb", "a\0b", "a\u2028b", "é\r\nb"])
def test_words_refuse_control_characters(text: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        fields.words(text)
    with pytest.raises(ValueError, match="control characters"):
        fields.phrase(text)
