from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.content.plain import paragraphs, plain_text, summarise


def test_plain_text_parts_paragraphs_and_lists_no_links() -> None:
    html = "<h2>Ice</h2><p>The <b>lake</b> <a href='https://e.example/'>froze</a>.</p><ul><li>a</li><li>b</li></ul>"

    assert plain_text(html) == "Ice\n\nThe lake froze.\n\n  * a\n  * b"


@settings(deadline=None)
@given(st.text(st.characters()))
def test_plain_text_raises_only_value_error(html: str) -> None:
    try:
        text = plain_text(html)
    except ValueError:
        return

    assert "\n\n\n" not in text
    text.encode()


def test_plain_text_refuses_deep_nesting() -> None:
    with pytest.raises(ValueError, match="nested more than 250 levels deep"):
        plain_text("<div>" * 100_000)


def test_paragraphs_escapes_markup() -> None:
    assert paragraphs(["a < b & c", "<i>"]) == "<p>a &lt; b &amp; c</p>\n<p>&lt;i&gt;</p>"


@pytest.mark.parametrize(
    ("text", "words", "summary"),
    [
        ("One two. Three four. Five six.", 4, "One two. Three four."),
        ("Dr. J. Hall met Mrs. Li. She left.", 7, "Dr. J. Hall met Mrs. Li."),
        ("Dr. J. Hall met Mrs. Li. She left.", 4, "Dr. J. Hall met…"),
        ("Is it? “Yes!” he said. No.", 3, "Is it? “Yes!”"),
        ("One two three four five.", 3, "One two three…"),
        ("One, two, three.", 2, "One, two…"),
        ("First paragraph\n\nSecond one here", 2, "First paragraph"),
        ("工人们今天开会。会上通过了新章程。", 5, "工人们今天开会。"),
        ("工人们今天开会通过了新章程", 3, "工人们今天开…"),
        ("Costs fell 3.5 per cent. Good.", 5, "Costs fell 3.5 per cent."),
        ("", 5, ""),
    ],
)
def test_summarise_takes_whole_sentences(text: str, words: int, summary: str) -> None:
    assert summarise(text, words=words) == summary


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 50))
def test_summarise_is_made_of_the_text(text: str, words: int) -> None:
    summary = summarise(text, words=words)

    assert set(summary) - {"…", " "} <= set(text)
    assert len(summary.split()) <= len(text.split()) + 1
