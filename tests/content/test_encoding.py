from __future__ import annotations

import codecs
import random

import pytest

from publisher.content.encoding import decode

FRENCH = "Le maire a déclaré à l\u2019Assemblée que les ouvriers étaient très fâchés."
CHINESE = "工会组织为职工群众服务。会议在北京召开。代表们讨论了新的章程。"
JAPANESE = "市役所の前で労働者が集会を開きました。雨が降っていましたが、三百人が集まりました。"


@pytest.mark.parametrize(
    ("text", "name"), [(FRENCH, "cp1252"), (CHINESE, "gb18030"), (JAPANESE, "shift_jis")]
)
def test_decode_recognises_legacy_encodings(text: str, name: str) -> None:
    assert decode(text.encode(name)) == text


def test_decode_reads_western_text_that_no_guess_fits() -> None:
    text = "Title\n\nCafé déjà vu été là.\n" * 30

    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_decode_obeys_the_byte_order_mark_and_removes_it(mark: bytes, name: str) -> None:
    assert decode(mark + CHINESE.encode(name)) == CHINESE


@pytest.mark.parametrize(
    ("declared", "name"), [("gb2312", "gb18030"), ("iso-8859-1", "cp1252"), ("KOI8-R", "koi8_r")]
)
def test_decode_reads_the_charset_of_a_page_as_browsers_do(declared: str, name: str) -> None:
    word = {"gb18030": "工会", "cp1252": "“é”", "koi8_r": "Мэр"}[name]
    page = f'<meta charset="{declared}"><p>{word}'

    assert decode(page.encode(name), is_html=True) == page


def test_decode_falls_back_from_a_charset_that_lies() -> None:
    page = f'<meta charset="utf-8"><p>{FRENCH}'

    assert decode(page.encode("cp1252"), is_html=True) == page


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "the file is binary, not text"),
        (b"a\nb\x00", "the file is not text: line 2 holds the control character U+0000"),
        (
            codecs.BOM_UTF16_LE + b"a\x00\x00\xd8",
            "the file begins as UTF-16-LE and breaks that encoding at byte 3;"
            " save it again as UTF-8",
        ),
        (
            bytes(random.Random(1).choices(range(0x80, 0x100), k=300)),
            "the file's encoding cannot be recognised; save it again as UTF-8",
        ),
    ],
)
def test_decode_refuses_what_is_no_text(data: bytes, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the whole sentence is compared
        decode(data)

    assert str(caught.value) == sentence
