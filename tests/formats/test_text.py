"""The second wall: whatever stands in an article, its feeds can be read."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.model import Enclosure, Format, Person
from tests.formats import reading
from tests.formats.samples import HARD_TITLES, article, render

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
@pytest.mark.parametrize("forbidden", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
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


ANY_TEXT = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=())),
        st.sampled_from(["]]>", "<![CDATA[", "<b>", "&amp;", "&#11;", "\r\n", "\ufffe", "-->"]),
    ),
    max_size=4,
).map("".join)


@UNHURRIED
@given(words=st.lists(ANY_TEXT, min_size=12, max_size=12))
def test_any_text_anywhere_gives_feeds_that_read_back(words: list[str]) -> None:
    title, summary, html, text, tag, name, mail, url, uri, image, kind, language = words
    each = article(
        title=title,
        summary=summary,
        html=html,
        text=text,
        tags=(tag,),
        section=tag,
        authors=(Person(name=name, email=mail, url=url),),
        contributors=(Person(name=name, email=mail, url=url),),
        url=f"https://e.org/{url}",
        uri=uri,
        image=image,
        enclosures=(Enclosure(url=url, media_type=kind, length_bytes=-1),) * 2,
        language=language,
    )

    bodies = {
        format: render(format, each, title=title, description=text, language=language)
        for format in Format
    }

    for format, body in bodies.items():
        assert len(reading.items(format, body)) == 1
    [told] = json.loads(bodies[Format.JSON])["items"]
    atom = reading.tree(bodies[Format.ATOM])
    rss = reading.tree(bodies[Format.RSS])
    assert told["title"] == atom.findtext("a:entry/a:title", None, reading.NAMESPACES)
    assert told["title"] == "".join(rss.find("channel/item/title").itertext())
    whole = told.get("content_html")
    assert whole == atom.findtext("a:entry/a:content", None, reading.NAMESPACES)
    assert whole == rss.findtext("channel/item/content:encoded", None, reading.NAMESPACES)


LEGAL = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cn"]), min_size=1)


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
