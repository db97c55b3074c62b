from __future__ import annotations

import pytest

from publisher.content.feeds.hubs import find_hub
from publisher.content.feeds.parsed import ParsedFeed

URL = "https://example.org/feed"
HUB = "https://hub.example.org/"
SILENT = ParsedFeed(entries=())
NAMING = ParsedFeed(entries=(), hub="https://other.example.org/", self_url="https://example.org/me")


@pytest.mark.parametrize(
    ("header", "topic"),
    [
        (f"<{HUB}>; rel=hub", URL),
        (f"<{HUB}>; rel=hub, <https://second.example.org/>; rel=hub", URL),
        (f'<{HUB}>; rel="hub", </topic>; rel="self"', "https://example.org/topic"),
        (f'</a>; rel=next, <{HUB}> ; title="a, <b>"; REL = "x HUB"; rel=self,<t>;rel=self',
         "https://example.org/t"),
    ],
)  # fmt: skip
def test_headers_name_the_hub(header: str, topic: str) -> None:
    assert find_hub(header, SILENT, URL) == (HUB, topic)


def test_headers_count_before_the_feed() -> None:
    assert find_hub(f"<{HUB}>; rel=hub", NAMING, URL) == (HUB, "https://example.org/me")
    assert find_hub("</topic>; rel=self", NAMING, URL) == (
        "https://other.example.org/",
        "https://example.org/topic",
    )
    assert find_hub("", NAMING, URL) == ("https://other.example.org/", "https://example.org/me")


@pytest.mark.parametrize(
    "header", ["", "rubbish", "<javascript:x>; rel=hub", "<https://[>; rel=hub", "</a>; rel=self"]
)
def test_no_hub_is_none(header: str) -> None:
    assert find_hub(header, SILENT, URL) is None


@pytest.mark.timeout(20)
def test_time_does_not_grow_with_the_square() -> None:
    assert find_hub("<a>;x" + " " * 200_000 + "<", SILENT, URL) is None
