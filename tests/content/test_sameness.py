from __future__ import annotations

import pytest

from publisher.content.sameness import text_key, title_key, url_key

TEXT = "The ferry will leave an hour earlier on weekdays, the harbour office said. " * 3


@pytest.mark.parametrize(
    "spelling",
    [
        "https://example.org/2026/ferry",
        "http://example.org/2026/ferry/",
        "https://www.Example.ORG:443/2026//ferry",
        "http://example.org:80/2026/ferry?utm_source=rss&utm_medium=feed",
        "https://example.org./2026/ferry?fbclid=xyz#comments",
        "https://example.org/2026/ferry?ref=rss",
    ],
)
def test_spellings_of_one_address_have_one_key(spelling: str) -> None:
    assert url_key(spelling) == "example.org/2026/ferry"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/?p=1", "https://example.org/?p=2"),
        ("https://example.org/a", "https://example.org/A"),
        ("https://example.org/a?cid=1", "https://example.org/a?cid=2"),
        ("https://example.org/a?ref=12", "https://example.org/a?ref=13"),
        ("https://example.org/a?id=1&page=2", "https://example.org/a?id=1&page=3"),
        ("https://example.org:8080/a", "https://example.org/a"),
        ("https://de.example.org/a", "https://example.org/a"),
        ("https://example.org/a?q=", "https://example.org/a"),
    ],
)
def test_addresses_of_two_pages_have_two_keys(one: str, other: str) -> None:
    assert url_key(one) != url_key(other)


def test_order_of_parameters_makes_no_difference() -> None:
    assert url_key("https://example.org/a?x=1&y=2") == url_key("https://example.org/a?y=2&x=1")


@pytest.mark.parametrize(
    "url",
    [None, "", "https://example.org/", "http://www.example.org?utm_source=x", "mailto:a@b.c",
     "https://[::1", "https://example.org:99999/a", "ftp://example.org/a"],
)  # fmt: skip
def test_what_names_no_article_has_no_key(url: str | None) -> None:
    assert url_key(url) is None


def test_markup_and_spacing_of_the_same_words_make_no_difference() -> None:
    assert text_key(TEXT) == text_key(TEXT.replace(" ", "\n\n").upper())
    assert title_key("The Ferry") == title_key("the  ferry!")


def test_other_words_have_another_key() -> None:
    assert text_key(TEXT + "Today.") != text_key(TEXT)


def test_short_text_has_no_key() -> None:
    assert text_key("Dry and mild, with a light wind from the west.") is None


def test_scripts_without_letter_case_are_words_too() -> None:
    assert text_key("港务处表示平日渡轮将提前一小时开船。" * 10) is not None
    assert title_key("渡轮 \N{FULLWIDTH COMMA}提前") == "渡轮提前"
