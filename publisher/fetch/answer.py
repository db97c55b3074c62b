"""What a server answered, and what its headers ask of us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# No server may put a source to sleep for longer than this.
_LONGEST = timedelta(days=7)
# Nine digits are thirty years: longer ones say the same, and never make a huge number.
_SECONDS = re.compile(r"([0-9]{1,9})[0-9]*")
# A directive is a token, with or without a value (RFC 9111 §5.2); garbage between is skipped.
_DIRECTIVE = re.compile(r'([!#$%&\'*+.^_`|~0-9A-Za-z-]+)(?:=("(?:[^"\\]|\\.)*"|[^\s,;]*))?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered, unpacked.

    ``url`` is where it came from in the end. ``moved`` is where the asked URL has moved for
    good (a chain of 301 and 308 from the start), None if it has not. Header names are in
    small letters.
    """

    url: str
    moved: str | None
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def place(self) -> str:
        """Where it came from, as it may stand in a message: a query may hold a key."""
        return self.url.partition("?")[0]

    @property
    def is_good(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300

    def rest(self, now: datetime) -> timedelta | None:
        """Give how long Retry-After asks to wait (RFC 9110 §10.2.3); None if it does not."""
        written = self.headers.get("retry-after", "").strip()
        if (seconds := _seconds(written)) is not None:
            return seconds
        try:
            until = parsedate_to_datetime(written)
            # Every HTTP-date is in GMT, said or not (RFC 9110 §5.6.7).
            wait = until.replace(tzinfo=until.tzinfo or UTC) - now
        except (ValueError, OverflowError):
            return None
        return min(wait, _LONGEST) if wait > timedelta(0) else None

    def fresh_for(self) -> timedelta | None:
        """Give for how long Cache-Control's max-age calls it fresh (RFC 9111 §5.2.2.1)."""
        directives: dict[str, str] = {}
        for name, value in _DIRECTIVE.findall(self.headers.get("cache-control", "")):
            # The first of several counts (RFC 9111 §4.2.1).
            directives.setdefault(name.lower(), value.strip('"'))
        if "no-cache" in directives or "no-store" in directives:
            return None
        return _seconds(directives.get("max-age", ""))


def _seconds(written: str) -> timedelta | None:
    if found := _SECONDS.fullmatch(written):
        return min(timedelta(seconds=int(found[1])), _LONGEST)
    return None
