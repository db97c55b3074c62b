"""Newsletters and their issues, as everybody may read them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx
import pytest

from publisher.model import Issue, IssueState
from publisher.store import issues
from publisher.web.site import Site
from tests.rig import builders
from tests.rig.desk import Desk
from tests.web.conftest import Serving

Issuing = Callable[..., Awaitable[Issue]]


@pytest.fixture
def issue(desk: Desk) -> Issuing:
    """Bring an article, and make an issue of it in the shipped template for a reader."""
    desk.newsletter = builders.newsletter(template="digest")

    async def make(name: str, state: IssueState = IssueState.OPEN) -> Issue:
        await desk.bring(name, title=f"The story of {name}")
        await desk.join("reader")
        made = await desk.issue_now()
        async with desk.store.write() as connection:
            await issues.change_state(
                connection, made.id, come_from=[IssueState.OPEN], go_to=state, now=desk.clock()
            )
        return made

    return make


async def test_a_newsletter_lists_its_issues_newest_first(
    desk: Desk, issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana")
    await issue("ben")

    response = await client.get("/newsletters/digest")

    assert "The day in five minutes." in response.text
    newest = response.text.index(">The Digest 2: The story of ben<")
    assert newest < response.text.index("The Digest 1: The story of ana")
    assert 'href="https://news.example.org/newsletters/digest/issues/2"' in response.text


async def test_list_leaves_out_what_goes_without_saying(
    desk: Desk, issue: Issuing, client: httpx.AsyncClient
) -> None:
    desk.newsletter = replace(
        desk.newsletter, subject="{{ newsletter.title }}: {{ articles[0].title }}"
    )
    for name in ("ana", "ben", "cyd", "dan", "eve"):
        await desk.bring(name, title=f"The story of {name}")
    await issue("fay")

    response = await client.get("/newsletters/digest")

    assert ">The story of fay</a>" in response.text
    others = " · ".join(f"The story of {name}" for name in ("eve", "dan", "cyd", "ben"))
    assert f">{others}</p>" in response.text


async def test_list_without_an_issue_says_so_and_names_no_feed(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    response = await client.get("/newsletters/digest")

    assert "No issue has appeared yet." in response.text
    assert "/feeds/issues/" not in response.text


async def test_older_issues_are_on_further_pages(
    issue: Issuing, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.web.archive._LISTED", 2)
    for name in ("ana", "ben", "cyd", "dan", "eve"):
        await issue(name)

    paths = ["", "/pages/2", "/pages/3", "/pages/4"]
    pages = [await client.get(f"/newsletters/digest{path}") for path in paths]

    assert [page.status_code for page in pages] == [200, 200, 200, 404]
    assert [re.findall(r"issues/(\d)\"", page.text) for page in pages[:3]] == [
        ["5", "4"],
        ["3", "2"],
        ["1"],
    ]
    index = "https://news.example.org/newsletters/digest"
    turns = [re.findall(r'<link rel="(\w+)" href="(http[^"]*)">', page.text) for page in pages[:3]]
    assert turns == [
        [("canonical", index), ("next", f"{index}/pages/2")],
        [("canonical", f"{index}/pages/2"), ("prev", index), ("next", f"{index}/pages/3")],
        [("canonical", f"{index}/pages/3"), ("prev", f"{index}/pages/2")],
    ]


async def test_list_speaks_the_newsletters_language(
    desk: Desk, site: Site, serving: Serving
) -> None:
    arabic = replace(desk.newsletter, language="ar")
    client = await serving(replace(site, newsletters=(arabic,)))

    response = await client.get("/newsletters/digest")

    assert '<html lang="ar" dir="rtl">' in response.text


async def test_subject_with_a_readers_name_is_shown_without_it(
    desk: Desk, issue: Issuing, client: httpx.AsyncClient
) -> None:
    desk.newsletter = replace(desk.newsletter, subject="News{{ recipient.name }} for all")
    await issue("ana")

    response = await client.get("/newsletters/digest")

    assert ">News for all</a>" in response.text


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (IssueState.OPEN, 200),
        (IssueState.PAUSED, 200),
        (IssueState.STOPPED, 200),
        (IssueState.HELD, 404),
        (IssueState.EMPTY, 404),
    ],
)
async def test_only_issues_that_were_let_out_are_shown(
    issue: Issuing, client: httpx.AsyncClient, state: IssueState, status: int
) -> None:
    await issue("ana", state)

    response = await client.get("/newsletters/digest/issues/1")
    index = await client.get("/newsletters/digest")

    assert response.status_code == status
    assert ("issues/1" in index.text) == (status == 200)


async def test_an_issue_is_shown_without_anything_personal(
    issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana")

    response = await client.get("/newsletters/digest/issues/1")

    assert "The story of ana" in response.text
    assert 'sent to <span dir="ltr">a subscriber</span>.' in response.text
    assert '<a href="https://news.example.org/newsletters/digest"' in response.text
    for personal in ("reader", "/u/", "/preferences/", "\ue0f0", "\ue0f1"):
        assert personal not in response.text


async def test_an_issue_may_load_pictures_and_nothing_else(
    issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana")

    response = await client.get("/newsletters/digest/issues/1")

    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    )


async def test_numbers_that_name_no_issue_lead_nowhere(
    issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana")
    numbers = ["0", "01", "2", "-1", "1.0", "one", "1%00", "9" * 20, "9" * 5000, "\u0661"]

    found = {
        (await client.get(f"/newsletters/digest/issues/{each}")).status_code for each in numbers
    }

    assert found == {404}


async def test_a_newsletter_that_the_config_dropped_has_no_page(
    site: Site, issue: Issuing, serving: Serving
) -> None:
    await issue("ana")
    client = await serving(replace(site, newsletters=()))

    found = [
        (await client.get(path)).status_code
        for path in ("/newsletters/digest", "/newsletters/digest/issues/1")
    ]

    assert found == [404, 404]
