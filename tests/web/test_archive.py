"""Newsletters and their issues, as everybody may read them."""

from __future__ import annotations

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
            await issues.change_state(connection, made.id, come_from=[IssueState.OPEN], go_to=state)
        return made

    return make


async def test_a_newsletter_lists_its_issues_newest_first(
    desk: Desk, issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana")
    await issue("ben")

    response = await client.get("/newsletters/digest")

    assert "The day in five minutes." in response.text
    assert "Daily · Weekly · Instant" in response.text
    newest = response.text.index("The Digest 2: The story of ben")
    assert newest < response.text.index("The Digest 1: The story of ana")
    assert 'href="https://news.example.org/newsletters/digest/issues/2"' in response.text


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
    assert 'because <span dir="ltr">a subscriber</span> is subscribed' in response.text
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
