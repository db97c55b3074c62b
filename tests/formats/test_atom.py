"""What Atom alone says, and how."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from publisher.model import Article, Enclosure, Format, Person
from tests.formats import reading
from tests.formats.reading import NAMESPACES
from tests.formats.samples import FURNISHED, PUBLICATION, article, document, render

LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def atom(*articles: Article) -> Any:
    return reading.tree(render(Format.ATOM, *articles))


def names(element: Any) -> list[str]:
    return [child.tag.rpartition("}")[2] for child in element]


def test_feed_has_one_of_each_required_element_and_an_author() -> None:
    told = names(atom())

    assert told == ["id", "title", "updated", "author", "link", "link", "generator", "subtitle"]


def test_feed_has_rights_and_a_logo() -> None:
    tree = reading.tree(document(Format.ATOM, publication=FURNISHED))

    told = {name: tree.findtext(f"a:{name}", None, NAMESPACES) for name in ("rights", "logo")}

    assert told == {
        "rights": "© 2024 Example & Co",
        "logo": "https://news.example.org/logo.png?a=1&b=2",
    }
    assert tree.findtext("a:icon", None, NAMESPACES) == told["logo"]


def test_feed_has_one_page_for_people() -> None:
    """Two alternates of a type would be invalid (RFC 4287 §4.1.1)."""
    links = atom().iterfind("a:link", NAMESPACES)

    pages = [link.get("href") for link in links if link.get("rel") == "alternate"]

    assert pages == ["https://news.example.org"]


def test_feed_keeps_its_id_when_it_moves() -> None:
    tree = reading.tree(render(Format.ATOM, slug="news", formerly=("all", "everything")))

    told = tree.findtext("a:id", None, NAMESPACES)

    assert told == "https://news.example.org/feeds/all.atom"


def test_feed_keeps_its_id_wherever_it_is_fetched() -> None:
    ids = {
        reading.tree(document(Format.ATOM, self_url=url)).findtext("a:id", None, NAMESPACES)
        for url in ("https://news.example.org/feeds/all.atom", "http://localhost:8000/a")
    }

    assert ids == {"https://news.example.org/feeds/all.atom"}


def test_publication_is_the_author_even_without_a_title() -> None:
    """A feed without an author is valid only while each of its entries has one."""
    nameless = replace(PUBLICATION, title=" ")

    body = document(Format.ATOM, publication=nameless)

    name = reading.tree(body).findtext("a:author/a:name", None, NAMESPACES)
    assert name == "https://news.example.org"


def test_enclosure_is_no_second_alternate() -> None:
    """feedgen drops rel, type and length of an entry's links."""
    files = (
        Enclosure(url="https://e.org/1.mp3", media_type="audio/mpeg", length_bytes=9),
        Enclosure(url="https://e.org/2.pdf", media_type="application/pdf"),
    )

    links = atom(article(enclosures=files)).iterfind("a:entry/a:link", NAMESPACES)

    expected = [
        {"href": "https://www.example.org/stories/1", "rel": "alternate"},
        {"href": "https://e.org/1.mp3", "rel": "enclosure", "type": "audio/mpeg", "length": "9"},
        {"href": "https://e.org/2.pdf", "rel": "enclosure", "type": "application/pdf"},
    ]
    assert expected == [dict(link.attrib) for link in links]


@pytest.mark.parametrize("kind", ["author", "contributor"])
def test_person_has_what_is_known_and_valid(kind: str) -> None:
    people = (
        Person(name="Ana", email="ana@example.org", url="https://example.org/ana"),
        Person(name="Bo", email="no address"),
    )
    changes: dict[str, Any] = {f"{kind}s": people}

    tree = atom(article(**changes))

    told = [
        [child.text for child in person]
        for person in tree.iterfind(f"a:entry/a:{kind}", NAMESPACES)
    ]
    assert told == [["Ana", "ana@example.org", "https://example.org/ana"], ["Bo"]]


def test_entry_in_another_language_says_so() -> None:
    tree = atom(article(language="ar"), article(2))

    told = [entry.get(LANGUAGE) for entry in tree.iterfind("a:entry", NAMESPACES)]

    assert (tree.get(LANGUAGE), told) == ("en", ["ar", None])


def test_texts_have_the_types_that_readers_get_right() -> None:
    [entry] = atom(article()).iterfind("a:entry", NAMESPACES)

    told = {
        name: entry.find(f"a:{name}", NAMESPACES).get("type")
        for name in ("title", "summary", "content")
    }

    assert told == {"title": None, "summary": "text", "content": "html"}


def test_entry_of_a_summary_has_no_content_but_a_page() -> None:
    [entry] = reading.tree(render(Format.ATOM, article(), full=False)).iterfind(
        "a:entry", NAMESPACES
    )

    assert names(entry) == ["id", "title", "updated", "link", "summary", "published"]


def test_image_is_told_as_media() -> None:
    tree = atom(article(image="https://e.org/a.png"))

    media = [dict(each.attrib) for each in tree.iterfind("a:entry/media:*", NAMESPACES)]

    assert media == [
        {"url": "https://e.org/a.png", "medium": "image"},
        {"url": "https://e.org/a.png"},  # media:thumbnail
    ]
