"""Parts of documents: cut out of the bytes, and documents of their format all the same."""

from __future__ import annotations

import json

import pytest
from lxml import etree  # type: ignore[import-untyped]

from publisher import formats
from publisher.formats.channel import describe, describe_article
from publisher.formats.delta import without
from publisher.model import FeedDocument, Format
from publisher.publish.documents import pack
from tests.formats import samples

IDS = {
    Format.RSS: "//item/guid/text()",
    Format.ATOM: "//*[local-name()='entry']/*[local-name()='id']/text()",
}


def made(format: Format, *numbers: int) -> FeedDocument:
    feed = samples.feed()
    channel = describe(
        feed,
        publication=samples.PUBLICATION,
        self_url="https://news.example.org/feeds/all.atom",
        updated=samples.NOON,
    )
    fragments = [
        formats.fragment(
            format,
            describe_article(feed, samples.article(number), publication=samples.PUBLICATION),
        )
        for number in numbers
    ]
    return pack(feed, format, channel, fragments, samples.NOON)


def marks(document: FeedDocument) -> set[str]:
    return {span.mark for span in document.spans}


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize(
    ("known", "left"),
    [
        ([], [5, 4, 3, 2]),
        ([2], [5, 4, 3]),
        ([5], [4, 3, 2]),
        ([4, 2], [5, 3]),
        ([4, 3, 2], [5]),
        ([5, 4, 3, 2], []),
        ([1], [5, 4, 3, 2]),
    ],
)
def test_a_part_is_the_document_that_would_be_made_of_what_is_left(
    format: Format, known: list[int], left: list[int]
) -> None:
    document = made(format, 5, 4, 3, 2)

    part = without(document.body, document.spans, marks(made(format, *known)))

    assert part == made(format, *left).body


@pytest.mark.parametrize("format", [Format.RSS, Format.ATOM])
def test_a_part_without_entries_is_xml(format: Format) -> None:
    document = made(format, 2, 1)

    part = without(document.body, document.spans, marks(document))

    assert etree.fromstring(part).xpath(IDS[format]) == []


def test_a_part_without_entries_is_json() -> None:
    document = made(Format.JSON, 2, 1)

    part = without(document.body, document.spans, marks(document))

    assert json.loads(part)["items"] == []


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize("numbers", [(), (1,)])
def test_of_none_or_one_nothing_is_lost(format: Format, numbers: tuple[int, ...]) -> None:
    document = made(format, *numbers)

    whole = without(document.body, document.spans, {"other"})
    empty = without(document.body, document.spans, marks(document))

    assert (whole, empty) == (document.body, made(format).body)
