"""Links between pages of the web: made absolute, found on a page, and which site they lead to."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import urldefrag, urljoin, urlsplit

from publisher.content.fields import is_web_url
from publisher.content.tree import parse

# What servers, and the sitemap protocol, put up with at least (RFC 9110 §4.1 asks for more).
MAX_URL_CHARACTERS = 2048

_URL_NOISE = re.compile(r"[\t\r\n]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def absolute(href: str, base: str) -> str | None:
    """Resolve a link (RFC 3986 §5); None if it is no web address of a bearable length."""
    href = _URL_NOISE.sub("", href).strip().replace(" ", "%20")
    if not href or len(href) > MAX_URL_CHARACTERS:
        return None
    try:
        url = urljoin(base, href)
    except ValueError:  # such as an unclosed bracket around an IPv6 address
        return None
    return url if len(url) <= MAX_URL_CHARACTERS and is_web_url(url) else None


def read_links(text: str, url: str, pattern: re.Pattern[str], *, most: int) -> list[str]:
    """Find the pages that an HTML page at ``url`` links to, each once, in the page's order.

    ``pattern`` is searched for in the absolute URL, whose fragment is no part of it. After
    ``most`` of them it stops. Raises ValueError with a sentence for too deep a nesting.
    """
    root = parse(text, is_fragment=False)
    base = absolute(next(iter(root.xpath("//base/@href")), ""), url) or url
    found: dict[str, None] = {}
    for anchor in root.iter("a", "area"):
        target = absolute(anchor.get("href", ""), base)
        target = urldefrag(target).url if target else None
        if target and target != url and pattern.search(target):
            found[target] = None
            if len(found) == most:
                break
    return list(found)


def site_of(url: str) -> str:
    """Give the same text for all pages of a site; "" if it is no address.

    Scheme, a leading www and letter case make no difference, a port does.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    with suppress(UnicodeError):  # what is no domain name is compared as it is written
        host = host.encode("idna").decode("ascii")
    host = host.removeprefix("www.")
    return host if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{host}:{port}"
