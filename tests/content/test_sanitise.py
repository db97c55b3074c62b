from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.content.sanitise import sanitise

BASE = "https://news.example.org/articles/frost"
FORBIDDEN = re.compile(
    "[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f\ue0f0\ue0f1]"
)

PIECES = re.findall(
    r"(?:[^ \n])+|\n",
    """<p> </p> <b> </b> <a\tid=k> <a\thref='#k'> </a> <i> <table> <tr> <td> </table>
    <ul> <li> <pre> <svg> <math> <style> </style> <script> </script> <noscript> </noscript>
    <iframe\tsrc=/f> </iframe> <plaintext> <xmp> <img\tsrc=a> <object> </object> <select>
    <option> <form> <button> <template> <title> <!-- --> <video> <details> <summary> <h1>
    </body> </html> &lt; &#11; &#150; &#xD800 ]]> <![CDATA[ ' " < > &
    """,
)
html_soup = st.lists(st.sampled_from(PIECES) | st.text(st.characters()), max_size=25).map("".join)


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("<p onclick=x>a<script>b</script></p>", "<p>a</p>"),
        ("<style>p{}</style><object><p>x</p></object><embed>y", "y"),
        ("<form action=/x><input>kept<button>gone</button></form>", "kept"),
        ("<base href=//evil.example><meta name=x><link rel=x>y", "y"),
        ("<a href='javascript:x()'>a</a>", "<a>a</a>"),
        ("<a href='java\nscript:x()'>a</a>", "<a>a</a>"),
        ("<a href='data:text/html,x'>a</a>", "<a>a</a>"),
        ("<a href='http://[x'>a</a>", "<a>a</a>"),
        ("<a href='mailto:a@example.org'>a</a>", '<a href="mailto:a@example.org">a</a>'),
        ("<img src='mailto:a@example.org'>a", "a"),
        ("<img alt=x src='data:image/png;base64,AA'>tail", "tail"),
        ("<p style='color:red' class=x lang=ar dir=rtl>a", '<p lang="ar" dir="rtl">a</p>'),
        ("<noscript><p>shown</p></noscript>", "<p>shown</p>"),
        ("<noscript>a&#11;b<i></noscript>&#xb", "ab<i></i>"),
        ("<plaintext>a<b>", "<pre>a&lt;b&gt;</pre>"),
        ("<p>a</p></body></html><p>b</p>", "<p>a</p><p>b</p>"),
        ("&#11;&#0150;&#xD800;\ue0f0", "\u2013"),
        ("<p>a<b>b<i>c</b>d", "<p>a<b>b<i>c</i></b>d</p>"),
    ],
)
def test_sanitise_keeps_text_and_drops_danger(written: str, clean: str) -> None:
    assert sanitise(written, BASE) == clean


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("<a href='/a b'>x</a>", '<a href="https://news.example.org/a%20b">x</a>'),
        ("<a href='//e.example/x'>x</a>", '<a href="https://e.example/x">x</a>'),
        ("<a href='#gone'>x</a>", f'<a href="{BASE}#gone">x</a>'),
        ("<a href='#k'>x</a><p id=k>y</p>", '<a href="#k">x</a><p id="k">y</p>'),
        ("<a href='#k'>x</a><a name=k>y</a>", '<a href="#k">x</a><a id="k">y</a>'),
        ("<p id=unused>y</p>", "<p>y</p>"),
        ("<q cite=/c>x</q>", '<q cite="https://news.example.org/c">x</q>'),
        (
            "<img src=i.png srcset='i.png 1x,j.png 2x, data:image/png;base64,A 3x' width=2>",
            '<img src="https://news.example.org/articles/i.png"'
            ' srcset="https://news.example.org/articles/i.png 1x,'
            ' https://news.example.org/articles/j.png 2x" width="2">',
        ),
        (
            "<video src=/v poster=/p autoplay></video>",
            '<video src="https://news.example.org/v" poster="https://news.example.org/p"'
            ' controls=""></video>',
        ),
        (
            "<iframe src='//v.example/1' title='The film'>no</iframe>",
            '<a href="https://v.example/1">The film</a>',
        ),
        ("<iframe src=/v></iframe>", '<a href="https://news.example.org/v">https://news.example.org/v</a>'),
    ],
)  # fmt: skip
def test_sanitise_makes_links_complete(written: str, clean: str) -> None:
    assert sanitise(written, BASE) == clean


def test_sanitise_without_a_base_drops_relative_links() -> None:
    assert sanitise("<a href=/x>a</a> <a href=http://e.example/>b</a>", "") == (
        '<a>a</a> <a href="http://e.example/">b</a>'
    )


def test_sanitise_keeps_white_space_of_code() -> None:
    assert sanitise("<pre><code>a\n  b &lt; c</code></pre>", BASE) == (
        "<pre><code>a\n  b &lt; c</code></pre>"
    )


@settings(deadline=None)
@given(html_soup)
def test_sanitise_raises_only_value_error_and_is_idempotent(html: str) -> None:
    try:
        clean = sanitise(html, BASE)
    except ValueError as error:
        if "nested" not in str(error):
            raise
        return

    assert FORBIDDEN.search(clean) is None
    assert re.search(r"<(script|style|iframe|object|svg|math|form|!--)", clean) is None
    assert sanitise(clean, BASE) == clean


@pytest.mark.parametrize("tag", ["<div>", "<b>", "<table>", "<ul><li>", "<x-y>"])
def test_sanitise_refuses_what_is_nested_too_deep(tag: str) -> None:
    with pytest.raises(ValueError, match="the HTML is nested more than 250 levels deep"):
        sanitise(tag * 100_000 + "x", BASE)
