"""What every format owes, for each module found in the package that is one."""

from __future__ import annotations

import pkgutil
import re
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from publisher import formats
from publisher.formats.channel import describe, describe_article
from publisher.model import Enclosure, Format, Person
from tests.formats import reading
from tests.formats.samples import (
    EVENING,
    MORNING,
    NOON,
    PUBLICATION,
    article,
    document,
    feed,
    render,
)

XML = [Format.RSS, Format.ATOM]
MODULES = {
    module.MEDIA_TYPE
    for found in pkgutil.iter_modules(formats.__path__)
    if hasattr(module := import_module(f"publisher.formats.{found.name}"), "fragment")
}
ILLUSTRATED = article(
    authors=(Person(name="Ana", email="ana@example.org", url="https://www.example.org/ana"),),
    tags=("labour", "R&D", "labour"),
    section="Port",
    image="https://www.example.org/crane.jpg?w=1&h=2",
    enclosures=(
        Enclosure(url="https://www.example.org/1.mp3", media_type="audio/mpeg", length_bytes=9),
        Enclosure(url="https://www.example.org/1.pdf", media_type="application/pdf"),
    ),
)


def test_each_format_module_is_found_by_its_format() -> None:
    found = {formats.media_type(format) for format in Format}

    assert found == MODULES


def test_feed_stands_at_its_slug_with_the_format_as_ending() -> None:
    paths = [formats.path(feed(), format) for format in Format]

    assert paths == ["/feeds/all.rss", "/feeds/all.atom", "/feeds/all.json"]


@pytest.mark.parametrize("format", Format)
def test_articles_read_back_in_the_order_given(format: Format) -> None:
    second = article(2, published=MORNING - timedelta(days=1))

    read = reading.items(format, render(format, ILLUSTRATED, second))

    assert [
        reading.Item(
            id="tag:news.example.org,2024-06-07:1",
            title="Story 1",
            link="https://www.example.org/stories/1",
            published=MORNING,
            authors=["Ana"],
            categories=["Port", "labour", "R&D"],
            enclosures=["https://www.example.org/1.mp3", "https://www.example.org/1.pdf"],
        ),
        reading.Item(
            id="tag:news.example.org,2024-06-07:2",
            title="Story 2",
            link="https://www.example.org/stories/2",
            published=MORNING - timedelta(days=1),
            authors=[],
            categories=[],
            enclosures=[],
        ),
    ] == read


@pytest.mark.parametrize("format", Format)
def test_feed_without_articles_is_a_feed(format: Format) -> None:
    assert reading.items(format, render(format)) == []


@pytest.mark.parametrize("format", Format)
def test_undated_article_has_the_date_of_first_sight(format: Format) -> None:
    """Some readers take their own present for a missing date, again at each visit."""
    [item] = reading.items(format, render(format, article(published=None)))

    assert item.published == NOON


@pytest.mark.parametrize("format", Format)
def test_article_without_a_page_links_to_its_page_here(format: Format) -> None:
    [item] = reading.items(format, render(format, article(url=None)))

    assert item.link == "https://news.example.org/articles/story-1"


@pytest.mark.parametrize("format", Format)
def test_feed_of_summaries_tells_no_whole_text(format: Format) -> None:
    body = render(format, ILLUSTRATED, full=False).decode()

    assert ("What story 1 is about." in body, "The whole of" in body) == (True, False)


@pytest.mark.parametrize("format", Format)
def test_image_is_shown_in_the_text_where_it_was_not(format: Format) -> None:
    shown = article(image="https://e.org/a?b=1&c=2", html='<img src="https://e.org/a?b=1&amp;c=2">')

    counts = [
        render(format, each).decode().replace("&lt;", "<").count("<img")
        for each in (ILLUSTRATED, shown, article())
    ]

    assert counts == [1, 1, 0]


@pytest.mark.parametrize("format", Format)
def test_every_address_is_absolute(format: Format) -> None:
    body = render(format, ILLUSTRATED).decode().replace("&lt;", "<").replace('\\"', '"')

    addresses = re.findall(r'(?:href|src|url"?)[=:]"([^"]*)"', body)

    assert len(addresses) > 4
    assert [address for address in addresses if not address.startswith("https://")] == []


@pytest.mark.parametrize("format", [Format.ATOM, Format.JSON])
@pytest.mark.parametrize(
    ("changes", "updated"),
    [
        pytest.param({}, MORNING, id="meeting an article is no edit"),
        pytest.param({"changed": EVENING}, EVENING, id="a change after that is one"),
        pytest.param({"updated": NOON}, NOON, id="the source's word counts"),
        pytest.param({"updated": EVENING}, NOON, id="but not on what is to come"),
        pytest.param(
            {"updated": MORNING - timedelta(days=1)}, MORNING, id="nor before publication"
        ),
        pytest.param(
            {"published": EVENING, "first_seen": MORNING}, EVENING, id="as a change is not either"
        ),
    ],
)
def test_updated_moves_with_edits_only(
    format: Format, changes: dict[str, Any], updated: object
) -> None:
    assert updated == reading.edited(format, render(format, article(**changes)))


@pytest.mark.parametrize("format", Format)
def test_document_names_the_address_where_it_is_fetched(format: Format) -> None:
    body = document(format, self_url="https://mirror.example.net/x?a=1&b=2")

    own = reading.self_urls(format, body)

    assert own == ["https://mirror.example.net/x?a=1&b=2"]


@pytest.mark.parametrize("format", XML)
def test_stylesheet_for_browsers_stands_right_behind_the_declaration(format: Format) -> None:
    declaration, rest = document(format).split(b"\n", 1)

    assert declaration == b"<?xml version='1.0' encoding='UTF-8'?>"
    assert rest.startswith(
        b'<?xml-stylesheet type="text/css" href="https://news.example.org/feeds.css"?><'
    )


@pytest.mark.parametrize("format", XML)
def test_fragment_fits_into_every_document_of_its_format(format: Format) -> None:
    """What it needs of namespaces is declared around it, even where nothing else needs it."""
    entry = describe_article(feed(), ILLUSTRATED, publication=PUBLICATION)

    fragment = formats.fragment(format, entry)

    declared = reading.tree(document(format)).nsmap
    used = {prefix.decode() for prefix in re.findall(rb"</?(\w+):", fragment)}
    assert b"xmlns" not in fragment
    assert {"media"} <= used <= set(declared)
    assert fragment in document(format, ILLUSTRATED)
    channel = describe(feed(), publication=PUBLICATION, self_url="https://e.org/a", updated=NOON)
    assert len(reading.items(format, formats.frame(format, channel).around([fragment] * 2))) == 2


@pytest.mark.parametrize("format", Format)
def test_first_of_several_files_is_one_to_play(format: Format) -> None:
    names = [("a.pdf", "application/pdf"), ("b.mp4", "video/mp4"), ("c.mp3", "audio/mpeg")]
    files = [Enclosure(url=f"https://e.org/{name}", media_type=kind) for name, kind in names]

    [item] = reading.items(format, render(format, article(enclosures=tuple(files))))

    assert item.enclosures == [f"https://e.org/{name}" for name in ("b.mp4", "c.mp3", "a.pdf")]
