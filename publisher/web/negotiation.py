"""The conditional and the coded request (RFC 9110 §8.8, §12.5, §13): pure questions of fields.

Feed readers poll; what is decided here is most of a publisher's traffic. Fields are mapped from
lower-case names, as bytes: nothing is decoded that is not asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TypeAlias

from publisher.model import Coding, Format

Fields: TypeAlias = Mapping[bytes, bytes]

_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")  # RFC 9110 §12.4.2
_LONGEST_DATE = len("Wednesday, 06-Nov-94 08:49:37 GMT")
_TAG = re.compile(r'"[^"]*"')

# What each format may be asked for as: first its own type, then those of all XML or JSON.
_TYPES = {
    Format.RSS: ("application/rss+xml", "application/xml", "text/xml"),
    Format.ATOM: ("application/atom+xml", "application/xml", "text/xml"),
    Format.JSON: ("application/feed+json", "application/json"),
}


def fields_of(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Map the fields of a request; several of one name are one list (RFC 9110 §5.3)."""
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        fields[name] = fields[name] + b", " + value if name in fields else value
    return fields


@lru_cache(maxsize=256)
def welcome(accept_encoding: bytes) -> tuple[Coding | None, ...]:
    """Give the codings that a client likes best, all of them equally; None stands for no coding.

    No coding is what a client gets that names none that we have (RFC 9110 §12.5.3). One that
    refuses even that gets gzip unless it refuses it too: an answer serves it better than 406.
    """
    weights = _weights(accept_encoding)
    if "x-gzip" in weights:  # RFC 9110 §8.4.1.3: gzip's other name
        weights.setdefault(Coding.GZIP, weights["x-gzip"])
    rest = weights.get("*")
    liked: dict[Coding | None, float] = {
        coding: weights.get(coding, rest or 0.0) for coding in Coding
    }
    plain = weights.get("identity", rest)
    liked[None] = plain or 0.0
    best = max(liked.values())
    if best > 0:
        return tuple(coding for coding, weight in liked.items() if weight == best)
    return (Coding.GZIP,) if plain == 0 and weights.get(Coding.GZIP, rest) is None else (None,)


@lru_cache(maxsize=256)
def wanted_format(accept: bytes, formats: tuple[Format, ...]) -> Format | None:
    """Choose a feed's format for a client; None if it likes a web page as much (§12.5.1).

    Of formats that it likes equally it gets the one that comes first.
    """
    weights = _weights(accept)
    best, chosen = _weight(weights, "text/html"), None
    for format in formats:
        weight = _weight(weights, *_TYPES[format])
        if weight > best:
            best, chosen = weight, format
    return chosen


def _weight(weights: Mapping[str, float], *types: str) -> float:
    """Say how much a client likes a type: what it says of it counts before what of its kind."""
    own = weights.get(types[0])
    if own is not None:
        return own
    others = [weights[name] for name in types[1:] if name in weights]
    if others:
        return max(others)
    return weights.get(f"{types[0].partition('/')[0]}/*", weights.get("*/*", 0.0))


def _weights(field: bytes) -> dict[str, float]:
    """Read a list of names with weights; what is none of these is left out."""
    weights: dict[str, float] = {}
    for part in field.decode("latin-1").split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        if name and _WEIGHT.fullmatch(weight):
            weights[name] = float(weight)
    return weights


def manipulations(fields: Fields) -> frozenset[str]:
    """Name the instance manipulations that a client takes (RFC 3229 §10.5.3)."""
    weights = _weights(fields.get(b"a-im", b""))
    return frozenset(name for name, weight in weights.items() if weight > 0)


def named_tags(fields: Fields) -> list[str]:
    """Give the quoted tags of If-None-Match, for weak comparison (RFC 9110 §8.8.3.2).

    So W/ is passed over; proxies that compress put it.
    """
    return _TAG.findall(fields.get(b"if-none-match", b"").decode("latin-1"))


def known_tag(fields: Fields, tags: Sequence[str], modified: datetime | None) -> str | None:
    """Give the tag of what the client has, if it is what we have; None if it needs our bytes.

    ``tags`` are those of every coding, quoted, the one that we would send first. A client that
    names another coding's tag has the same content, and is answered by the name that it knows:
    caches freshen what they keep under the tag in the 304 (RFC 9111 §4.3.4). ``modified`` is
    None where no date is told.
    """
    if b"if-none-match" in fields:  # RFC 9110 §13.2.2: then the date says nothing
        if fields[b"if-none-match"].strip() == b"*":
            return tags[0]
        named = named_tags(fields)
        return next((tag for tag in tags if tag in named), None)
    if modified is None or b"if-modified-since" not in fields:
        return None
    since = _moment(fields[b"if-modified-since"].decode("latin-1"))
    # Compared, not tested for equality: readers make dates up.
    return tags[0] if since is not None and modified <= since else None


def _moment(field: str) -> datetime | None:
    """Read an HTTP-date in any of its three forms (RFC 9110 §5.6.7); None if it is not one."""
    if len(field) > _LONGEST_DATE:  # two of them, which Python would read as the first
        return None
    try:
        moment = parsedate_to_datetime(field)
    except (ValueError, OverflowError):
        return None
    # asctime's form names no zone; it is UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
