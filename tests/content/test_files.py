from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from publisher.content.files import read_manuscript
from publisher.content.manuscript import Manuscript
from publisher.model import Person

JUNE_7 = datetime(2024, 6, 6, 16, tzinfo=UTC)
SAVED = """Home Search

Contact
The Ferry Is Late Again — Nobody Knows Why
{byline}
The 6:40 boat left at <seven>.

By the time it docked on June 7, 2024, the market had closed.
Passengers shrugged & went home.
Editor: Carla Diaz
"""
BODY = (
    "<p>The 6:40 boat left at &lt;seven&gt;.</p>\n"
    "<p>By the time it docked on June 7, 2024, the market had closed.</p>\n"
    "<p>Passengers shrugged &amp; went home.</p>"
)


def read(text: str, zone: ZoneInfo) -> Manuscript:
    return read_manuscript(".txt", text.encode(), zone)


@pytest.mark.parametrize(
    "date",
    [
        "2024-06-07",
        "2024/06/07",
        "June 7, 2024",
        "7 June 2024",
        "2024-06-07 00:00",
        "2024-06-06T16:00Z",
    ],
)
@pytest.mark.parametrize("spacing", [1, 2], ids=["dense", "blank-lines"])
def test_saved_page_becomes_an_article(date: str, spacing: int, zone: ZoneInfo) -> None:
    text = SAVED.format(byline=f"By Ann Lee Source: Updated: {date}")

    assert read("\n" * spacing + text.replace("\n", "\n" * spacing), zone) == Manuscript(
        html=BODY,
        title="The Ferry Is Late Again — Nobody Knows Why",
        authors=(Person(name="Ann Lee"),),
        contributors=(Person(name="Carla Diaz"),),
        published=JUNE_7,
    )


@pytest.mark.parametrize(
    ("names", "authors"),
    [
        ("Ann Lee", ["Ann Lee"]),
        ("Ann Lee and Bo Chen", ["Ann Lee", "Bo Chen"]),
        ("Ann Lee, Bo Chen", ["Ann Lee", "Bo Chen"]),
        ("Ann Lee, Bo Chen, and Sandy Anders", ["Ann Lee", "Bo Chen", "Sandy Anders"]),
        ("Ann Lee & Bo Chen", ["Ann Lee", "Bo Chen"]),
        ("", []),
    ],
)
def test_byline_names_several_authors(names: str, authors: list[str], zone: ZoneInfo) -> None:
    text = SAVED.format(byline=f"By {names} Source: Updated: 2024-06-07")

    assert [person.name for person in read(text, zone).authors] == authors


@pytest.mark.parametrize(
    "byline",
    [
        "By Ann Lee Source: City Wire Updated: 2024-06-07",
        "By Ann Lee | Updated: June 7, 2024 | Source: City Wire",
        "BY Ann Lee  Source\uff1aCity Wire  Published\uff1a7 June 2024",
    ],
)
def test_source_of_a_saved_page_is_a_contributor(byline: str, zone: ZoneInfo) -> None:
    manuscript = read(SAVED.format(byline=byline), zone)

    assert (manuscript.contributors, manuscript.published, manuscript.html) == (
        (Person(name="Carla Diaz"), Person(name="City Wire")),
        JUNE_7,
        BODY,
    )


