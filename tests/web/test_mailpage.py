"""Mails of every make are cut where a page around them adds something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.web.mailpage import MailPage

TAGS = ["<body>", "</body>", "<head>", "</head>", "<body ", ">", "<!--", "-->", '"', "x"]
OUTLOOK = '<!--[if mso]><body class="mso"></head></body><![endif]-->'


def pieces(html: str) -> list[str]:
    mail = MailPage.cut(html, "en", "ltr")
    return [str(piece) for piece in (mail.head, mail.start, mail.body, mail.end)]


@pytest.mark.parametrize(
    "expected",
    [
        ["<html><head><title>T</title>", "</head><body>", "<p>", "</body></html>"],
        ["<HTML><HEAD>", "</HEAD >\n<BODY style=\"a>b\" x='>'>", "<p>", "</BODY\n></HTML>"],
        ["<head>", f"</head>{OUTLOOK}<body>", f"<p>{OUTLOOK}</p>", f"</body>{OUTLOOK}"],
        [f"<head>{OUTLOOK}", "</head><body class=c>", "<bodyguard>", "</body>"],
        ["<head>", "</head><body>", "<p>never closed", ""],
        ["<head>", "</head><body>", "one", "</body>two</body>"],
    ],
)
def test_tags_are_found_where_browsers_find_them(expected: list[str]) -> None:
    assert pieces("".join(expected)) == expected


@pytest.mark.parametrize(
    ("head", "has_title"),
    [("<title>T</title>", True), ("<TITLE >T", True), ("<!-- <title> --><titles>", False)],
)
def test_title_of_the_mail_is_noticed(head: str, has_title: bool) -> None:
    mail = MailPage.cut(f"<head>{head}</head><body></body>", "en", "ltr")

    assert mail.has_title is has_title


@pytest.mark.parametrize("html", ["<p>Hello", "", "<body><p>Hello", "<head></head>Hello"])
def test_what_is_no_document_becomes_one(html: str) -> None:
    head, start, body, end = pieces(html)

    assert (body, end) == (html, "</body></html>")
    assert head.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr">\n<head>')
    assert start.endswith("<body>")


@given(st.lists(st.sampled_from(TAGS)).map("".join))
def test_no_byte_of_a_mail_is_lost(html: str) -> None:
    assert html in "".join(pieces(html))
