from __future__ import annotations

import re

import pytest

from publisher.content.mailable import Link, Picture, Words, mailable, picture
from publisher.content.sanitise import sanitise

WORDS = Words(video="Watch", audio="Listen")
BASE = "https://news.example.org/a"


def made(html: str, width: int = 520) -> str:
    """Make it of what ingest lets through, as it will be."""
    return mailable(sanitise(html, BASE), width=width, words=WORDS)[0]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            '<video poster="/p.jpg"><source src="/v.mp4"><a href="#x">no</a></video>',
            '<p class="away"><a href="https://news.example.org/v.mp4">Watch</a></p>',
        ),
        (
            '<p>Hear <audio src="/a.mp3"></audio> it</p>',
            '<p>Hear <span><a href="https://news.example.org/a.mp3">Listen</a></span> it</p>',
        ),
        (
            '<iframe src="https://v.example.org/1" title="The talk"></iframe>',
            '<a href="https://v.example.org/1">The talk</a>',
        ),
        ("<form><p>Your name</p><input></form><svg><text>x</text></svg>", "<p>Your name</p>"),
        ("<article><section><p>x</p></section></article>", "<div><div><p>x</p></div></div>"),
        (
            "<details><summary>More <em>here</em></summary><p>x</p></details>",
            "<div><p><strong>More <em>here</em></strong></p><p>x</p></div>",
        ),
        (
            '<p id="n">A <a href="#n">note</a>, <a href="tel:+49">a call</a></p>',
            "<p>A note, a call</p>",
        ),
    ],
)
def test_what_mail_programs_cannot_show_is_replaced(html: str, expected: str) -> None:
    assert made(html) == expected


def test_what_was_never_sanitised_cannot_do_harm_either() -> None:
    hostile = '<p onclick="x()" style="position:fixed" class="footer">a</p><script>x</script>'

    html, _ = mailable(hostile, width=520, words=WORDS)

    assert html == "<p>a</p>"


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('width="1040" height="585"', 'width="520" height="292" class="large"'),
        ('width="400px" height="100"', 'width="400" height="100" class="large"'),
        ('width="20" height="20"', 'width="20" height="20"'),
        ('width="100%" srcset="b.png 2x" sizes="50vw"', 'width="520" class="large"'),
        ("", 'width="520" class="large"'),
    ],
)
def test_picture_has_a_width_that_outlook_keeps_to_and_an_alt(
    attributes: str, expected: str
) -> None:
    html = made(f'<picture><source srcset="c.webp"><img src="/b.png" {attributes}></picture>')

    has = dict(re.findall(r'([\w-]+)="([^"]*)"', html))
    assert html.startswith("<img ")
    assert has == {
        "src": "https://news.example.org/b.png",
        "alt": "",
        **dict(re.findall(r'(\w+)="([^"]*)"', expected)),
    }


@pytest.mark.parametrize(
    ("levels", "expected"),
    [([1, 2], [3, 4]), ([2, 3, 2], [3, 4, 3]), ([3, 5], [3, 4]), ([4, 2], [3, 3]), ([6], [3])],
)
def test_headings_go_below_the_title_and_skip_no_level(
    levels: list[int], expected: list[int]
) -> None:
    html = made("".join(f"<h{level}>x</h{level}>" for level in levels))

    assert [int(level) for level in re.findall(r"<h(\d)", html)] == expected


def test_wide_table_stands_in_a_box_that_scrolls() -> None:
    html = made("<table><tr><td>a<table><tr><td>b</td></tr></table></td></tr></table> after")

    assert html.startswith('<div class="wide"><table>')
    assert html.count("<div") == 1
    assert html.endswith("</table></div> after")


def test_links_are_listed_with_their_words_each_once() -> None:
    html = (
        '<p><a href="/one">One <b>thing</b></a> <a href="/one">again</a>'
        ' <a href="/two"><img src="/p.png" alt="A picture"></a></p>'
    )

    links = mailable(sanitise(html, BASE), width=520, words=WORDS)[1]

    assert links == (
        Link("One thing", "https://news.example.org/one"),
        Link("A picture", "https://news.example.org/two"),
    )


def test_picture_that_a_text_shows_is_found_with_what_it_says() -> None:
    html = '<p><img src="https://e.org/p?a=1&amp;b=2" alt=" A crane " width="800" height="600"></p>'

    assert picture(html, "https://e.org/p?a=1&b=2") == Picture(alt="A crane", width=800, height=600)
    assert picture(html, "https://e.org/other") is None
