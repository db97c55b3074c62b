"""The way of one request: from the URL that is asked, along its redirects, to the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aiohttp import encode_basic_auth
from yarl import URL

from publisher.fetch.fault import Fault

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PERMANENT = (301, 308)
# What may be told to whoever a server redirects to; any other header may hold a secret.
_HARMLESS = frozenset({"accept", "accept-language", "if-modified-since", "if-none-match"})
# Bytes of a Location that are no UTF-8, as the client library hands them on.
_STRAY_BYTES = re.compile("[\udc80-\udcff]")
_SHOWN_LENGTH = 200
# What must not be in a header: it would end the line, or cannot be written as UTF-8.
UNFIT = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_CREDENTIALS = re.compile("^((?:[a-z][a-z0-9+.-]*:)?/*)[^/]*@", re.IGNORECASE)


class Route:
    """Where a request goes: ``url`` is what to ask now, and ``headers`` what to send there.

    ``moved`` is where the URL first asked has moved for good, and ``place`` names in a sentence
    what is being asked. Only schemes, ports and credentials are looked at here: which address
    a name stands for is known no sooner than on connecting.
    """

    def __init__(self, asked: str, headers: Mapping[str, str], most_redirects: int) -> None:
        self.place = _shown(asked)
        self.url = URL()
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.moved: str | None = None
        self._asked = asked
        self._is_moving = True
        self._redirects = 0
        self._most_redirects = most_redirects
        self._ports: set[int | None] = set(_DEFAULT_PORTS.values())

    def begin(self) -> None:
        """Turn to the URL first asked. Raises Fault if it may not be."""
        for name, value in self.headers.items():
            if UNFIT.search(value):
                raise Fault(f"the header {name} would hold a character that none may hold")
        try:
            url = URL(self._asked)
        except ValueError:
            # Its parts are not known: all that may be a password must not be shown.
            self.place = _shown(re.sub("//.*@", "//", self._asked))
            raise
        self._ports.add(url.port)
        self._turn(url)
        if url.user or url.password:
            credentials = encode_basic_auth(url.user or "", url.password or "")
            self.headers["authorization"] = credentials
            # Whoever remembered where it has moved would lose them.
            self._is_moving = False

    def redirect(self, status: int, location: str) -> None:
        """Turn to where an answer leads (RFC 9110 §15.4). Raises Fault if that may not be."""
        self._redirects += 1
        if self._redirects > self._most_redirects:
            raise Fault(f"it redirects more than {self._most_redirects} times")
        before = self.url
        try:
            target = before.join(URL(_STRAY_BYTES.sub(_percent, location)))
        except ValueError as error:
            raise Fault("it redirects to something that is no address") from error
        self.place = f"{_shown(self._asked)}, redirected to {_shown(str(target))}"
        if target.user or target.password:
            raise Fault("a redirect to an address with credentials in it is not followed")
        self._turn(target)
        if not _is_same_site(before, target):
            # For good, too: what leads back may be a stranger's wish.
            kept = self.headers.keys() & _HARMLESS
            self.headers = {name: self.headers[name] for name in kept}
        is_downgrade = before.scheme == "https" and target.scheme == "http"
        self._is_moving = self._is_moving and status in _PERMANENT and not is_downgrade
        if self._is_moving:
            self.moved = str(self.url)

    def _turn(self, url: URL) -> None:
        if url.scheme not in _DEFAULT_PORTS or not url.raw_host:
            raise Fault("this is not an http or https address")
        if url.port not in self._ports:
            raise Fault(f"port {url.port} is not one that may be asked")
        self.url = url.with_user(None).with_fragment(None)


def _is_same_site(before: URL, target: URL) -> bool:
    """Say whether both are one origin (RFC 6454 §4), or the second is the first's safer self."""
    ways = [(before.scheme, before.port), (target.scheme, target.port)]
    is_upgrade = ways == [("http", 80), ("https", 443)]
    return before.raw_host == target.raw_host and (ways[0] == ways[1] or is_upgrade)


def _percent(stray: re.Match[str]) -> str:
    return f"%{ord(stray[0]) - 0xDC00:02X}"


def _shown(url: str) -> str:
    """Show a URL of whatever kind, without its query and credentials."""
    bare = _CREDENTIALS.sub(r"\1", re.split("[?#]", url, maxsplit=1)[0])
    return "".join(c if c.isprintable() else "�" for c in bare[:_SHOWN_LENGTH])
