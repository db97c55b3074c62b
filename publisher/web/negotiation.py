"""The conditional and the coded request (RFC 9110 §8.8, §12.5.3, §13): pure questions of fields.

Feed readers poll; what is decided here is most of a publisher's traffic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from starlette.datastructures import Headers

_CODING = re.compile(r"([A-Za-z0-9*-]+)(?:\s*;\s*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")
_TAG = re.compile(r'"[^"]*"')


def prefers_gzip(headers: Headers) -> bool:
    """Say whether gzip is allowed, and at least as welcome as no coding (RFC 9110 §12.5.3)."""
    weights: dict[str, float] = {}
    for part in ",".join(headers.getlist("accept-encoding")).split(","):
        if found := _CODING.fullmatch(part.strip()):
            weights[found[1].lower()] = float(found[2] or 1)
    # RFC 9110 §8.4.1.3: x-gzip is gzip's other name.
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def known_tag(headers: Headers, tags: Sequence[str], modified: datetime) -> str | None:
    """Give the tag of what the client has, if it is what we have; None if it needs our bytes.

    ``tags`` are those of every coding, quoted, the one that we would send first. A client that
    names another coding's tag has the same content, and is answered by the name that it knows:
    caches freshen what they keep under the tag in the 304 (RFC 9111 §4.3.4).
    """
    fields = headers.getlist("if-none-match")
    if fields:  # RFC 9110 §13.2.2: then the date says nothing
        if any(field.strip() == "*" for field in fields):
            return tags[0]
        # RFC 9110 §8.8.3.2: weak comparison, so W/ is passed over; proxies that compress put it.
        named = {tag for field in fields for tag in _TAG.findall(field)}
        return next((tag for tag in tags if tag in named), None)
    since = _moment(headers.getlist("if-modified-since"))
    # Compared, not tested for equality: readers make dates up.
    return tags[0] if since is not None and modified <= since else None


def _moment(fields: Sequence[str]) -> datetime | None:
    """Read an HTTP-date in any of its three forms (RFC 9110 §5.6.7); None if it is not one."""
    if len(fields) != 1:
        return None
    try:
        moment = parsedate_to_datetime(fields[0])
    except (ValueError, OverflowError):
        return None
    # asctime's form names no zone; it is UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