def test_saved_page_with_two_dates_was_updated(zone: ZoneInfo) -> None:
    text = SAVED.format(byline="By Ann Lee Published: 2024-06-07 Updated: 2024-06-08")

    manuscript = read(text, zone)

    assert (manuscript.published, manuscript.updated) == (
        JUNE_7,
        datetime(2024, 6, 7, 16, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("line", "editors"),
    [
        ("Editor: Carla Diaz", ["Carla Diaz"]),
        ("Editors: Carla Diaz, Li Na", ["Carla Diaz", "Li Na"]),
        ("(Editor: Carla Diaz)", ["Carla Diaz"]),
        ("Edited by Carla Diaz", ["Carla Diaz"]),
        ("Edited by: Carla Diaz", ["Carla Diaz"]),
        ("Editor: Carla Diaz\nRelated\nCopyright Ferry Post", ["Carla Diaz"]),
    ],
)
def test_editor_is_a_contributor_and_the_foot_goes(
    line: str, editors: list[str], zone: ZoneInfo
) -> None:
    text = SAVED.format(byline="By Ann Lee Updated: 2024-06-07")

    manuscript = read(text.replace("Editor: Carla Diaz", line), zone)

    assert ([p.name for p in manuscript.contributors], manuscript.html) == (editors, BODY)


@pytest.mark.parametrize(
    "sentence",
    ["Edited by hand, the film took years.", "Editor: " + "a word too many " * 10],
)
def test_a_sentence_is_no_editor(sentence: str, zone: ZoneInfo) -> None:
    text = SAVED.format(byline="By Ann Lee Updated: 2024-06-07")

    manuscript = read(text.replace("Editor: Carla Diaz", sentence), zone)

    assert (manuscript.contributors, manuscript.html) == ((), f"{BODY}\n<p>{sentence.strip()}</p>")


@pytest.mark.parametrize(
    "line",
    [
        "By Ann Lee",
        "By noon on June 7, 2024 the ferry was late.",
        "By the source: a spring, clear and cold.",
        "Updated: 2024-06-07",
    ],
)
def test_text_without_a_byline_is_plain_text(line: str, zone: ZoneInfo) -> None:
    assert read(f"The Ferry\n\n{line}\n\nIt was late.\n", zone) == Manuscript(
        title="The Ferry", html=f"<p>{line}</p>\n<p>It was late.</p>"
    )


def test_byline_below_prose_is_part_of_the_text(zone: ZoneInfo) -> None:
    prose = "It was late. " * 40
    byline = "By Ann Lee Source: Updated: 2024-06-07"

    manuscript = read(f"The Ferry\n\n{prose}\n\n{byline}\n\nMore.", zone)

    assert (manuscript.title, manuscript.authors) == ("The Ferry", ())


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>"),
        ("one\ntwo", "<p>one</p>\n<p>two</p>"),
        ("\r\n\r\n<b>\r\n \r\n&", "<p>&lt;b&gt;</p>\n<p>&amp;</p>"),
    ],
)
def test_plain_text_is_a_title_and_paragraphs(body: str, html: str, zone: ZoneInfo) -> None:
    assert read(f"Title\n{body}", zone) == Manuscript(title="Title", html=html)


@pytest.mark.parametrize(
    ("suffix", "data", "sentence"),
    [
        (".md", b"", "the file is empty"),
        (".txt", b" \r\n\n", "the file is empty"),
        (".md", b"Text.", 'there is no title; write a "title" or begin with a heading'),
        (".html", b"<p>Text.", 'there is no title; write a "title" or begin with a heading'),
        (".txt", b"Title\n\n", "there is a title and nothing below it"),
        (".txt", b"a " * 400 + b"\nx", "the title would be 799 characters long, at most 300 are"
         " allowed; write it on a line of its own"),
        (".txt", b"Nav\nTitle\nBy A Source: Updated: someday\nText", 'byline: "Updated:" is'
         ' "someday", which is no date; write 2026-11-23 or 2026-11-23 07:30'),
    ],
)  # fmt: skip
def test_read_manuscript_refuses_with_a_sentence(
    suffix: str, data: bytes, sentence: str, zone: ZoneInfo
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the whole sentence is compared
        read_manuscript(suffix, data, zone)

    assert str(caught.value) == sentence


def test_article_with_a_page_elsewhere_needs_no_body(zone: ZoneInfo) -> None:
    data = b"---\ntitle: T\nurl: https://example.org/t\n---\n"

    assert read_manuscript(".md", data, zone).html == ""


def test_draft_needs_no_title(zone: ZoneInfo) -> None:
    assert read_manuscript(".md", b"---\ndraft: true\n---\n", zone).is_draft
