"""What is told becomes what every database can hold, or a reason why it cannot."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from typing import Any
from urllib.parse import quote

from publisher.content.characters import clean_characters
from publisher.model import Enclosure, Person, Rejection, SourceArticle

_MOST_OCTETS = 2000


def legible(told: Any) -> Any:
    """Make every text in what was told one that a database can hold.

    A file's name may hold any octet, and a NUL ends a text on PostgreSQL.
    """
    match told:
        case str():
            return clean_characters(told.encode("utf-8", "backslashreplace").decode())
        case tuple():
            return tuple(map(legible, told))
        case SourceArticle() | Rejection() | Person() | Enclosure():
            texts = {field.name: legible(getattr(told, field.name)) for field in fields(told)}
            return replace(told, **texts)
        case _:
            return told


def bounded(told: SourceArticle | Rejection) -> SourceArticle | Rejection:
    """Refuse what has a guid or a place that is longer than an index can hold.

    PostgreSQL's take about 2,700 octets, and a guid may become part of an identity, written
    with percent signs.
    """
    if len(told.origin.encode()) > _MOST_OCTETS:
        digest = hashlib.sha256(told.origin.encode()).hexdigest()[:16]
        return Rejection(
            origin=f"{told.origin[:200]}… ({digest})",
            stamp=told.stamp,
            reason=f"where it stands has a name of more than {_MOST_OCTETS:,} octets; shorten it",
        )
    if isinstance(told, SourceArticle) and len(quote(told.guid, safe="/")) > _MOST_OCTETS:
        return Rejection(
            origin=told.origin,
            stamp=told.stamp,
            reason=f"its guid is longer than {_MOST_OCTETS:,} octets; give it a shorter one",
        )
    return told
