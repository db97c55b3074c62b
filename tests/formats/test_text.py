"""The second wall: whatever stands in an article, its feeds can be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.formats.channel import Entry, describe_article
from publisher.model import Enclosure, Format, Person
from tests.formats import reading
from tests.formats.samples import HARD_TITLES, PUBLICATION, article, feed, render

# How long an example takes says how busy the machine is, not what the code does.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("title", HARD_TITLES)
@pytest.mark.parametrize("format", Format)
def test_hard_title_is_read_back_as_it_was(format: Format, title: str) -> None:
    [item] = reading.items(format, render(format, article(title=title)))

    assert title == item.title


@pytest.mark.parametrize(
    ("summary", "text", "title"),
    [
        ("A summary.", "A text.", "A summary."),
        ("", "A text.", "A text."),
        ("", "worker " * 40, "worker " * 10 + "worker…"),
        ("", "港" * 200, "港" * 80 + "…"),
        ("", "", "story-1"),
    ],
)
@pytest.mark.parametrize("format", Format)
def test_empty_title_is_made_of_the_first_words(
    format: Format, summary: str, text: str, title: str
) -> None:
    [item] = reading.items(format, render(format, article(title=" ", summary=summary, text=text)))

    assert title == item.title


@pytest.mark.parametrize("format", Format)
def test_person_without_a_name_is_left_out(format: Format) -> None:
    nobody = article(authors=(Person(name=" ", email="a@example.org"), Person(name="Bo")))

    [item] = reading.items(format, render(format, nobody))

    assert item.authors == ["Bo"]


@pytest.mark.parametrize("format", Format)
def test_identity_has_no_white_space_around(format: Format) -> None:
    [item] = reading.items(format, render(format, article(uri=" tag:e.org,2024:1\n")))

    assert item.id == "tag:e.org,2024:1"


@pytest.mark.parametrize("format", Format)
def test_space_and_markup_in_an_address_are_encoded(format: Format) -> None:
    [item] = reading.items(format, render(format, article(url=' https://e.org/a b?q="<ü>" ')))

    assert item.link == "https://e.org/a%20b?q=%22%3Cü%3E%22"


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize(
    "forbidden", ["\x00", "\x0b", "\x1f", "\x85", "\ud800", "\ufffe", "\uffff"]
)
def test_character_that_xml_forbids_costs_only_itself(format: Format, forbidden: str) -> None:
    word = f"Do{forbidden}ck"
    bad = article(
        title=word,
        summary=word,
        html=f"<p>{word}</p>",
        url=f"https://e.org/{word}",
        uri=f"tag:{word}",
        tags=(word,),
        authors=(Person(name=word, email=f"{word}@e.org", url=f"https://e.org/{word}"),),
        enclosures=(Enclosure(url=f"https://e.org/{word}", media_type=word),),
        image=f"https://e.org/{word}",
        language=f"d{forbidden}e",
    )

    first, second = reading.items(format, render(format, bad, article(2), title=word))

    assert (first.title, second.title) == ("Dock", "Story 2")


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize(
    "address", ["some/page", "//e.org/a", "javascript:alert(1)", "https://[a/b"]
)
def test_address_that_is_none_on_the_web_is_left_out(format: Format, address: str) -> None:
    """A relative one would lead each reader somewhere else."""
    lost = article(
        url=address,
        image=address,
        authors=(Person(name="Ana", url=address),),
        enclosures=(Enclosure(url=address, media_type="audio/mpeg"),),
    )

    body = render(format, lost)

    assert address not in body.decode()
    [item] = reading.items(format, body)
    assert item.link == "https://news.example.org/articles/story-1"


@pytest.mark.parametrize("format", Format)
def test_percent_sign_that_encodes_nothing_is_encoded(format: Format) -> None:
    [item] = reading.items(format, render(format, article(url="https://e.org/100%?a=%41")))

    assert item.link == "https://e.org/100%25?a=%41"


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize("language", ["German (Austria)", "de_AT", "Oesterreich"])
def test_language_that_is_no_tag_is_left_out(format: Format, language: str) -> None:
    assert language not in render(format, article(language=language)).decode()


def test_media_type_has_no_parameters() -> None:
    files = tuple(
        Enclosure(url="https://e.org/1", media_type=kind)
        for kind in ("audio/ogg; codecs=opus", "MP3", "")
    )

    found = described(enclosures=files).enclosures

    kinds = [file.media_type for file in found]
    assert kinds == ["audio/ogg", "application/octet-stream", "application/octet-stream"]


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), datetime(1, 1, 1, tzinfo=UTC)),
        (
            datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
            datetime.max.replace(microsecond=0, tzinfo=UTC),
        ),
        (datetime(987, 6, 5, 4, 3, 2, tzinfo=UTC), datetime(987, 6, 5, 4, 3, 2, tzinfo=UTC)),
    ],
)
def test_any_date_of_the_calendar_is_told(format: Format, moment: datetime, told: datetime) -> None:
    [item] = reading.items(format, render(format, article(published=moment)))

    assert item.published == told


def test_what_an_entry_lacks_is_named() -> None:
    """People's addresses and words stay out of what will be logged."""
    entry = described(
        title="a\x0bb\ud800",
        html="<p>\x0b</p>",
        url="ftp://e.org/" + "a" * 200,
        language="de_AT",
        authors=(Person(name="Ana", email="no address"), Person(name="\x00")),
    )

    assert entry.dropped == (
        "U+0000",
        "U+000B",
        "U+D800",
        "address ftp://e.org/" + "a" * 60,
        "language de_AT",
        "mail address",
        "person without a name",
    )


def test_entry_of_a_clean_article_lacks_nothing() -> None:
    assert described().dropped == ()


def described(**changes: Any) -> Entry:
    return describe_article(feed(), article(**changes), publication=PUBLICATION)


LEGAL = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cc", "Cs", "Cn"]), min_size=1
)


@UNHURRIED
@given(html=LEGAL, format=st.sampled_from(Format))
def test_text_of_legal_characters_is_told_to_the_letter(html: str, format: Format) -> None:
    body = render(format, article(html=html))

    if format is Format.JSON:
        told = json.loads(body)["items"][0]["content_html"]
    else:
        path = "channel/item/content:encoded" if format is Format.RSS else "a:entry/a:content"
        told = reading.tree(body).findtext(path, None, reading.NAMESPACES)
    assert html == told
