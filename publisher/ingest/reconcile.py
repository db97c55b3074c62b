"""Who is who: which newcomers of a pass are articles that are here already.

A guid that its system has made anew, an address that now begins with https, a page that two
sources tell: each would be mailed twice if it were taken for another article. Two articles
taken for one would lose the second. So an address alone counts only between sources, and the
same words only where they cannot be a copy on purpose.
"""

from __future__ import annotations

import enum
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from publisher.ingest.passes import Pass
from publisher.ports import Clock, Visit
from publisher.store import arrivals, arriving, leading
from publisher.store.arriving import Match, Newcomer
from publisher.store.engine import Store


class Scope(enum.Enum):
    """What it means that a pass did not tell something."""

    WHOLE = enum.auto()  # it has gone
    WINDOW = enum.auto()  # it is no longer among the newest
    INCREMENT = enum.auto()  # it has not changed
    BROKEN_OFF = enum.auto()  # nothing

    @classmethod
    def of(cls, visit: Visit) -> Scope:
        """Give the scope of a pass that has come to its end."""
        if visit.tells_all:
            return cls.WHOLE
        return cls.INCREMENT if visit.is_increment else cls.WINDOW


@dataclass(slots=True, kw_only=True)
class Found:
    """What the newcomers are. ``new`` holds the ids of those that are new.

    ``moved`` counts those that their own source had told before, and ``same`` those that
    another one had. The others wait for a pass that is not broken off.
    """

    new: array[int] = field(default_factory=lambda: array("q"))
    moved: int = 0
    same: int = 0


async def reconcile(store: Store, work: Pass, scope: Scope, clock: Clock) -> Found:
    """Make those newcomers that are known origins of the articles that they are."""
    found = Found()
    last = 0
    while True:
        async with store.write() as connection:
            newcomers = await arriving.page(connection, work.source, last)
            if not newcomers:
                return found
            arrived = await arrivals.instant(connection, clock())
            matches = await arriving.matches(connection, work.source, newcomers)
            shared = await arriving.shared_addresses(connection, work.source, newcomers)
            merged: dict[int, int] = {}
            for newcomer in newcomers:
                others = [
                    replace(other, article=merged.get(other.article, other.article))
                    for other in matches.get(newcomer.id, [])
                ]
                judge = _Judge(
                    work=work,
                    scope=scope,
                    newcomer=newcomer,
                    others=others,
                    shares_address=newcomer.url_key in shared,
                )
                same = judge.same()
                if same is not None:
                    is_own = same.source == work.source
                    await arriving.merge(
                        connection,
                        newcomer,
                        same.article,
                        leads=is_own or judge.has_no_leader(same.article),
                        arrived=arrived,
                        now=clock(),
                    )
                    merged[newcomer.id] = same.article
                    found.moved += is_own
                    found.same += not is_own
                elif not judge.is_undecided():
                    found.new.append(newcomer.id)
            await leading.leave_places(
                connection, work.source, [each.origin for each in newcomers], clock()
            )
        last = newcomers[-1].id


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """One newcomer, and the origins of older articles that have something in common with it.

    ``shares_address`` says that its source has just told others at the same address.
    """

    work: Pass
    scope: Scope
    newcomer: Newcomer
    others: Sequence[Match]
    shares_address: bool

    def same(self) -> Match | None:
        """Give an origin of the article that the newcomer is, the surest first; None if new."""
        for rule in (self._same_page, self._moved, self._same_words, self._same_address):
            for other in self.others:
                if rule(other):
                    return other
        return None

    def is_undecided(self) -> bool:
        """Say whether it may have moved, and only a whole pass can tell."""
        return self.scope is Scope.BROKEN_OFF and any(
            self._is_own(other) and self._has_same_words(other) for other in self.others
        )

    def has_no_leader(self, article: int) -> bool:
        """Say whether every origin of the article that is known here has gone."""
        return all(other.gone for other in self.others if other.article == article)

    # --- the rules

    def _same_page(self, other: Match) -> bool:
        """The same address with the same text, or under the same title unless it is used again."""
        return self._has_same_address(other) and (
            self._has_same_text(other)
            or (self._has_same_title(other) and not self._is_another_edition(other))
        )

    def _moved(self, other: Match) -> bool:
        """What its source said before and says no more, word by word.

        A window tells nothing twice on purpose, so there it need not be gone.
        """
        if not self._is_own(other) or not self._has_same_words(other):
            return False
        return self.scope is Scope.WINDOW or not self._is_there(other)

    def _same_words(self, other: Match) -> bool:
        """Word by word what another source tells, unless this source tells that one too."""
        return (
            not self._is_own(other)
            and self._has_same_words(other)
            and not self._is_told_here(other.article)
        )

    def _same_address(self, other: Match) -> bool:
        """The address of exactly one article here and there, which this source told of not yet."""
        if self._is_own(other) or self.shares_address or not self._has_same_address(other):
            return False
        articles = {each.article for each in self.others if self._has_same_address(each)}
        return len(articles) == 1 and not self._is_told_here(other.article)

    # --- what they ask

    def _is_another_edition(self, other: Match) -> bool:
        """Say whether a page has been filled anew: a daily briefing under one title and address.

        Its source still tells the one before, or has done so once, so that there are two.
        """
        editions = {
            each.article
            for each in self.others
            if self._is_own(each) and self._has_same_address(each) and self._has_same_title(each)
        }
        return self._is_own(other) and (self._is_told_here(other.article) or len(editions) > 1)

    def _is_own(self, other: Match) -> bool:
        return other.source == self.work.source

    def _has_same_address(self, other: Match) -> bool:
        return self.newcomer.url_key is not None and self.newcomer.url_key == other.url_key

    def _has_same_words(self, other: Match) -> bool:
        """Short texts count only in a source that tells all: it would still tell the other one."""
        if self._has_same_text(other) and self._has_same_title(other):
            return True
        is_same = self._is_own(other) and other.fingerprint == self.newcomer.fingerprint
        return is_same and self.scope is not Scope.WINDOW

    def _has_same_title(self, other: Match) -> bool:
        return other.title_key == self.newcomer.title_key

    def _has_same_text(self, other: Match) -> bool:
        return self.newcomer.text_key is not None and self.newcomer.text_key == other.text_key

    def _is_there(self, other: Match) -> bool:
        """Say whether its source still tells it, as far as this pass knows."""
        if other.gone or other.place == self.newcomer.place:
            return False
        if self.scope in (Scope.INCREMENT, Scope.BROKEN_OFF):
            return True
        return other.origin in self.work.present

    def _is_told_here(self, article: int) -> bool:
        return any(
            other.article == article and self._is_own(other) and self._is_there(other)
            for other in self.others
        )
