"""Pages measured by a real browser: what a layout test cannot know from the source."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

SWITCHES = (
    "--headless",
    "--no-sandbox",  # it cannot run as root, and the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)

# Runs in the page around the frames. Contrast as in WCAG 2.2 §1.4.3, for every visible text
# on the nearest background that is not transparent; target size as in §2.5.8, for links and
# buttons that do not stand within a sentence.
_MEASURE = """
const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = channel => linear(channel / 255);
const rgba = text => (text.match(/[\\d.]+/g) || []).map(Number);
const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
const opaque = colour => colour.length < 4 || colour[3] === 1;
function ground(element, view) {
  for (let e = element; e; e = e.parentElement) {
    const colour = rgba(view.getComputedStyle(e).backgroundColor);
    if (opaque(colour)) return colour;
  }
  return view.matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
}
function measure(frame) {
  const page = frame.contentDocument, view = frame.contentWindow, root = page.documentElement;
  const texts = [];
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, style = view.getComputedStyle(element);
    const text = walker.currentNode.data.trim();
    if (!text || !element.getClientRects().length || style.visibility !== "visible") continue;
    const [a, b] = [luminance(rgba(style.color)), luminance(ground(element, view))];
    texts.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), text.slice(0, 60)]);
  }
  const all = selector => [...page.querySelectorAll(selector)];
  return {
    overflow: root.scrollWidth - root.clientWidth,
    beyond: all("body *").filter(e => e.getBoundingClientRect().right > root.clientWidth + 0.5
      || e.getBoundingClientRect().left < -0.5).map(e => e.outerHTML.slice(0, 80)),
    contrast: texts.sort((x, y) => x[0] - y[0]).slice(0, 3),
    is_dark: view.matchMedia("(prefers-color-scheme: dark)").matches,
    headings: all("h1,h2,h3,h4,h5,h6").map(e => Number(e.tagName[1])),
    links: all("a[href]").map(e => e.getAttribute("href")),
    images_without_alt: all("img:not([alt])").length,
    small_targets: all("button, h3 a, dt a, .links a, .button").filter(
      e => e.getClientRects().length && e.getBoundingClientRect().height < 24,
    ).map(e => e.outerHTML.slice(0, 80)),
    body_text: page.body.innerText,
  };
}
addEventListener("load", () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) found[frame.name] = measure(frame);
  document.body.innerHTML = "";
  document.body.appendChild(document.createElement("pre")).textContent = JSON.stringify(found);
});
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What the browser made of a page.

    ``overflow`` is in CSS pixels; ``beyond`` are elements that leave the screen at a side;
    ``contrast`` are the three worst ratios with their texts, worst first; ``headings`` are
    the levels in order; ``small_targets`` are links and buttons lower than 24 pixels.
    """

    overflow: int
    beyond: list[str]
    contrast: list[tuple[float, str]]
    is_dark: bool
    headings: list[int]
    links: list[str]
    images_without_alt: int
    small_targets: list[str]
    body_text: str


def find() -> str | None:
    """Give the browser's path, or None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def dom(
    browser: str, address: str, *, scratch: Path, dark: bool = False, asynchronous: bool = False
) -> str:
    """Give the document at an address as it is once its scripts have run.

    ``asynchronous`` waits for what scripts go on to do behind the load event as well, by a clock
    of the browser's own, which stands still while they work.
    """
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"  # 0 is dark
    profile = f"--user-data-dir={scratch / 'profile'}"
    budget = ["--virtual-time-budget=60000"] if asynchronous else []
    done = subprocess.run(
        [browser, *SWITCHES, "--dump-dom", *budget, scheme, profile, address],
        capture_output=True,
        check=True,
        timeout=120,
    )
    return done.stdout.decode()


def measure(
    browser: str, pages: Mapping[str, str], widths: tuple[int, ...], *, dark: bool, scratch: Path
) -> dict[tuple[str, int], Measure]:
    """Lay out every page at every width, in one start of the browser, and measure it.

    The pages stand in frames, since a window has a least width of its own.
    """
    frames = "".join(
        f'<iframe name="{name}@{width}" srcdoc="{escape(html)}"'
        f' style="width:{width}px;height:900px;border:0"></iframe>'
        for name, html in pages.items()
        for width in widths
    )
    around = scratch / f"around-{'dark' if dark else 'light'}.html"
    around.write_text(
        '<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f"<body>{frames}<script>{_MEASURE}</script>",
        encoding="utf-8",
    )
    shown = dom(browser, around.as_uri(), scratch=scratch / around.stem, dark=dark)
    found = re.search(r"<pre>(.*?)</pre>", shown, re.DOTALL)
    assert found, shown[-2000:]
    measured = json.loads(unescape(found[1]))
    return {
        (key.rpartition("@")[0], int(key.rpartition("@")[2])): Measure(**values)
        for key, values in measured.items()
    }
