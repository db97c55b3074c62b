"""The text of a document that came over HTTP, whatever is said of its encoding and by whom."""

from __future__ import annotations

import codecs
import re

# UTF-32's little-endian mark begins with UTF-16's, so it is looked for first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# A tag without a mark in front tells UTF-16 as well (XML 1.0 appendix F.1).
_BARE = (
    (re.compile(rb"<\x00[^\x00]\x00"), "utf-16-le"),
    (re.compile(rb"\x00<\x00[^\x00]"), "utf-16-be"),
)
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_DECLARED = re.compile(
    rb"""\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]{1,40})"""
    rb"""|.{0,4096}?<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""",
    re.IGNORECASE | re.DOTALL,
)
_LETTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{1,3}")
# Those that a document may be in, of all that Python knows: others are no character sets of
# the web, or take a time that grows with the square (punycode).
_KNOWN = re.compile(
    r"utf[-_](?:8|16(?:[-_][bl]e)?|32(?:[-_][bl]e)?)|ascii|iso8859-\d+|cp\d+|koi8[-_]\w|mac[-_]\w+"
    r"|gb2312|gbk|gb18030|hz|big5(?:hkscs)?|shift_jis|euc_(?:jp|kr)|iso2022_\w+|johab|tis[-_]620"
)
# WHATWG Encoding §4.2: what these labels mean on the web, wider than their names say.
_WEB_MEANING = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}


def decode_document(body: bytes, content_type: str) -> str:
    """Turn a feed or a page into text without a byte order mark. Never fails.

    Asked in this order: the byte order mark (RFC 7303 §3), valid UTF-8, the Content-Type, the
    document's own declaration. UTF-8 goes first as servers' labels are often wrong, and text
    in another encoding is never valid UTF-8 by chance. What is left is ISO 8859-1, whose C1
    controls `publisher.content.characters` takes for the windows-1252 that they are.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    for start, name in _BARE:
        if start.match(body):
            return body.decode(name, "replace")
    # An escape shows one of the old seven-bit encodings of East Asia, which is valid UTF-8.
    labels = [*(["utf-8"] if b"\x1b" not in body else []), *_labels(body, content_type)]
    for label in labels:
        text = _decoded(body, label)
        if text is None and label == "utf-8":
            text = _nearly_utf_8(body)
        if text is not None:
            return text
    return body.decode("latin-1")


def _nearly_utf_8(body: bytes) -> str | None:
    """Decode UTF-8 that was cut within a letter, or has some bytes that are none; else None.

    Text in another encoding has hardly a letter that is valid UTF-8.
    """
    text = body.decode("utf-8", "replace")
    faults = text.count("\ufffd")
    return text if sum(1 for _ in _LETTER.finditer(body)) > faults else None


def _labels(body: bytes, content_type: str) -> list[str]:
    found = _CHARSET.search(content_type)
    labels = [found[1]] if found else []
    if declared := _DECLARED.match(body):
        labels.append((declared[1] or declared[2]).decode("ascii", "ignore"))
    return labels


def _decoded(body: bytes, label: str) -> str | None:
    try:
        name = codecs.lookup(label).name
        return body.decode(_WEB_MEANING.get(name, name)) if _KNOWN.fullmatch(name) else None
    except (LookupError, ValueError):  # no such encoding, or not in this one
        return None
