"""What JSON Feed alone says, and how."""

from __future__ import annotations

from typing import Any

from publisher.model import Article, Enclosure, Format, Person
from tests.formats.jsonfeed import json_feed
from tests.formats.samples import FURNISHED, article, document, render


def item(each: Article, **changes: Any) -> dict[str, Any]:
    [told] = json_feed(render(Format.JSON, each, **changes))["items"]
    return dict(told)


def test_feed_starts_with_its_version_and_names_its_addresses() -> None:
    document = json_feed(render(Format.JSON))

    expected = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Everything",
        "home_page_url": "https://news.example.org",
        "feed_url": "https://news.example.org/feeds/all.json",
        "description": "All that we publish",
        "language": "en",
        "authors": [{"name": "Example News", "url": "https://news.example.org"}],
        "items": [],
    }
    assert list(expected.items()) == list(document.items())


def test_feed_shows_the_logo() -> None:
    told = json_feed(document(Format.JSON, publication=FURNISHED))

    assert told["icon"] == "https://news.example.org/logo.png?a=1&b=2"


def test_text_is_utf_8_and_not_escaped() -> None:
    assert "港 🎉".encode() in render(Format.JSON, article(title="港 🎉"))


def test_item_has_everything_known_of_the_article() -> None:
    told = item(
        article(
            authors=(Person(name="Ana", email="a@e.org", url="https://e.org/a"), Person(name="Bo")),
            tags=("labour",),
            language="de",
            image="https://e.org/a.png",
            html='<p><img src="https://e.org/a.png"></p>',
            enclosures=(
                Enclosure(url="https://e.org/1.mp3", media_type="audio/mpeg", length_bytes=9),
                Enclosure(url="https://e.org/2.pdf", media_type="application/pdf"),
            ),
        )
    )

    expected = {
        "id": "tag:news.example.org,2024-06-07:1",
        "url": "https://www.example.org/stories/1",
        "title": "Story 1",
        "content_html": '<p><img src="https://e.org/a.png"></p>',
        "summary": "What story 1 is about.",
        "image": "https://e.org/a.png",
        "date_published": "2024-06-07T08:00:00+00:00",
        "date_modified": "2024-06-07T08:00:00+00:00",
        "authors": [{"name": "Ana", "url": "https://e.org/a"}, {"name": "Bo"}],
        "tags": ["labour"],
        "language": "de",
        "attachments": [
            {"url": "https://e.org/1.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 9},
            {"url": "https://e.org/2.pdf", "mime_type": "application/pdf"},
        ],
    }
    assert expected == told


def test_item_has_no_member_without_a_value() -> None:
    told = item(article())

    absent = {"content_text", "image", "authors", "tags", "language", "attachments"}
    assert absent.isdisjoint(told)


def test_item_of_a_summary_has_it_as_its_text() -> None:
    told = item(article(), full=False)

    assert (told["content_text"], "content_html" in told) == ("What story 1 is about.", False)
