"""A site to visit: with a sitemap of two pages, a good one and one without a text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from publisher.model import Publication, Rejection, SourceArticle, Unchanged, Unseen
from publisher.ports import Visit
from publisher.sources.web import Settings, WebSource
from tests.rig.visits import visit
from tests.rig.web import Page, WebRig
from tests.sources.examples import Example

Told = list[SourceArticle | Unchanged | Unseen | Rejection]

PUBLICATION = Publication(
    title="Example News",
    base_url="https://news.example.org",
    description="",
    language="en",
    timezone=ZoneInfo("Asia/Shanghai"),
    postal_address="1 Example Street",
)
HTML = {"Content-Type": "text/html; charset=utf-8"}


class Site:
    """Puts up pages and tells what a source makes of them.

    ``slept`` holds for how long was waited before each request.
    """

    def __init__(self, rig: WebRig) -> None:
        self.rig = rig
        self.url = rig.url
        self.slept: list[float] = []

    def page(self, path: str, text: str = "Text.", head: str = "") -> None:
        body = f"<html><head><title>{path}</title>{head}</head><body><p>{text}</p></body></html>"
        self.rig.pages[path] = Page(body=body, headers=HTML)

    def sitemap(self, *pages: str | tuple[str, str], at: str = "/sitemap.xml") -> None:
        """Put up a sitemap of paths or addresses, with their lastmod if they have one."""
        self.rig.pages[at] = Page(body=self.urlset(*pages))

    def urlset(self, *pages: str | tuple[str, str]) -> str:
        entries = ""
        for page in pages:
            path, lastmod = page if isinstance(page, tuple) else (page, "")
            dated = f"<lastmod>{lastmod}</lastmod>" if lastmod else ""
            url = path if ":" in path else self.url + path
            entries += f"<url><loc>{url}</loc>{dated}</url>"
        return f"<urlset>{entries}</urlset>"

    def index(self, *paths: str, at: str = "/sitemap.xml") -> None:
        """Put up an index of sitemaps."""
        entries = "".join(f"<sitemap><loc>{self.url}{path}</loc></sitemap>" for path in paths)
        self.rig.pages[at] = Page(body=f"<sitemapindex>{entries}</sitemapindex>")

    def source(self, **settings: Any) -> WebSource:
        if "index" not in settings:
            settings.setdefault("sitemap", f"{self.url}/sitemap.xml")

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        checked = Settings.model_validate({"allow_private": True, **settings})
        return WebSource("site", checked, PUBLICATION, sleep=sleep)

    async def tell(
        self, known: Mapping[str, str] | None = None, on: Visit | None = None, **settings: Any
    ) -> Told:
        """Make a pass and give what was told."""
        source = self.source(**settings)
        return [one async for one in source.articles(on or visit(known))]

    def paths(self, told: Told, kind: type = SourceArticle) -> list[str]:
        return [one.origin.removeprefix(self.url) for one in told if isinstance(one, kind)]

    @property
    def asked(self) -> list[str]:
        """What was asked for besides robots.txt, oldest first."""
        return [target for target in self.rig.targets if target != "/robots.txt"]


def stamps(told: Told) -> dict[str, str]:
    return {one.origin: one.stamp for one in told if isinstance(one, SourceArticle | Rejection)}


def reasons(told: Told) -> list[str]:
    return [one.reason for one in told if isinstance(one, Rejection)]


@asynccontextmanager
async def example(place: Path) -> AsyncIterator[Example]:
    async with WebRig() as rig:
        site = Site(rig)

        def publish(text: str, lastmod: str) -> None:
            site.page("/frost", text)
            site.sitemap(("/frost", lastmod), "/empty")

        publish("The lake froze.", "2026-11-20")
        site.page("/empty", "")
        yield Example(
            settings={"sitemap": f"{site.url}/sitemap.xml", "delay": "0s", "allow_private": True},
            article=f"{site.url}/frost",
            rejected=f"{site.url}/empty",
            edit=lambda: publish("The lake thawed.", "2026-11-21"),
            break_all=lambda: rig.pages.update({"/sitemap.xml": Page(status=500)}),
        )
