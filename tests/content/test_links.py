from __future__ import annotations

import re

import pytest

from publisher.content.links import absolute, read_links, site_of

HERE = "https://example.org/news/"
ANY = re.compile("")


def links(body: str, pattern: re.Pattern[str] = ANY, most: int = 100) -> list[str]:
    return read_links(f"<html><body>{body}</body></html>", HERE, pattern, most=most)


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("a", "https://example.org/news/a"),
        ("/a?b=c", "https://example.org/a?b=c"),
        ("//example.com/a", "https://example.com/a"),
        (" a\n b ", "https://example.org/news/a%20b"),
        ("", None),
        ("mailto:ann@example.org", None),
        ("javascript:void(0)", None),
        ("http://[::1", None),
        ("http://", None),
        ("a" * 3000, None),
    ],
)
def test_absolute_gives_web_addresses_only(href: str, url: str | None) -> None:
    assert absolute(href, HERE) == url


def test_links_are_found_once_in_the_order_of_the_page() -> None:
    body = '<a href="b">B</a><a href="a#top">A</a><map><area href="/c"></map><a href="b#x">B</a><a>'

    assert links(body) == [f"{HERE}b", f"{HERE}a", "https://example.org/c"]


def test_links_match_by_their_absolute_address() -> None:
    body = '<a href="/2026/a">A</a><a href="/about">B</a><a href="https://example.com/2026/c">C</a>'

    assert links(body, re.compile(r"^https://example\.org/\d{4}/")) == [
        "https://example.org/2026/a"
    ]


def test_links_are_relative_to_the_base_element() -> None:
    html = '<html><head><base href="/old/"></head><body><a href="a">A</a></body></html>'

    assert read_links(html, HERE, ANY, most=1) == ["https://example.org/old/a"]


def test_page_does_not_link_to_itself() -> None:
    assert links('<a href="#top">Top</a><a href="/news/">News</a>') == []


def test_no_more_links_are_given_than_asked_for() -> None:
    assert links('<a href="a">A</a><a href="b">B</a><a href="c">C</a>', most=2) == [
        f"{HERE}a",
        f"{HERE}b",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a",
        "http://www.example.org",
        "https://EXAMPLE.org.:443/b",
        "http://example.org:80/",
    ],
)
def test_site_is_the_same_for_all_its_addresses(url: str) -> None:
    assert site_of(url) == "example.org"


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://blog.example.org/", "blog.example.org"),
        ("https://example.org:8080/", "example.org:8080"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://example.org:99999/", ""),
        ("http://[::1", ""),
    ],
)
def test_site_differs_by_host_and_port(url: str, site: str) -> None:
    assert site_of(url) == site
