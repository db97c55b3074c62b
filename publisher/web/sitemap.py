"""The site map, for search engines: one file, or an index of several where there is much."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from publisher.formats import sitemap
from publisher.store import addresses, articles, issues
from publisher.web import prepare
from publisher.web.answers import Document
from publisher.web.memory import memory_of
from publisher.web.negotiation import fields_of
from publisher.web.site import Site, not_found, site_of

_PART = re.compile(r"[1-9][0-9]{0,4}")


async def whole(request: Request) -> Response:
    """Answer /sitemap.xml."""
    return await _answer(request, None)


async def part(request: Request) -> Response:
    """Answer /sitemaps/PART.xml, where there are several."""
    name = request.path_params["part"]
    return await _answer(request, int(name)) if _PART.fullmatch(name) else not_found(request)


async def _answer(request: Request, number: int | None) -> Response:
    site = site_of(request)
    slugs = [newsletter.slug for newsletter in site.newsletters]
    async with site.store.read() as connection:
        listed = await count(connection, slugs, site.clock())
        tide = await articles.tide(connection, site.clock())
    files = parts(listed)
    if number is not None and number > files:
        return not_found(request)

    async def make() -> Document:
        if number is None and files:
            base = site.publication.base_url
            body = sitemap.write_index(f"{base}/sitemaps/{n}.xml" for n in range(1, files + 1))
        else:
            async with site.store.read() as connection:
                pages = await _pages(connection, site, slugs, number or 1)
            body = await asyncio.to_thread(sitemap.write, pages)
        return await asyncio.to_thread(prepare.sitemap, body, site.serving)

    made = await memory_of(request).page(request.url.path, (listed, tide), make)
    fields = fields_of(request.scope["headers"])
    return (made.unchanged(fields) or made.whole(fields)).response()


async def count(connection: AsyncConnection, newsletters: Collection[str], now: datetime) -> int:
    """Count the addresses that the site map lists."""
    out = await issues.count_out(connection, newsletters)
    return 1 + len(newsletters) + out + await addresses.count_articles(connection, now)


def parts(listed: int) -> int:
    """Say in how many files so many addresses are, besides the one that everybody asks for."""
    return -(-listed // sitemap.MOST_ADDRESSES) if listed > sitemap.MOST_ADDRESSES else 0


async def _pages(
    connection: AsyncConnection, site: Site, slugs: list[str], number: int
) -> list[tuple[str, datetime | None]]:
    """List the addresses of a part: what comes first is the site's own, then issues, articles."""
    base, most = site.publication.base_url, sitemap.MOST_ADDRESSES
    start = (number - 1) * most
    own = [f"{base}/", *(f"{base}/newsletters/{slug}" for slug in slugs)]
    pages: list[tuple[str, datetime | None]] = [(address, None) for address in own[start:][:most]]
    start = max(0, start - len(own))
    found = await addresses.of_issues(connection, slugs, offset=start, limit=most - len(pages))
    pages += [(f"{base}/newsletters/{slug}/issues/{n}", opens) for slug, n, opens in found]
    start = max(0, start - await issues.count_out(connection, slugs))
    own_articles = await addresses.of_articles(
        connection, site.clock(), offset=start, limit=most - len(pages)
    )
    return pages + [(f"{base}/articles/{slug}", changed) for slug, changed in own_articles]
