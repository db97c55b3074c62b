"""What a page's JSON-LD says of its article (schema.org Article and its kinds)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import unescape
from typing import Any

from publisher.content.characters import clean_line
from publisher.content.fields import is_web_url
from publisher.model import Person

_MAX_DEPTH = 6


class Linked:
    """One article's properties, each read leniently: what has another shape is not there."""

    def __init__(self, properties: dict[str, Any]) -> None:
        self._properties = properties

    def line(self, *names: str) -> str | None:
        """Give the first of these properties that holds text."""
        for name in names:
            value = _first(self._properties.get(name))
            if isinstance(value, str) and (line := _line(value)):
                return line
        return None

    def people(self, name: str) -> tuple[Person, ...]:
        """Give persons and organisations by name."""
        people = []
        for entry in _listed(self._properties.get(name)):
            person = entry if isinstance(entry, dict) else {"name": entry}
            written, url = _first(person.get("name")), person.get("url")
            if isinstance(written, str) and (line := _line(written)):
                is_page = isinstance(url, str) and is_web_url(url)
                people.append(Person(name=line, url=url if is_page else None))
        return tuple(people)

    def keywords(self) -> tuple[str, ...]:
        """Give the keywords, written as a list or as one text with commas."""
        words = [
            clean_line(word)
            for entry in _listed(self._properties.get("keywords"))
            if isinstance(entry, str)
            for word in unescape(entry).split(",")
        ]
        return tuple(dict.fromkeys(filter(None, words)))

    def image(self) -> str | None:
        """Give the first image's URL, which may be relative."""
        image = _first(self._properties.get("image"))
        url = image.get("url") if isinstance(image, dict) else image
        return url if isinstance(url, str) else None


def read_linked(scripts: list[str]) -> Linked:
    """Find the first article in the page's JSON-LD scripts; an empty one when there is none.

    Scripts that are no JSON are passed over: half the web's are broken, and the page's meta
    elements say the same.
    """
    for script in scripts:
        try:
            found = next(_articles(json.loads(script), 0), None)
        except (ValueError, RecursionError):
            continue
        if found is not None:
            return Linked(found)
    return Linked({})


def _articles(value: object, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _articles(entry, depth + 1)
    elif isinstance(value, dict):
        kinds = _listed(value.get("@type"))
        if any(isinstance(k, str) and k.endswith(("Article", "BlogPosting")) for k in kinds):
            yield value
        yield from _articles(value.get("@graph"), depth + 1)


def _line(written: str) -> str:
    # JSON knows no character references, and the most common plugins write them all the same.
    return clean_line(unescape(written))


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _first(value: object) -> Any:
    return next(iter(_listed(value)), None)
