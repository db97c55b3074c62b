"""What two tellings of one article have in common: the keys by which ingest knows it again.

Each key errs on the side of telling two articles apart, since taking two for one would lose
the second.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from publisher.content.fields import is_web_url

# Parameters that say how a reader came to a page, and never which page it is.
_TRACKING = re.compile(
    r"(?:utm|mtm|pk|piwik|matomo|hsa|oly|vero|at|ns|itm|wt|_hs)_.+|_ga|_gl|_ke|_hsenc|_hsmi"
    r"|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|igsh|li_fat_id"
    r"|mc_cid|mc_eid|mkt_tok|s_kwcid|cmpid|ncid|xtor|ftag|smid|spm|__twitter_impression",
    re.IGNORECASE,
)
# And these do so only with such a value.
_COMING_FROM = re.compile(r"ref|source|src|from|via|feed|partner", re.IGNORECASE)
_RSS = re.compile(r"rss\d*|atom|feed|feedburner|newsletter|e?mail|homepage|home", re.IGNORECASE)
_MOST_OCTETS = 1000
_DEFAULT_PORTS = {"http": 80, "https": 443}

_NO_LETTERS = re.compile(r"[\W_]+")

# Shorter texts are alike by chance: "No news today."
_LEAST_CHARACTERS = 140


def keys(values: Mapping[str, Any]) -> dict[str, str | None]:
    """Make the columns of an origin that come from the ``url``, ``title`` and ``text`` it told."""
    return {
        "url_key": url_key(values["url"]),
        "title_key": title_key(values["title"]),
        "text_key": text_key(values["text"]),
    }


def url_key(url: str | None) -> str | None:
    """Give the same text for the spellings of one page's address; None if it names no page.

    Scheme, a leading www, letter case of the host, default ports, tracking parameters, their
    order, the fragment and a final slash make no difference. The address of a whole site
    names no article.
    """
    if url is None or not is_web_url(url):
        return None
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").removeprefix("www.")
        port = parts.port
    except ValueError:
        return None
    parameters = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode(sorted(each for each in parameters if _names_a_page(each)))
    path = re.sub(r"/{2,}", "/", parts.path).removesuffix("/")
    if not path and not query:
        return None
    at = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    key = f"{host}{at}{path}" + (f"?{query}" if query else "")
    octets = key.encode("utf-8", "surrogatepass")
    # An index holds no text of any length.
    return key if len(octets) <= _MOST_OCTETS else f"sha256:{hashlib.sha256(octets).hexdigest()}"


def _names_a_page(parameter: tuple[str, str]) -> bool:
    name, value = parameter
    return not (
        _TRACKING.fullmatch(name) or (_COMING_FROM.fullmatch(name) and _RSS.fullmatch(value))
    )


def title_key(title: str) -> str:
    """Give the same text for titles that differ in letter case, blanks and punctuation only."""
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKC", title).casefold())


def text_key(text: str) -> str | None:
    """Give the same text for the same words; None if there are too few of them.

    How the words are marked up, spaced and punctuated makes no difference, as a move to
    another system changes all of that.
    """
    words = title_key(text)
    if len(words) < _LEAST_CHARACTERS:
        return None
    return hashlib.sha256(words.encode()).hexdigest()
