"""What each reader is owed, judged pair by pair: no query, no cover, nothing of the code tested.

For each bond of a reader to a newsletter every article is open until an issue has judged it for
them; then it was carried, or a rule is noted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from publisher.model import Wishes
from tests.simulation.papers import Paper

# A mail: the newsletters in it, each with its numbers.
Mail: TypeAlias = dict[str, set[int]]
# No issue considers more articles than these, the last to come: as many as it may carry.
_MOST = 500


@dataclass(slots=True, kw_only=True)
class Fact:
    """An article as it stands. ``eligible`` is from when it may be mailed, None for never."""

    number: int
    source: str
    tags: frozenset[str]
    state: str
    eligible: datetime | None

    def is_open(self, cut: datetime) -> bool:
        return self.eligible is not None and self.eligible <= cut


@dataclass(slots=True, kw_only=True)
class Bond:
    """A reader's subscription, and what became of each number that its newsletter selects."""

    person: int
    paper: str
    id: int
    wishes: Wishes
    state: str
    confirmed: datetime | None = None
    is_suppressed: bool = False
    is_new: bool = False  # no issue of its cadence has ever been, and none has judged for it
    open: set[int] = field(default_factory=set)
    judged: dict[int, str] = field(default_factory=dict)

    def reads(self, paper: Paper, wave: Wave, now: datetime) -> bool:
        """Say whether it is of a wave that is made now."""
        paused = self.wishes.paused_until
        return (
            self.state == "active"
            and not self.is_suppressed
            and self.paper == paper.slug == wave.paper
            and self.wishes.cadence == wave.cadence
            and wave.own_time in ("*", str(self.wishes.own_time))
            and (paused is None or paused <= now)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """A row of waves, with its issue."""

    id: int
    issue: int
    paper: str
    cadence: str
    slot: str
    own_time: str
    due: datetime
    state: str
    cut: datetime | None


class Oracle:
    """Knows the articles, the bonds, and what each reader has had by each account."""

    def __init__(self) -> None:
        self.facts: dict[int, Fact] = {}
        self.bonds: dict[tuple[int, str], Bond] = {}
        self.had: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
        self.cuts: dict[tuple[str, str], datetime] = {}
        self.got: set[tuple[int, int]] = set()  # (issue, person)
        self._newest: dict[tuple[str, datetime], set[int]] = {}

    # --- what happens

    def learn(self, fact: Fact, papers: Iterable[Paper]) -> None:
        """Take note of an article that is new, or has changed."""
        self._newest.clear()
        known = self.facts.get(fact.number)
        self.facts[fact.number] = fact
        is_newer = (
            known is not None
            and known.eligible is not None
            and fact.eligible is not None
            and fact.eligible > known.eligible
        )
        if known is not None and not is_newer:
            return
        for bond in self.bonds_of(paper.slug for paper in papers if self._selects(paper, fact)):
            bond.judged.pop(fact.number, None)
            bond.open.add(fact.number)

    def begin(self, bond: Bond, paper: Paper, now: datetime) -> None:
        """Let a bond begin, or begin anew: what its cadence has dealt with is behind it."""
        is_instant = paper.is_instant(bond.wishes.cadence)
        behind = now if is_instant else self.cuts.get((paper.slug, bond.wishes.cadence))
        bond.state, bond.confirmed = "active", now
        bond.open, bond.judged, bond.is_new = set(), {}, behind is None
        for fact in self.facts.values():
            if self._selects(paper, fact):
                if behind is not None and fact.is_open(behind):
                    bond.judged[fact.number] = "before"
                else:
                    bond.open.add(fact.number)

    def take_back(self, person: int, delivery: int) -> None:
        """Let a mail be as never made."""
        for (whose, account), had in self.had.items():
            if whose == person:
                kept = {number: by for number, by in had.items() if by != delivery}
                self.had[whose, account] = kept

    def open_from(self, bond: Bond, oldest: datetime) -> None:
        """Judge anew what came from then on."""
        for number in list(bond.judged):
            eligible = self.facts[number].eligible
            if eligible is not None and eligible >= oldest:
                del bond.judged[number]
                bond.open.add(number)

    def bonds_of(self, slugs: Iterable[str]) -> Iterator[Bond]:
        wanted = set(slugs)
        return (bond for bond in self.bonds.values() if bond.paper in wanted)

    # --- what is owed

    def expect(
        self, wave: Wave, papers: Mapping[str, Paper], meeting: Sequence[Wave], now: datetime
    ) -> dict[int, Mail]:
        """Say who is to get what by a wave; whoever is to get nothing has been considered."""
        assert wave.cut is not None
        paper = papers[wave.paper]
        mails: dict[int, Mail] = {}
        for bond in list(self.bonds_of([paper.slug])):
            if not bond.reads(paper, wave, now) or (wave.issue, bond.person) in self.got:
                continue
            wanted = self._wanted(bond, paper, wave.cut, set())
            if 0 < len(wanted) < paper.least:
                continue
            if not wanted:
                self.judge(bond, paper, wave.cut)
                continue
            mail = mails[bond.person] = {paper.slug: wanted}
            for other in meeting:
                also = self.bonds.get((bond.person, other.paper))
                behind = papers[other.paper]
                if also is None or not also.reads(behind, other, now):
                    continue
                if (other.issue, bond.person) in self.got:
                    continue
                told = set().union(*mail.values())
                more = self._wanted(also, behind, wave.cut, told)
                if more and len(more) >= behind.least:
                    mail[behind.slug] = more
        return mails

    def carry(self, person: int, delivery: int, mail: Mail, papers: Mapping[str, Paper]) -> None:
        """Take note of a mail that was made."""
        for slug, numbers in mail.items():
            had = self.had[person, papers[slug].account]
            assert not had.keys() & numbers, f"p{person} is to get {had.keys() & numbers} again"
            had |= dict.fromkeys(numbers, delivery)

    def judge(self, bond: Bond, paper: Paper, cut: datetime) -> None:
        """Note what kept each open article out that an issue had before it."""
        newest = self._newest_of(paper, cut)
        for number in sorted(bond.open):
            if self.facts[number].is_open(cut):
                bond.judged[number] = self._rule(bond, paper, number, cut, newest)
        bond.open -= bond.judged.keys()
        bond.is_new = False

    def _wanted(self, bond: Bond, paper: Paper, cut: datetime, told: set[int]) -> set[int]:
        newest = self._newest_of(paper, cut)
        return {
            number
            for number in bond.open
            if number not in told
            and self.facts[number].is_open(cut)
            and self._rule(bond, paper, number, cut, newest) == "carried"
        }

    def _rule(self, bond: Bond, paper: Paper, number: int, cut: datetime, newest: set[int]) -> str:
        fact = self.facts[number]
        assert fact.eligible is not None
        if fact.state != "live":
            return "withdrawn"
        if self._is_behind(bond, paper, fact.eligible):
            return "before"
        if number in self.had[bond.person, paper.account]:
            return "had"
        if bond.wishes.topics and fact.tags.isdisjoint(bond.wishes.topics):
            return "topics"
        if paper.age is not None and fact.eligible <= cut - paper.age:
            return "age"
        return "carried" if number in newest else "flood"

    def _is_behind(self, bond: Bond, paper: Paper, eligible: datetime) -> bool:
        """Say whether it came before somebody who begins with instant mails."""
        is_instant = paper.is_instant(bond.wishes.cadence)
        return bond.is_new and is_instant and eligible <= (bond.confirmed or eligible)

    def _newest_of(self, paper: Paper, cut: datetime) -> set[int]:
        if (paper.slug, cut) not in self._newest:
            found = sorted(
                (fact.eligible, fact.number)
                for fact in self.facts.values()
                if fact.eligible is not None
                and fact.state == "live"
                and fact.is_open(cut)
                and self._selects(paper, fact)
            )
            self._newest[paper.slug, cut] = {number for _, number in found[-_MOST:]}
        return self._newest[paper.slug, cut]

    def _selects(self, paper: Paper, fact: Fact) -> bool:
        return paper.selects(fact.source, fact.tags)
