"""What is wrong with a request is told, all of it at once; nothing hostile does harm."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from publisher.app import App
from publisher.store import articles
from tests.web.test_api import ARTICLES, FROST

JSON = {"Content-Type": "application/json"}


def faults(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 422, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    told = response.json()
    assert told["status"] == 422
    return {fault["pointer"]: fault["detail"] for fault in told["errors"]}


async def count(app: App) -> int:
    async with app.store.read() as connection:
        return len([each async for each in articles.listing(connection)])


# --- faults of the article


async def test_every_fault_is_told_with_a_pointer_to_it(api: httpx.AsyncClient) -> None:
    said = {
        "titel": "Frost",
        "title": 7,
        "html": "<p>It froze.</p>",
        "authors": [{"name": "Ana", "url": "example.org"}, "", {"email": "bo@example.org"}, 7],
        "tags": "weather",
        "published": "soon",
        "updated": 1763875800,
        "language": "English, mostly",
        "slug": "First Frost",
        "image": "frost.jpg",
        "weight": 10.5,
        "pinned": "yes",
        "enclosures": [{"url": "https://example.org/a.mp3", "type": "sound", "length": "1 MB"}],
        "a/b~c %": 1,
    }

    response = await api.post(ARTICLES, json=said)

    date = "is no date; write it as in 2026-11-23T07:30:00+08:00"
    url = "is no whole URL that begins with https:// or http://"
    found = faults(response)
    assert found["#/guid"] == "is missing"
    assert found["#/titel"] == found["#/a~1b~0c%20%25"] == "is no field of this API"
    assert found["#/published"] == found["#/updated"] == date
    assert found["#/authors/0/url"] == found["#/image"] == url
    assert found["#/authors/1"] == "must have from 1 to 300 characters"
    assert found["#/authors/2/name"] == "is missing"
    assert found.keys() == {
        "#/guid", "#/titel", "#/title", "#/authors/0/url", "#/authors/1", "#/authors/2/name",
        "#/authors/3", "#/tags", "#/published", "#/updated", "#/language", "#/slug", "#/image",
        "#/enclosures/0/type", "#/enclosures/0/length", "#/a~1b~0c%20%25", "#/weight", "#/pinned",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        ({"text": "One."}, "has html and text; send only one of them"),
        ({"html": None}, "has nothing to read: send html, markdown, text, or a url"),
        ({"html": " "}, "has nothing to read: send html, markdown, text, or a url"),
    ],
)
async def test_an_article_has_one_text(
    api: httpx.AsyncClient, said: dict[str, Any], detail: str
) -> None:
    response = await api.post(ARTICLES, json=FROST | said)

    assert faults(response) == {"#": detail}


@pytest.mark.parametrize("body", [b"[]", b'"frost"', b"7", b"null", b"true"])
async def test_body_must_be_an_object(api: httpx.AsyncClient, body: bytes) -> None:
    response = await api.post(ARTICLES, content=body, headers=JSON)

    assert faults(response) == {"#": "is no object"}


NO_GUIDS = [
    "",
    " frost",
    "frost ",
    "fro\nst",
    "fro\x00st",
    "fro\x7fst",
    "\ue0f0",
    "x" * 2001,
    "霜" * 223,
]


async def test_guid_is_one_line_that_an_index_can_hold(api: httpx.AsyncClient) -> None:
    for guid in NO_GUIDS:
        response = await api.post(ARTICLES, json=FROST | {"guid": guid})

        assert faults(response).keys() == {"#/guid"}, guid


@pytest.mark.parametrize(
    "url",
    [
        "frost",
        "//example.org/frost",
        "ftp://example.org/frost",
        "javascript:alert(1)",
        "https://",
        "https://exa mple.org/",
        "https://[::1/",
        f"https://example.org/{'x' * 2000}",
    ],
)
async def test_url_is_a_whole_one_of_bounded_length(api: httpx.AsyncClient, url: str) -> None:
    response = await api.post(ARTICLES, json=FROST | {"url": url})

    assert faults(response).keys() == {"#/url"}


async def test_guid_of_the_body_is_that_of_the_path(api: httpx.AsyncClient) -> None:
    response = await api.put(f"{ARTICLES}/flood", json=FROST)

    assert faults(response) == {"#/guid": "is not the guid of the path"}


async def test_markdown_that_is_nested_too_deeply_is_told(api: httpx.AsyncClient) -> None:
    said = {"guid": "frost", "title": "Frost", "markdown": ">" * 100 + " It froze."}

    response = await api.post(ARTICLES, json=said)

    assert faults(response).keys() == {"#/markdown"}


async def test_what_cannot_be_published_is_told_with_the_reason(
    api: httpx.AsyncClient, press: App
) -> None:
    await api.post(ARTICLES, json=FROST)

    deep = await api.post(ARTICLES, json=FROST | {"html": "<div>" * 5000})
    empty = await api.post(ARTICLES, json={"guid": "other", "html": "<p></p>"})

    told = [(each.status_code, each.json()["detail"]) for each in (deep, empty)]
    assert told == [
        (422, "The article cannot be published: the HTML is nested more than 250 levels deep."),
        (422, "The article cannot be published: it has neither a title nor a text."),
    ]
    assert await count(press) == 1


# --- hostile bodies


AMBIGUOUS = [
    (b"", "line 1 column 1"),
    (b"{", "line 1 column 2"),
    (b'{"guid": "a" "b"}', "line 1 column 14"),
    (b'{"guid": "\xff"}', "not UTF-8 at byte 11"),
    ("{}".encode("utf-16"), "not UTF-8 at byte 1"),
    (b'\xef\xbb\xbf{"guid": "a"}', "BOM"),
    (b'{"length": NaN}', "NaN is no number"),
    (b'{"length": -Infinity}', "-Infinity is no number"),
    (b'{"length": ' + b"9" * 10_000 + b"}", "more than 20 digits"),
    (b'{"guid": "a", "guid": "b"}', 'two members of the name "guid"'),
    (b'{"a": {"b": [{"c": 1, "c": 1}]}}', 'two members of the name "c"'),
    (rb'{"guid": "\ud800"}', "half of a surrogate pair"),
    (rb'{"\udc00": 1}', "half of a surrogate pair"),
    (b"[" * 9_000, "nested too deeply"),
    (b'{"a":' * 3_000, "nested too deeply"),
    (b"[" * 10_000_000, "more parts than any article"),
    (b'{"tags": [' + b"[]," * 3_000_000 + b"[]]}", "more parts than any article"),
    (b'"' * 10_000_000, "more parts than any article"),
    (b'"' + rb"\"" * 5_000_000, "Unterminated string"),
]


async def test_body_that_programs_could_read_differently_is_refused(
    api: httpx.AsyncClient, press: App
) -> None:
    for body, words in AMBIGUOUS:
        response = await api.post(ARTICLES, content=body, headers=JSON)

        assert response.status_code == 400, (body[:40], response.text)
        assert words in response.json()["detail"], body[:40]
    assert await count(press) == 0


async def test_a_pair_of_surrogates_is_a_character(api: httpx.AsyncClient) -> None:
    body = rb'{"guid": "\ud83e\udd76", "html": "It froze. \\ud800"}'

    response = await api.post(ARTICLES, content=body, headers=JSON)

    assert (response.status_code, response.json()["guid"]) == (201, "🥶")


async def test_forbidden_characters_of_a_text_are_dropped(api: httpx.AsyncClient) -> None:
    response = await api.post(ARTICLES, json=FROST | {"title": "Fro\x00st\x1b"})

    assert (response.status_code, response.json()["slug"]) == (201, "frost")


async def test_at_most_a_hundred_faults_are_told(api: httpx.AsyncClient) -> None:
    response = await api.post(ARTICLES, json=dict.fromkeys(map(str, range(2000))))

    assert len(faults(response)) == 100


async def test_article_with_as_much_as_it_may_have_is_taken(api: httpx.AsyncClient) -> None:
    person = {"name": "Ana", "email": "ana@example.org", "url": "https://example.org/ana"}
    file = {"url": "https://example.org/a.mp3", "type": "audio/mpeg", "length": 1}
    said = {
        "authors": [person] * 100,
        "contributors": [person] * 100,
        "enclosures": [file] * 100,
        "tags": ["weather"] * 100,
        "html": '<p class="[{,:">It froze.</p>' * 10_000,
    }

    response = await api.post(ARTICLES, json=FROST | said)

    assert response.status_code == 201, response.text


@pytest.mark.parametrize("name", ["authors", "contributors", "enclosures", "tags"])
async def test_lists_have_a_bound(api: httpx.AsyncClient, name: str) -> None:
    response = await api.post(ARTICLES, json=FROST | {name: ["Ana"] * 101})

    assert f"#/{name}" in faults(response)


async def test_body_of_up_to_10_mb_is_read(api: httpx.AsyncClient) -> None:
    largest = json.dumps(FROST).encode().ljust(10 * 1024 * 1024)

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(largest), 65536):
            yield largest[start : start + 65536]
        yield b" "

    fits = await api.post(ARTICLES, content=largest, headers=JSON)
    too_large = await api.post(ARTICLES, content=largest + b" " * 1_000_000, headers=JSON)
    of_unknown_length = await api.put(f"{ARTICLES}/frost", content=in_pieces(), headers=JSON)

    assert fits.status_code == 201
    for response in (too_large, of_unknown_length):
        assert response.status_code == 413
        assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("headers", "instead"),
    [
        ({}, {"accept": "application/json"}),
        ({"Content-Type": "text/html"}, {"accept": "application/json"}),
        ({"Content-Type": "application/x-www-form-urlencoded"}, {"accept": "application/json"}),
        (JSON | {"Content-Encoding": "gzip"}, {"accept-encoding": "identity"}),
    ],
)
async def test_body_of_another_type_is_refused_with_what_would_do(
    api: httpx.AsyncClient, headers: dict[str, str], instead: dict[str, str]
) -> None:
    response = await api.post(ARTICLES, content=json.dumps(FROST).encode(), headers=headers)

    assert response.status_code == 415
    assert response.headers.items() >= instead.items()


async def test_type_may_be_written_in_any_way(api: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "Application/JSON ; charset=UTF-8", "Content-Encoding": "identity"}

    response = await api.post(ARTICLES, content=json.dumps(FROST).encode(), headers=headers)

    assert response.status_code == 201
