"""Articles as their upstream has them, and what it may say of each."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from datetime import datetime

# Some have letters in which encodings differ.
_WORDS = re.findall(
    r"\w+",
    """
anchor archive beacon bridge café council current dredger estuary Fähre ferry festival fishery gale
Größe harbour herring inlet island jetty keel Küste lagoon lighthouse market mooring museum naïve
orchestra quay señor storm timber tram
""",
)
_MARK = re.compile(r"Dispatch No (\d+)\.")
TAGS = ("arts", "city", "money", "sport")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What an answer says of an article: the number of the original, and where that stands."""

    number: int
    site: str
    title: str
    text: str
    published: datetime

    @property
    def html(self) -> str:
        """The whole text, with a mark that no edit touches: a test knows it again by that."""
        return f"<p>Dispatch No {self.number}.</p><p>{self.text}</p>"

    @property
    def tags(self) -> tuple[str, ...]:
        """What it is about, by its number: one of them, or two."""
        return tags_of(self.number)


@dataclass(slots=True, kw_only=True)
class Original:
    """An article of the upstream in its newest wording.

    ``told`` is its wording in the last whole answer that held it. ``first_sent`` is when any
    answer held it, ``first_told`` when a whole one did: from then on it must not be lost.
    """

    newest: Wording
    told: Wording | None = None
    first_sent: datetime | None = None
    first_told: datetime | None = None

    @classmethod
    def write(cls, chance: random.Random, number: int, site: str, published: datetime) -> Original:
        newest = Wording(
            number=number,
            site=site,
            title=write_title(chance, number),
            text=write_text(chance),
            published=published,
        )
        return cls(newest=newest)

    def edit(self, chance: random.Random) -> None:
        """Change the title or the text, unless the last such change was not told yet.

        An article whose title and text both change, and its guid as well, is another one by any
        rule; and it makes no difference if they change one by one while nobody can look.
        """
        last = self.told
        if last is None or (last.title, last.text) != (self.newest.title, self.newest.text):
            return
        if chance.random() < 0.5:
            self.newest = replace(self.newest, title=write_title(chance, last.number))
        else:
            self.newest = replace(self.newest, text=write_text(chance))

    def wording(self, site: str) -> Wording:
        """Choose what to say when it stands on a site: what is new there waits if that is new."""
        if self.told is None or site == self.told.site:
            return replace(self.newest, site=site)
        return replace(self.told, site=site)


def tags_of(number: int) -> tuple[str, ...]:
    """Give the tags of the article of a number."""
    first, second = TAGS[number % 4], TAGS[(number // 4) % 4]
    return (first, second) if number % 3 == 0 and first != second else (first,)


def number_of(text: str) -> int | None:
    """Give the number of the original that a text is of; None if it is of none."""
    found = _MARK.search(text)
    return int(found[1]) if found else None


def write_title(chance: random.Random, number: int) -> str:
    return f"{_words(chance, 4).capitalize()} ({number})"


def write_text(chance: random.Random) -> str:
    return f"{_words(chance, 40)}."


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(_WORDS, k=count))
