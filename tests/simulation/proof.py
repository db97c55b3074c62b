"""After each step: what the database has, held against what the oracle and the almanac expect."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from publisher.ports import Clock
from publisher.store.engine import Store
from tests.simulation.almanac import Almanac, Name
from tests.simulation.oracle import Mail, Oracle, Wave
from tests.simulation.papers import Paper
from tests.simulation.rows import Row, Rows

# A newsletter that may have fewer renditions than these has to leave readers parts.
_PLENTY = 100


class Proof:
    """Expects, reads and compares; fails where something is not as it should be.

    ``person_of`` maps the database's ids of subscribers to people; ``counts`` says what was met.
    """

    def __init__(
        self, papers: Sequence[Paper], oracle: Oracle, person_of: dict[int, int], clock: Clock
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.rows = Rows()
        self._papers = papers
        self._oracle = oracle
        self._person_of = person_of
        self._clock = clock
        self._almanac = Almanac()
        self._moved: set[str] = set()

    def open(self, store: Store) -> None:
        """Read a store from now on, under papers that may have changed."""
        self._moved |= self._almanac.open(self._papers, self._clock())
        self.rows.store = store

    async def learn(self) -> None:
        """Take note of what came in, was changed or went."""
        for fact in await self.rows.changed_facts():
            self._oracle.learn(fact, self._papers)

    # --- issues

    def expect(self) -> dict[Name, bool]:
        """Say which waves a clock has to make that rings now, and which of them are missed."""
        return {
            name: is_missed
            for paper in self._papers
            for name, is_missed in self._almanac.ring(
                paper, self._chosen(paper), self._clock()
            ).items()
        }

    def _chosen(self, paper: Paper) -> dict[str, set[str]]:
        chosen: dict[str, set[str]] = defaultdict(set)
        for bond in self._oracle.bonds_of([paper.slug]):
            if bond.state == "active" and str(bond.wishes.own_time):
                chosen[bond.wishes.cadence].add(str(bond.wishes.own_time))
        return chosen

    async def compare(self, expected: dict[Name, bool]) -> None:
        """See what the clock has made."""
        before = set(self.rows.waves)
        changed = await self.rows.changed_waves()
        made = {
            (wave.paper, wave.cadence, wave.slot, wave.own_time): wave.state == "missed"
            for wave in changed
            if wave.id not in before and "." not in wave.slot
        }
        self.counts["slots missed"] += sum(made.values())
        self._almanac.note(made)
        settled = {name for name in expected.keys() | made.keys() if name[0] not in self._moved}
        wrong = {name for name in settled if expected.get(name) != made.get(name)}
        assert not wrong, "\n".join(
            f"{self._clock()} {name}: expected {expected.get(name)}, is {made.get(name)}"
            for name in sorted(wrong)
        )
        self._moved.clear()
        await self._compare_mails(changed)

    async def _compare_mails(self, changed: Sequence[Wave]) -> None:
        """Compare what the waves that were composed now have made with what they should have."""
        rows = {
            (row.issue, self._person_of[row.subscriber]): row for row in await self.rows.new_rows()
        }
        by_slug = {paper.slug: paper for paper in self._papers}
        order = list(by_slug)
        composed = sorted(
            (wave for wave in changed if wave.state == "composed"),
            key=lambda wave: (order.index(wave.paper), wave.due, wave.id),
        )
        for wave in composed:
            self.counts["waves"] += 1
            meeting = [
                other
                for other in composed
                if other.due == wave.due
                and order.index(other.paper) > order.index(wave.paper)
                and by_slug[wave.paper].is_merged
                and by_slug[other.paper].is_merged
            ]
            for person, mail in self._oracle.expect(wave, by_slug, meeting, self._clock()).items():
                self._adopt(wave, person, mail, rows.pop((wave.issue, person), None), by_slug)
        assert not rows, f"{self._clock()} nobody expected {rows}"
        for wave in changed:
            if wave.cut is not None:
                cadence = (wave.paper, wave.cadence)
                self._oracle.cuts[cadence] = max(wave.cut, self._oracle.cuts.get(cadence, wave.cut))

    def _adopt(
        self,
        wave: Wave,
        person: int,
        mail: Mail,
        row: Row | None,
        by_slug: dict[str, Paper],
    ) -> None:
        got = self.rows.contents[row.rendition] if row else {}
        is_bounded = by_slug[wave.paper].renditions < _PLENTY
        where = self._told(wave, person, mail, got)
        if is_bounded and got != mail:
            self.counts["mails cut short"] += 1
            assert all(numbers <= mail.get(slug, set()) for slug, numbers in got.items()), where
        else:
            assert got == mail, where
        if row is None:
            return
        self._oracle.got.add((wave.issue, person))
        self._oracle.carry(person, row.id, got, by_slug)
        self.counts["merged mails"] += len(got) > 1
        if got == mail:
            assert wave.cut is not None
            for slug in mail:
                self._oracle.judge(self._oracle.bonds[person, slug], by_slug[slug], wave.cut)

    def _told(self, wave: Wave, person: int, mail: Mail, got: Mail) -> str:
        """Tell of a mail that is not as it should be."""
        oracle = self._oracle
        lines = [f"{self._clock()} {wave}", f"p{person}: owed {mail}, got {got}"]
        for slug in mail.keys() | got.keys():
            lines += map(str, (slug, oracle.bonds.get((person, slug))))
            differing = mail.get(slug, set()) ^ got.get(slug, set())
            lines += [str(oracle.facts[number]) for number in sorted(differing)]
        return "\n".join(lines)

    # --- mails

    async def settle(self) -> None:
        """Take note of what became of mails."""
        for row in await self.rows.settled_rows():
            self.counts[f"mails {row.state}"] += 1
            if row.state == "skipped":
                self._take_back(row)

    def _take_back(self, row: Row) -> None:
        """Let a mail that was skipped be owed again, by whichever newsletter may tell of it."""
        person = self._person_of[row.subscriber]
        self._oracle.take_back(person, row.id)
        for slug, numbers in self.rows.contents[row.rendition].items():
            oldest = min(filter(None, (self._oracle.facts[n].eligible for n in numbers)))
            for (whose, _), bond in self._oracle.bonds.items():
                was_there = bond.confirmed is not None and bond.confirmed <= oldest
                if whose == person and (bond.paper == slug or was_there):
                    self._oracle.open_from(bond, oldest)
