"""What both readers of feeds make, and the values that they check alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from publisher.content.characters import clean_line
from publisher.content.fields import is_language
from publisher.content.links import absolute
from publisher.content.manuscript import Manuscript
from publisher.content.plain import plain_text
from publisher.model import Enclosure, Person

MAX_ENTRIES = 5000

_EMAIL = re.compile(r"""[^@\s<>()"',;:]{1,64}@[^@\s<>()"',;:]{1,255}""")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A feed as read: its entries in its own order, each without a guid if it names none.

    ``rest`` is for how long it says that nothing new will come. ``hub`` tells subscribers of
    news (WebSub §4), ``self_url`` is what they ask it for. ``is_cut`` says that the document has
    no end, so that there may be more.
    """

    entries: tuple[Manuscript, ...]
    rest: timedelta | None = None
    hub: str | None = None
    self_url: str | None = None
    is_cut: bool = False


def person(name: str, email: str = "", url: str = "", base: str = "") -> Person | None:
    """Make a person of what is usable; None without a name. An address may be the name."""
    email = email.strip().removeprefix("mailto:")
    name = clean_line(name) or clean_line(email)
    if not name:
        return None
    return Person(
        name=name,
        email=email if _EMAIL.fullmatch(email) else None,
        url=absolute(url, base),
    )


def people(found: Iterable[Person | None]) -> tuple[Person, ...]:
    """List each once: whoever is named twice is taken with what is known from both."""
    known: dict[str, Person] = {}
    for one in found:
        if one is not None:
            other = known.get(one.name, one)
            known[one.name] = Person(
                name=one.name, email=other.email or one.email, url=other.url or one.url
            )
    return tuple(known.values())


def enclosure(url: str, media_type: str, length: str, base: str) -> Enclosure | None:
    """Make an enclosure; None without a web address."""
    target = absolute(url, base)
    if target is None:
        return None
    media_type = media_type.strip()
    length = length.strip()
    return Enclosure(
        url=target,
        media_type=media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream",
        length_bytes=int(length) if _LENGTH.fullmatch(length) else 0,
    )


def language(*tags: str | None) -> str | None:
    """Give the first of these that has the shape of a language tag."""
    written = [(tag or "").strip().replace("_", "-") for tag in tags]
    return next(filter(is_language, written), None)


def line(html: str) -> str:
    """Make one line of plain text of HTML; "" if no reader could make sense of it."""
    try:
        return clean_line(plain_text(html))
    except ValueError:
        return ""
