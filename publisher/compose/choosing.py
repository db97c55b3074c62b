"""What each reader is to be told: pure judgement over what was read from the store.

The rules, in their order, are those that `publisher.why` names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeAlias

from publisher.model import Article, Edits, Newsletter
from publisher.store.audience import Circle, Reader

Part: TypeAlias = tuple[str, tuple[int, ...]]
# What a choice depends on: up to where somebody was considered, their topics, what they had.
_Place: TypeAlias = tuple[datetime | None, str, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Choice:
    """What makes people share a rendition: a language, and the articles of each newsletter.

    Articles are ids in the order of print; the first newsletter is whose mail it is.
    """

    language: str
    parts: tuple[Part, ...]

    @property
    def article_ids(self) -> list[int]:
        """All articles, in the order of print."""
        return [id for _, ids in self.parts for id in ids]


@dataclass(frozen=True, kw_only=True)
class Pool:
    """What a newsletter has for the readers of a wave, so many ``people``.

    ``articles`` are all that came behind ``after``, as an editor has changed that by ``edits``, in
    the order of print; ``topics`` maps their ids to the topics that they belong to. What came and
    was left out by hand is ``left_out``.
    """

    newsletter: Newsletter
    circle: Circle
    people: int
    articles: Sequence[Article]
    topics: Mapping[int, frozenset[str]]
    after: datetime | None
    cut: datetime
    edits: Edits
    left_out: Sequence[Article]

    @property
    def covered(self) -> datetime:
        """Up to where articles are considered: what was left out is for the next issue."""
        came = [article.eligible for article in self.left_out if article.eligible is not None]
        return min([self.cut, *(each - timedelta(microseconds=1) for each in came)])

    @cached_property
    def article_ids(self) -> list[int]:
        """The articles' ids."""
        return [article.id for article in self.articles]

    def reaches(self, reader: Reader) -> bool:
        """Say whether the articles go back as far as this person does.

        They do not for one who came from another cadence while this issue was being made.
        """
        return self.after is None or (reader.covered is not None and reader.covered >= self.after)

    def choose(self, reader: Reader, had: frozenset[int]) -> tuple[int, ...]:
        """Choose what a person has not had and wants, and has not been considered for.

        The last is asked only of what no editor has put in.
        """
        # Most people are in the place of somebody before them.
        place = (reader.covered, reader.topics, had)
        if place not in self._chosen:
            self._chosen[place] = self._choose(*place)
        return self._chosen[place]

    @cached_property
    def _chosen(self) -> dict[_Place, tuple[int, ...]]:
        return {}

    def _choose(
        self, covered: datetime | None, topics: str, had: frozenset[int]
    ) -> tuple[int, ...]:
        wanted = frozenset(topics.split())
        age = self.newsletter.max_age
        oldest = None if age is None else self.cut - age
        return tuple(
            article.id
            for article in self.articles
            if article.id not in had
            and (not wanted or wanted & self.topics[article.id])
            and (
                article.id in self.edits.included
                or (
                    article.eligible is not None
                    and (covered is None or article.eligible > covered)
                    and (oldest is None or article.eligible > oldest)
                )
            )
        )

    def is_too_little(self, chosen: Sequence[int]) -> bool:
        """Say whether it is something, but too little for a mail: it waits for the next issue."""
        return 0 < len(chosen) < self.newsletter.min_articles


@dataclass(slots=True)
class Shelf:
    """The renditions of an issue, at most so many: their ids, None for what is yet to be made."""

    most: int
    ids: dict[Choice, int | None]
    _smaller: dict[Choice, Choice | None] = field(default_factory=dict)

    @property
    def languages(self) -> set[str]:
        """The languages in which there is a rendition already."""
        return {known.language for known, id in self.ids.items() if id is not None}

    def settle(self, choice: Choice) -> Choice | None:
        """Give what a reader gets who is to get a choice, and find a place for it.

        Where there are too many renditions already, that is the largest of those with nothing in
        it that the reader is not to get; the rest waits for their next issue. None if there is no
        such rendition.
        """
        if choice not in self.ids and len(self.ids) < self.most:
            self.ids[choice] = None
        if choice in self.ids:
            return choice
        if choice not in self._smaller:
            self._smaller[choice] = self._largest_within(choice)
        return self._smaller[choice]

    def _largest_within(self, choice: Choice) -> Choice | None:
        whole = _pairs(choice)
        within = (
            known
            for known in self.ids
            if known.language == choice.language and _pairs(known) <= whole
        )
        return max(within, key=lambda known: len(known.article_ids), default=None)


def _pairs(choice: Choice) -> frozenset[tuple[str, int]]:
    return frozenset((newsletter, id) for newsletter, ids in choice.parts for id in ids)
