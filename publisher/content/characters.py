"""Which characters may stand in what we publish, and how a single line of text is made clean.

Everything that enters goes through here once: one forbidden character makes strict feed
readers refuse a whole feed (XML 1.0 §2.2).
"""

from __future__ import annotations

import re
import unicodedata


def _replacements() -> dict[int, str | None]:
    """Map each unwanted character below U+00A0 to what takes its place; None removes it."""
    table: dict[int, str | None] = dict.fromkeys([*range(0x20), 0x7F])
    for code in (0x09, 0x0A, 0x0D):
        del table[code]
    # C1 controls are nearly always windows-1252 text that was labelled ISO 8859-1.
    for code in range(0x80, 0xA0):
        table[code] = bytes([code]).decode("cp1252", "ignore") or None
    return table


_LOW = _replacements()

# Lone surrogates cannot be written as UTF-8, U+FFFE and U+FFFF are outside XML's Char, and
# U+E0F0 and U+E0F1 mark the slots in mails: no text from outside may hold them.
_HIGH = re.compile("[\ud800-\udfff\ufffe\uffff\ue0f0\ue0f1]")

_BLANKS = re.compile("[ \t\r\n\u2028\u2029]+")


def clean_characters(text: str) -> str:
    """Remove what XML 1.0 forbids, mend C1 controls, and keep slot marks out."""
    return _HIGH.sub("", text).translate(_LOW)


def clean_line(text: str) -> str:
    """Make one line of plain text of a title, a name or a tag, in Unicode form NFC.

    Nothing is taken for markup: "The <title> element" is a title like any other.
    """
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", clean_characters(text))).strip(" ")
