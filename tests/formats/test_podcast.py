"""What podcast programs find in RSS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from publisher.formats import podcast
from publisher.model import Address, Article, Enclosure, Format, Podcast
from tests.formats import reading
from tests.formats.reading import NAMESPACES
from tests.formats.samples import PUBLICATION, article, document, feed

SOUND = Enclosure(url="https://e.org/1.mp3", media_type="audio/mpeg", length_bytes=9)
PAPER = Enclosure(url="https://e.org/1.pdf", media_type="application/pdf")
SHOW = Podcast(category="News", owner=Address(mailbox="ana@e.org", name="Ana & Bo"))
PICTURED = replace(PUBLICATION, logo="https://e.org/logo.png")


def channel(*articles: Article, show: Podcast | None = SHOW, **changes: Any) -> Any:
    """Give the channel of a podcast, changed."""
    of = feed(podcast=show, **changes)
    return reading.tree(document(Format.RSS, *articles, of=of, publication=PICTURED))[0]


def told(element: Any, prefix: str) -> list[tuple[str, str | None]]:
    """Give the elements of a namespace, each with its text or its only attribute."""
    return [
        (child.tag.rpartition("}")[2], child.text or next(iter(child.attrib.values()), None))
        for child in element.iterfind(f"{prefix}:*", NAMESPACES)
    ]


def test_show_has_what_directories_ask_for() -> None:
    found = channel()

    assert told(found, "itunes") == [
        ("category", "News"),
        ("explicit", "false"),
        ("author", "Example News"),
        ("owner", None),
        ("image", "https://e.org/logo.png"),
        ("type", "episodic"),
    ]
    [owner] = found.iterfind("itunes:owner", NAMESPACES)
    assert told(owner, "itunes") == [("name", "Ana & Bo"), ("email", "ana@e.org")]


def test_show_for_adults_says_so() -> None:
    found = channel(show=replace(SHOW, is_explicit=True, owner=None))

    assert found.findtext("itunes:explicit", None, NAMESPACES) == "true"
    assert found.find("itunes:owner", NAMESPACES) is None


def test_owner_without_a_name_has_that_of_the_publication() -> None:
    found = channel(show=replace(SHOW, owner=Address(mailbox="ana@e.org")))

    assert found.findtext("itunes:owner/itunes:name", None, NAMESPACES) == "Example News"


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        # The example of the podcast namespace's own documentation.
        ("https://mp3s.nashownotes.com/pc20rss.xml", "917393e3-1b1e-5cef-ace4-edaa54e1f810"),
        ("http://mp3s.nashownotes.com/pc20rss.xml//", "917393e3-1b1e-5cef-ace4-edaa54e1f810"),
    ],
)
def test_identity_is_made_of_the_address_without_its_scheme(url: str, identity: str) -> None:
    assert podcast.identity(url) == identity


def test_show_keeps_its_identity_wherever_it_moves() -> None:
    here = channel()
    moved = channel(slug="radio", formerly=("all", "sounds"))

    expected = [("guid", podcast.identity("https://news.example.org/feeds/all.rss"))]
    expected += [("medium", "podcast")]
    assert [told(each, "podcast") for each in (here, moved)] == [expected, expected]


def test_feed_that_is_no_podcast_has_nothing_of_one() -> None:
    found = channel(show=None)

    assert (told(found, "itunes"), told(found, "podcast")) == ([], [])


def test_episode_has_its_sound_as_the_enclosure_and_its_picture() -> None:
    [item] = channel(article(enclosures=(PAPER, SOUND), image="https://e.org/a.png")).iter("item")

    assert item.find("enclosure").get("url") == "https://e.org/1.mp3"
    assert told(item, "itunes") == [("image", "https://e.org/a.png")]


@pytest.mark.parametrize("files", [(), (PAPER,)])
def test_article_with_nothing_to_play_is_no_episode(files: tuple[Enclosure, ...]) -> None:
    [item] = channel(article(enclosures=files, image="https://e.org/a.png")).iter("item")

    assert told(item, "itunes") == []
