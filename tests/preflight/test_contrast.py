"""Colours read as browsers read them, and the contrast of text on its ground."""

from __future__ import annotations

import pytest

from publisher.content import colours
from tests.preflight.sample import broken, swap


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#Abc", "#aabbcc"),
        ("#abcf", "#aabbcc"),
        ("#AABBCC", "#aabbcc"),
        ("rgb(170, 187, 204)", "#aabbcc"),
        ("rgb(170 187 204 / 50%)", "#aabbcc"),
        ("rgba(100%,0%,0%,1)", "#ff0000"),
        ("hsl(120deg 100% 25%)", "#008000"),
        ("White", "#ffffff"),
        ("", None),
        ("currentcolor", None),
        ("rgb(1, 2)", None),
        ("rgb(a, b, c)", None),
        ("#12345", None),
    ],
)
def test_colour_is_read(text: str, expected: str | None) -> None:
    found = colours.read(text)

    assert expected == (str(found) if found else None)


def test_contrast_is_that_of_wcag() -> None:
    black, white, grey = (colours.read(text) for text in ("#000", "#fff", "#767676"))
    assert black
    assert white
    assert grey

    assert 21 == pytest.approx(colours.contrast(black, white))
    assert 4.54 == pytest.approx(colours.contrast(white, grey), abs=0.005)


@pytest.mark.parametrize(
    ("html", "ratio"),
    [
        ('<p style="color: #999">x</p>', "2.8"),
        ('<div style="color: #999"><p><b>x</b></p></div>', "2.8"),
        ('<p style="color:#000;background:#333 none">x</p>', "1.7"),
        ('<table bgcolor="#333"><tr><td style="color: #000">x</td></tr></table>', "1.7"),
        ('<p style="background-color:#333"><span style="color:#fff">ok</span>x</p>', "1.4"),
        ('<p style="color: rgba(0, 0, 0, 0.4)">x</p>', "2.8"),
        (
            '<p style="color: #fff"><a href="https://a.example.org" style="color: inherit">x</a>',
            "1",
        ),
        ('<p style="font-size: 24px; color: #999">x</p>', "2.8"),
        ('<font color="#999">x</font>', "2.8"),
    ],
)
def test_text_that_cannot_be_read_is_warned_of(html: str, ratio: str) -> None:
    findings = broken(html=swap("</body>", f'<div style="background:#fff">{html}</div></body>'))

    assert ["contrast"] == [one.rule for one in findings if one.rule != "text"]
    assert f"has a contrast of {ratio}" in findings[-1].words


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color: #767676">x</p>',
        '<p style="font-size: 24px; color: #949494">x</p>',
        '<h3 style="color: #949494">x</h3>',
        '<p style="font-size: 14pt; font-weight: 700; color: #949494">x</p>',
        '<p style="color: #fff; display: none">x</p>',
        '<p style="color: #fff; background: url(https://a.example.org/a.png)">x</p>',
        '<p style="color: #fff; background: linear-gradient(#000, #333)">x</p>',
        '<p style="color: var(--ink)">x</p>',
        "<style>p { color: #fff }</style>",
    ],
)
def test_text_that_can_be_read_or_not_be_judged_is_let_be(html: str) -> None:
    assert [] == broken(html=swap("</body>", f'<div style="background:#fff">{html}</div></body>'))
