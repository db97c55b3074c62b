"""Which entry is which: a guid for each, whatever its feed calls it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from publisher.content.manuscript import Manuscript

_MAX_GUID_CHARACTERS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """An entry with its guid, which no other in the feed has. ``fault`` says what is wrong.

    ``origin`` is the guid, if that is fit to be printed and told apart from others.
    """

    origin: str
    guid: str
    entry: Manuscript
    fault: str | None = None


def identify(entries: Sequence[Manuscript]) -> Iterator[Identified]:
    """Give each entry its guid: its id, else its link, else a hash of its title and text.

    Of several with one guid the first is it. Others with the same content are passed over, and
    those with another one are faulty.
    """
    by_link = _are_ids_worthless(entries)
    seen: dict[str, str] = {}
    for entry in entries:
        digest = content_digest(entry)
        guid = (None if by_link else entry.guid) or entry.url or f"sha256:{_text_digest(entry)}"
        fault = _fault(entry, guid)
        origin = guid if len(guid) <= _MAX_GUID_CHARACTERS else f"{guid[:100]}… {digest}"
        if seen.get(guid) == digest:
            continue
        if guid in seen:
            fault = (
                f'its id "{origin}" is that of another entry of the feed, which counts instead;'
                " the feed must give each its own"
            )
            # Named by its content, since its place changes with each new entry.
            origin = f"{origin} {digest}"
            if origin in seen:
                continue
            seen[origin] = digest
        seen.setdefault(guid, digest)
        yield Identified(origin=origin, guid=guid, entry=entry, fault=fault)


def content_digest(entry: Manuscript) -> str:
    """Give the same text for the same content, whenever it is said to be from.

    Many feeds give every entry the time at which they were built.
    """
    return _digest(replace(entry, published=None, updated=None))


def _are_ids_worthless(entries: Sequence[Manuscript]) -> bool:
    """Say whether one id stands in every entry, while each has a link of its own."""
    ids = {entry.guid for entry in entries}
    links = {entry.url for entry in entries}
    return len(entries) > 1 == len(ids) and len(links) == len(entries) and None not in links


def _fault(entry: Manuscript, guid: str) -> str | None:
    if not (entry.title or entry.html or entry.url):
        return "it has neither a title nor a text nor a link"
    if len(guid) > _MAX_GUID_CHARACTERS:
        return (
            f"its id is {len(guid):,} characters long; at most {_MAX_GUID_CHARACTERS:,} are taken"
        )
    return None


def _text_digest(entry: Manuscript) -> str:
    return _digest((entry.title, entry.html))


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "backslashreplace")).hexdigest()[:32]
