"""Contact sheets of every shipped mail: wide and narrow, in light and in dark. `make screenshots`.

Looked at by a person before they are committed: what a browser shows is not yet what is good.
"""

from __future__ import annotations

import asyncio
import base64
import tempfile
from html import escape
from pathlib import Path

from tests.rig import chromium, devtools, showcase

_FOLDER = Path(__file__).parent
_NAMES = {"en": "English", "ar": "Arabic", "zh": "Chinese"}
_WIDTHS = (600, 360)
_GAP = 24
_QUALITY = 57
# The scheme of a frame is what its mail is told that the reader prefers.
_SHEET = f"""<!DOCTYPE html>
<meta charset="utf-8">
<style>
body {{ display: flex; gap: {_GAP}px; align-items: start; margin: 0; padding: {_GAP}px;
  background: #777; }}
iframe {{ display: block; border: 0; }}
</style>
"""
_FIT = """new Promise(done => {
  const fit = () => {
    for (const frame of document.querySelectorAll("iframe"))
      frame.style.height = `${frame.contentDocument.documentElement.scrollHeight}px`;
    done(document.documentElement.scrollHeight);
  };
  document.readyState === "complete" ? fit() : addEventListener("load", fit);
})"""


async def main() -> None:
    """Make a sheet for each design and language, and the page that shows them."""
    browser = chromium.find()
    if browser is None:
        raise SystemExit("there is no Chromium on this machine")
    made: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        async with devtools.opened(browser, "about:blank", Path(scratch)) as page:
            for design, language, html in showcase.mails():
                sheet = Path(scratch) / "sheet.html"
                sheet.write_text(_SHEET + _frames(html), encoding="utf-8")
                name = f"{design}-{language}.webp"
                (_FOLDER / name).write_bytes(await _shot(page, sheet.as_uri()))
                made.setdefault(design, []).append(language)
    (_FOLDER / "README.md").write_text(_readme(made), encoding="utf-8")


def _frames(html: str) -> str:
    return "".join(
        f'<iframe style="width: {width}px; color-scheme: {scheme}" srcdoc="{escape(html)}">'
        "</iframe>"
        for width in _WIDTHS
        for scheme in ("light", "dark")
    )


async def _shot(page: devtools.Page, address: str) -> bytes:
    width = sum(2 * (each + _GAP) for each in _WIDTHS) + _GAP
    size = {"width": width, "deviceScaleFactor": 1, "mobile": False}
    await page.command("Emulation.setDeviceMetricsOverride", height=900, **size)
    await page.command("Page.navigate", url=address)
    height = await page.evaluate(_FIT)
    await page.command("Emulation.setDeviceMetricsOverride", height=height, **size)
    shot = await page.command("Page.captureScreenshot", format="webp", quality=_QUALITY)
    return base64.b64decode(shot["data"])


def _readme(made: dict[str, list[str]]) -> str:
    lines = [
        "# What the mails look like",
        "",
        "Every shipped design in Chromium, 600 and 360 pixels wide, in light and in dark; `make"
        " screenshots` makes them anew. The articles are those of a newsroom that does not exist.",
    ]
    for design, languages in made.items():
        lines += ["", f"## {design}"]
        for language in languages:
            name = _NAMES[language]
            picture = f"![{design} in {name}: wide and narrow, in light and in dark]"
            lines += ["", f"{name}:", "", f"{picture}({design}-{language}.webp)"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    asyncio.run(main())
