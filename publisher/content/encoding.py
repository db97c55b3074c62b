"""Bytes of unknown encoding made text: what says so itself first, guessing last."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

# UTF-32's little-endian mark begins with UTF-16's, so it is looked for first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.I)
# WHATWG Encoding §4.2: what these labels mean on the web, wider than their names say.
_WEB_MEANING = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
# Candidates of a guess; of two that fit alike the earlier wins, so windows-1252 is the default
# among single-byte encodings.
_CANDIDATES = ["cp1252", "gb18030", "cp932", "euc_jp", "big5", "cp949"]
_CANDIDATES += ["cp1251", "koi8_r", "cp1250", "cp1253", "cp1254"]
_MOST_ACCENTS = 0.25
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def decode(data: bytes, *, is_html: bool = False) -> str:
    """Turn the bytes of a text file into text without a byte order mark.

    Asked in this order: the byte order mark, valid UTF-8, the charset that an HTML page
    declares, a guess. Raises ValueError with a sentence when the bytes are no text or
    nothing fits.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _checked(_decode_as(data[len(mark) :], name))
    try:
        return _checked(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        if b"\x00" in data:
            raise ValueError("the file is binary, not text") from error
    if is_html and (declared := _META_CHARSET.search(data, 0, 4096)):
        text = _declared(data, declared.group(1).decode("ascii", "ignore"))
        if text is not None:
            return _checked(text)
    return _checked(data.decode(guess(data)))


def guess(data: bytes) -> str:
    """Name the encoding of text that is not UTF-8 and says nothing itself.

    Raises ValueError with a sentence when nothing fits.
    """
    matches = from_bytes(data, cp_isolation=_CANDIDATES, enable_fallback=False)
    ranked = sorted(
        (match.chaos, -match.coherence, min(map(_rank, match.could_be_from_charset)))
        for match in matches
    )
    if ranked:
        return _CANDIDATES[ranked[0][2]]
    text = _declared(data, "cp1252")
    if text is not None and _is_western(text):
        return "cp1252"
    raise ValueError("the file's encoding cannot be recognised; save it again as UTF-8")


def marked(data: bytes) -> str | None:
    """Name the encoding that text says by the byte order mark it begins with."""
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)


def _checked(text: str) -> str:
    if found := _CONTROLS.search(text):
        line = text.count("\n", 0, found.start()) + 1
        code = ord(found.group())
        raise ValueError(
            f"the file is not text: line {line} holds the control character U+{code:04X}"
        )
    return text


def _decode_as(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"the file begins as {name.upper()} and breaks that encoding at byte {error.start + 1};"
            " save it again as UTF-8"
        ) from error


def _declared(data: bytes, label: str) -> str | None:
    try:
        name = codecs.lookup(label).name
        return data.decode(_WEB_MEANING.get(name, name))
    except (LookupError, UnicodeError):
        return None


def _is_western(text: str) -> bool:
    """Say whether it reads like a western language: here and there an accent or a dash.

    The guess gives up on some such texts, for instance on a line that is repeated often.
    """
    accents = [character for character in text if character > "\x7f"]
    return len(accents) <= len(text) * _MOST_ACCENTS and all(
        character.isalpha() or character in "\u2018\u2019\u201c\u201d\u2013\u2014\u2026€«»°§\xa0"
        for character in accents
    )


def _rank(name: str) -> int:
    return _CANDIDATES.index(name) if name in _CANDIDATES else len(_CANDIDATES)
