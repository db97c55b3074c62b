"""RSS and Atom in a real browser, with the style sheet that they name."""

from __future__ import annotations

import asyncio
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.rig import chromium
from tests.rig.desk import Desk
from tests.rig.web import Page, WebRig
from tests.web.conftest import Publishing

# Runs beside a frame with the feed: what is seen of it, and the worst contrast of its texts.
_MEASURE = """
addEventListener("load", () => {
  const page = frames[0].document, view = frames[0];
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) =>
    0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const ground = luminance(numbers(view.getComputedStyle(page.documentElement).backgroundColor));
  const seen = {};
  let contrast = 21;
  for (const element of page.querySelectorAll("*")) {
    if (element.children.length || !element.getClientRects().length) continue;
    const ink = luminance(numbers(view.getComputedStyle(element).color));
    contrast = Math.min(contrast, (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05));
    (seen[element.nodeName] ??= []).push(element.textContent);
  }
  const told = {
    seen, contrast, is_dark: ground < 0.5,
    note: view.getComputedStyle(page.documentElement, "::before").content,
    overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
  };
  document.body.appendChild(document.createElement("pre")).textContent = JSON.stringify(told);
});
"""
_AROUND = (
    '<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><body>'
    f'<iframe src="/feed" style="width:320px;height:600px"></iframe><script>{_MEASURE}</script>'
)


async def shown(
    client: httpx.AsyncClient, format: str, *, dark: bool, scratch: Path
) -> dict[str, Any]:
    """Open a feed in the browser as it is served to one, from where that finds the style sheet."""
    browser = chromium.find()
    if browser is None:
        pytest.skip("no Chromium on this machine")
    feed = await client.get(f"/feeds/all.{format}", headers={"Sec-Fetch-Dest": "document"})
    style = await client.get("/feeds.css")
    assert b'href="https://news.example.org/feeds.css"' in feed.content
    async with WebRig() as rig:
        rig.pages = {
            "/": Page(body=_AROUND, headers={"Content-Type": "text/html"}),
            "/feed": Page(
                body=feed.content.replace(b"https://news.example.org/feeds.css", b"/feeds.css"),
                headers={"Content-Type": feed.headers["Content-Type"]},
            ),
            "/feeds.css": Page(body=style.content, headers={"Content-Type": "text/css"}),
        }
        dom = await asyncio.to_thread(
            chromium.dom, browser, f"{rig.url}/", scratch=scratch, dark=dark
        )
    found = re.search("<pre>(.*?)</pre>", dom, re.DOTALL)
    assert found, dom
    told: dict[str, Any] = json.loads(unescape(found[1]))
    return told


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("format", "names"),
    [
        ("rss", ("title", "description", "pubDate")),
        ("atom", ("title", "summary", "published", "subtitle")),
    ],
)
async def test_a_feed_in_a_browser_shows_titles_dates_and_summaries(
    desk: Desk,
    client: httpx.AsyncClient,
    built: Publishing,
    tmp_path: Path,
    format: str,
    names: tuple[str, ...],
    *,
    dark: bool,
) -> None:
    await desk.bring("ana", title="Ana & Ben <b>", summary="It happened.", tags=("labour",))
    await built()

    told = await shown(client, format, dark=dark, scratch=tmp_path)

    seen = told["seen"]
    assert set(seen) == set(names)
    assert seen["title"] == ["Everything", "Ana & Ben <b>"]
    assert "It happened." in seen[names[1]]
    assert (told["is_dark"], told["overflow"]) == (dark, 0)
    assert told["contrast"] >= 4.5
    assert f"leave off .{format}" in told["note"]
