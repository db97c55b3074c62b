from __future__ import annotations

import codecs

import pytest

from publisher.content.feeds.encoding import decode_document
from publisher.content.feeds.read import read_feed

TEXT = "Käse \u2014 10 €"


def document(encoding: str, declared: str | None = None) -> bytes:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = f"{declaration}<rss><channel><item><title>{TEXT}</title></item></channel></rss>"
    return text.encode(encoding)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (document("utf-8"), ""),
        (document("utf-8"), "text/xml; charset=iso-8859-1"),
        (document("utf-8", "iso-8859-1"), "text/xml"),
        (document("utf-8-sig", "windows-1252"), "text/xml"),
        (document("utf-16"), "text/xml; charset=utf-8"),
        (codecs.BOM_UTF16_BE + document("utf-16-be", "utf-16"), ""),
        (document("utf-16-le", "utf-16"), "application/xml"),
        (document("utf-16-be"), ""),
        (document("utf-32"), ""),
        (document("cp1252"), "text/xml; charset='windows-1252'"),
        (document("cp1252", "windows-1252"), "application/rss+xml"),
        (document("cp1252", "utf-8"), "text/xml; charset=utf-8"),
        (document("cp1252", "iso-8859-1"), "text/xml"),
        (document("cp1252"), "text/xml"),
        (document("cp1252", "punycode"), "text/xml; charset=undefined"),
    ],
    ids=range(15),
)
def test_feed_is_read_in_whatever_encoding_it_came(body: bytes, content_type: str) -> None:
    (entry,) = read_feed(body, content_type, "https://example.org/").entries

    assert entry.title == TEXT


@pytest.mark.parametrize(
    ("encoding", "label", "text"),
    [
        # The first three in characters that the label's own encoding has not, and the web's has.
        ("gb18030", "gb2312", "\u6731\u9555\u57fa"),
        ("cp932", "Shift_JIS", "\u2460\u65e5\u672c"),
        ("cp949", "euc-kr", "\ub620\ubc29"),
        ("iso2022_jp", "iso-2022-jp", "\u65e5\u672c"),
        ("koi8_r", "koi8-r", "\u043c\u0438\u0440"),
    ],
)
@pytest.mark.parametrize("where", ["header", "declaration", "meta"])
def test_declared_encoding_is_taken_wherever_it_stands(
    encoding: str, label: str, text: str, where: str
) -> None:
    start = {
        "header": "<rss>",
        "declaration": f"<?xml version='1.0' encoding='{label}'?><rss>",
        "meta": f'<html><head><meta charset="{label}">',
    }[where]
    content_type = f"text/html; charset={label}" if where == "header" else "text/html"

    assert decode_document((start + text).encode(encoding), content_type) == start + text


@pytest.mark.parametrize(
    "label", ["idna", "rot13", "zlib", "unicode_escape", "raw_unicode_escape", "no-such", "x\u00e9"]
)
def test_what_is_no_character_set_of_the_web_is_not_asked(label: str) -> None:
    body = b"<rss>\\u0041 \xe9</rss>"

    assert decode_document(body, f"text/xml; charset={label}") == "<rss>\\u0041 é</rss>"


def test_bytes_that_break_their_own_mark_are_replaced() -> None:
    assert decode_document(codecs.BOM_UTF8 + b"a\xffb", "") == "a\ufffdb"


FEED = (
    '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Größe</title>'
    "<item><title>Küste der Inseln</title></item></channel></rss>"
).encode()


def test_utf_8_that_is_cut_within_a_letter_is_utf_8() -> None:
    """Or else every title and text in it would be garbled."""
    cut = FEED[: FEED.index("üste".encode()) + 1]

    assert "Größe" in decode_document(cut, "application/rss+xml; charset=utf-8")


def test_utf_8_with_a_stray_byte_is_utf_8() -> None:
    assert "Größe" in decode_document(FEED.replace(b" Inseln", b" \xe4 Inseln"), "text/xml")
