from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.content.characters import clean_characters, clean_line

# Everything Unicode has, lone surrogates too.
any_text = st.text(st.characters())
FORBIDDEN = re.compile(
    "[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f\ue0f0\ue0f1]"
)


@given(any_text)
def test_clean_characters_leaves_only_what_xml_allows(text: str) -> None:
    cleaned = clean_characters(text)

    assert FORBIDDEN.search(cleaned) is None
    cleaned.encode()


def test_clean_characters_reads_c1_controls_as_windows_1252() -> None:
    assert clean_characters("caf\x93x\x94 \x80 \x81") == "caf“x” € "


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("  A  title\r\n\tof two lines ", "A title of two lines"),
        ("The <title> element", "The <title> element"),
        ("AT&amp;T <b>bold</b>", "AT&amp;T <b>bold</b>"),
        ("a\x0bb\x00c", "abc"),
        ("Cafe\u0301", "Café"),
        ("10\u00a0000\u2028Euro", "10\u00a0000 Euro"),
    ],
)
def test_clean_line_keeps_the_words_and_drops_the_rest(written: str, line: str) -> None:
    assert clean_line(written) == line


@given(any_text)
def test_clean_line_is_one_line_in_nfc_and_stays_so(text: str) -> None:
    line = clean_line(text)

    assert FORBIDDEN.search(line) is None
    assert re.search("[\t\r\n\u2028\u2029]|  |^ | $", line) is None
    assert unicodedata.is_normalized("NFC", line)
    assert clean_line(line) == line
