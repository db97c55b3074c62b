"""`preview --live`: the real program, and a real browser that is left open on it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from publisher.preview import live
from tests.cli.conftest import Command
from tests.rig import chromium, devtools
from tests.rig.program import Service, Site, until

OWN = '{% extends "shipped/email/digest.html" %}\n'
# What a person sees: the words of the mail in its frame, or else those beside it.
SEEN = """(() => {
  const frame = document.querySelector("iframe");
  return (frame ? frame.contentDocument.body : document.querySelector("main"))?.innerText;
})()"""


@pytest.fixture
async def service(loaded: Command, site: Site) -> AsyncIterator[Service]:
    async with site.running("preview", "digest", "--live", "--port", "0") as service:
        await service.until_said("shows the next issue")
        yield service


def address(service: Service) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+/", service.said())
    assert found
    return found[0]


async def test_open_page_follows_what_changes(site: Site, service: Service) -> None:
    """Each fault is shown instead of the mail, and the next good save brings the mail back."""
    browser = chromium.find()
    if browser is None:
        pytest.skip("no Chromium on this machine")
    template = site.folder / "templates" / "email" / "digest.html"
    config = site.config.read_text(encoding="utf-8")
    async with devtools.opened(browser, address(service), site.folder) as page:

        async def until_seen(*words: str) -> None:
            async def is_so() -> bool:
                seen = str(await page.evaluate(SEEN))
                return all(word in seen for word in words)

            await until(is_so, lambda: f"{words} not seen:\n{service.said()}")

        await until_seen("Kept promises")
        template.parent.mkdir(parents=True)
        template.write_text(OWN + "{% block masthead %}{{ titel }}{% endblock %}\n")
        await until_seen("email/digest.html:2", "nothing here is called 'titel'", "{{ titel }}")
        template.write_text(OWN + "{% block masthead %}Ahoy{% endblock %}\n")
        await until_seen("Ahoy", "Kept promises")
        site.write("second", "Second thoughts")
        await site.aside("ingest")
        await until_seen("Second thoughts")
        site.config.write_text(config.replace("subject =", "sujet ="))
        await until_seen("sujet")
        site.config.write_text(config)
        await until_seen("Ahoy", "Second thoughts")
        height = "document.querySelector('iframe').clientHeight"
        inner = "document.querySelector('iframe').contentDocument.documentElement.scrollHeight"
        assert await page.evaluate(height) == await page.evaluate(inner)

    assert 0 == await service.terminate()


async def test_each_part_is_shown_and_only_to_this_machine(site: Site, service: Service) -> None:
    database = site.folder / "var" / "publisher.db"
    before = database.read_bytes()
    async with httpx.AsyncClient(base_url=address(service), trust_env=False, timeout=60) as client:
        html = (await client.get("/", params={"width": "narrow", "colours": "dark"})).text
        text = (await client.get("/", params={"part": "text", "as": "ann@example.org"})).text
        source = (await client.get("/", params={"part": "source"})).text
        findings = (await client.get("/", params={"part": "findings"})).text
        unknown = (await client.get("/", params={"cadence": "yearly"})).text
        raw = await client.get("/message.eml", params={"cadence": "instant"})
        lured = await client.get("/", headers={"Host": "news.attacker.example"})

    assert 'class="mail narrow"' in html
    assert 'style="color-scheme: dark"' in html
    assert "What kept promises is about." in text
    assert "ann@example.org does not read this newsletter" in text
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in source
    assert "1 mail examined" in findings
    assert "has no cadence &#34;yearly&#34;" in unknown
    assert raw.content.startswith(b"From: Example News")
    assert 'filename="digest-instant.eml"' in raw.headers["Content-Disposition"]
    assert 400 == lured.status_code
    assert before == database.read_bytes()


@pytest.fixture
def built(loaded: Command) -> None:
    """An issue has been made of all there is."""
    loaded("subscribers", "add", "ann@example.org", "--newsletter=digest", "--confirmed")
    assert loaded("issues", "build", "digest", "--cadence", "daily").exit_code == 0


async def test_after_an_issue_the_newest_articles_are_shown_once_more(
    built: None, site: Site
) -> None:
    application = live.application(site.config, "digest", asyncio.Event())
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for query in ({}, {"as": "ann@example.org"}, {"part": "text"}):
            html = (await client.get("/", params=query)).text

            assert re.search(r"Nothing is new since \d{4}-\d\d-\d\d \d\d:\d\d CST: there", html)
            assert "What kept promises is about." in html


def test_live_takes_no_part_of_another_way_to_preview(command: Command) -> None:
    result = command("preview", "digest", "--live", "--out", "out")

    assert 2 == result.exit_code
    assert "leave --check, --out out" in result.stderr


async def test_port_that_is_taken_is_told_with_what_to_do(site: Site, service: Service) -> None:
    port = str(httpx.URL(address(service)).port)

    code, _, told = await site.command("preview", "digest", "--live", "--port", port)

    assert 1 == code
    assert f"cannot listen on 127.0.0.1:{port}" in told
    assert "choose another one with --port" in told
