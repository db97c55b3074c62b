"""Pages judged by axe-core in a real browser: what people with a screen reader would trip over."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

from tests.rig import chromium

_SCRIPT = Path(__file__).parent.parent / "pages/node_modules/axe-core/axe.min.js"

# Runs in the page around the frames, one after the other: axe judges one page at a time. Each
# frame gets an axe of its own, so that rules about whole pages apply to it.
_JUDGE = """
(async () => {
  const found = [];
  const options = { resultTypes: ["violations"] };
  if (matchMedia("(prefers-color-scheme: dark)").matches)
    options.runOnly = ["color-contrast", "link-in-text-block"];
  for (const frame of document.querySelectorAll("iframe")) {
    const script = frame.contentDocument.createElement("script");
    script.src = document.scripts[0].src;
    await new Promise(loaded => {
      script.onload = loaded;
      frame.contentDocument.head.append(script);
    });
    script.remove();
    const { violations } = await frame.contentWindow.axe.run(options);
    for (const { id, impact, help, nodes } of violations)
      for (const node of nodes)
        found.push({ page: frame.name, rule: id, impact, help, element: node.html });
  }
  return found;
})().then(JSON.stringify, error => `"${error}"`).then(told => {
  document.body.innerHTML = "";
  document.body.appendChild(document.createElement("pre")).textContent = told;
});
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that an element breaks; ``impact`` is minor, moderate, serious or critical."""

    page: str
    rule: str
    impact: str
    help: str
    element: str


def is_installed() -> bool:
    """Tell whether axe-core is there (`make pages`)."""
    return _SCRIPT.exists()


def source() -> str:
    """Give the script, for a page that is open."""
    return _SCRIPT.read_text(encoding="utf-8")


def violations(
    browser: str, pages: Mapping[str, str], *, dark: bool, scratch: Path
) -> list[Violation]:
    """Judge pages, given as HTML by name, in one start of the browser.

    In the dark only by the rules on colours: all others would say the same again.
    """
    frames = "".join(
        f'<iframe name="{escape(name)}" srcdoc="{escape(html)}"'
        ' style="width:600px;height:900px;border:0"></iframe>'
        for name, html in pages.items()
    )
    around = scratch / f"axe-{'dark' if dark else 'light'}.html"
    around.write_text(
        '<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f'<script src="{_SCRIPT.as_uri()}"></script>'
        f'<body>{frames}<script>addEventListener("load", () => {{{_JUDGE}}})</script>',
        encoding="utf-8",
    )
    shown = chromium.dom(
        browser, around.as_uri(), scratch=scratch / around.stem, dark=dark, asynchronous=True
    )
    found = re.search(r"<pre>(.*?)</pre>", shown, re.DOTALL)
    assert found, shown[-2000:]
    judged = json.loads(unescape(found[1]))
    assert isinstance(judged, list), judged
    return [Violation(**each) for each in judged]
