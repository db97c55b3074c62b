"""Where redirects may lead, on hosts and ports that no test can serve from."""

from __future__ import annotations

import pytest

from publisher.fetch.fault import Fault
from publisher.fetch.route import Route


def route(asked: str = "https://news.example/feed") -> Route:
    made = Route(asked, {"X-Api-Key": "secret", "Accept": "*/*"}, 5)
    made.begin()
    return made


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("http://news.example/", "https://news.example/"),
        ("http://news.example:8080/", "https://news.example/"),
        ("http://news.example:8080/", "https://news.example:8080/"),
    ],
)
def test_redirect_leads_to_the_usual_ports_and_the_one_first_asked(asked: str, target: str) -> None:
    way = route(asked)

    way.redirect(302, target)

    assert str(way.url) == target


def test_port_of_a_redirect_is_not_one_first_asked() -> None:
    way = route("http://news.example:8080/")
    way.redirect(302, "http://news.example/")

    with pytest.raises(Fault, match="port 8081 is not one that may be asked"):
        way.redirect(302, "http://news.example:8081/")


def test_redirect_to_less_safety_is_no_move() -> None:
    way = route("https://news.example/a")
    way.redirect(301, "https://news.example/b")

    way.redirect(301, "http://news.example/c")

    assert (str(way.url), way.moved) == ("http://news.example/c", "https://news.example/b")


@pytest.mark.parametrize(
    ("asked", "target", "follows"),
    [
        ("http://news.example/", "https://news.example/", True),
        ("https://news.example/", "http://news.example/", False),
        ("http://news.example/", "https://www.news.example/", False),
        ("http://news.example:8080/", "https://news.example:8080/", False),
        ("https://news.example/", "https://news.example:443/other", True),
    ],
)
def test_secrets_follow_to_the_same_site_only(asked: str, target: str, follows: bool) -> None:
    way = route(asked)

    way.redirect(302, target)

    assert ("x-api-key" in way.headers) == follows
    assert way.headers["accept"] == "*/*"
