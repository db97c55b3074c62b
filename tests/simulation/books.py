"""The end of a year: what was caught against what was owed, and the rule for whatever was not.

Whoever was not mailed an article has a rule; `publisher.why` must name the same one.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from publisher.store import articles
from publisher.why import why
from tests.simulation.oracle import Bond, Fact, Oracle
from tests.simulation.papers import Paper
from tests.simulation.readers import address_key, mailbox
from tests.simulation.relay import Caught
from tests.simulation.rows import Row
from tests.simulation.year import Year

# What `why` may say of a rule. Articles that were considered have a rule of that time, which
# nothing keeps; it says so.
_CONSIDERED = "articles up to"
_WORDS: dict[str, tuple[str, ...]] = {
    "lost": (),  # is none
    "mailed": ("accepted on", "failed on", "being sent, or in doubt", "to be sent from"),
    "skipped": ("was not sent",),
    "withdrawn": ("the article is withdrawn",),
    "ahead": ("it is not to be out before",),
    "never read": ("they do not read it",),
    "left": ("they do not read it any more",),
    "not confirmed": ("and have not confirmed",),
    "suppressed": ("the address is suppressed",),
    "paused": ("they get nothing before",),
    "stranded": ("the newsletter has no cadence",),
    "had elsewhere": ("they have it from",),
    "not selected": ("the newsletter does not select it",),
    "topics": ("it is of none of the topics",),
    "too old": ("(max_age)",),
    "waits": ("it waits for their next issue",),
    "before": ("before they joined on", _CONSIDERED),
    "passed by": (_CONSIDERED, "before they joined on"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A reader and an article, and what became of it by a newsletter: a key of ``_WORDS``."""

    person: int
    paper: str
    number: int
    rule: str


class Books:
    """Closes the books of a year."""

    def __init__(self, year: Year, mails: dict[int, Row]) -> None:
        self._oracle: Oracle = year.oracle
        self._papers: dict[str, Paper] = {paper.slug: paper for paper in year.papers}
        self._year = year
        self._now: datetime = year.clock()
        # Which mails have an article for a reader: (mail, newsletter whose article it is).
        self._carried: dict[tuple[int, int], list[tuple[Row, str]]] = defaultdict(list)
        for row in mails.values():
            person = year.readers.person_of[row.subscriber]
            for slug, numbers in year.proof.rows.contents[row.rendition].items():
                for number in numbers:
                    self._carried[person, number].append((row, slug))

    def doubled(self, caught: Caught) -> list[tuple[str, str, int]]:
        """List what reached somebody twice, by one account."""
        times: Counter[tuple[str, str, int]] = Counter()
        for (recipient, slug, number), count in caught.times.items():
            times[recipient, self._papers[slug].account, number] += count
        return [key for key, count in times.items() if count > 1]

    def differing(self, caught: Caught) -> list[tuple[str, str, int, str]]:
        """List what was caught and not accepted, or the other way round. Doubt is allowed."""
        states = {
            (mailbox(person), slug, number): row
            for (person, number), rows in self._carried.items()
            for row, slug in sorted(rows, key=lambda each: each[0].state == "accepted")
        }
        return [
            (*key, row.state if row else "nothing")
            for key in states.keys() | caught.times.keys()
            for row in [states.get(key)]
            if row is None
            or (
                (row.state == "accepted") != bool(caught.times[key])
                and row.state != "sending"  # in doubt, where the policy is to ask
                and "doubt" not in row.reply
            )
        ]

    def pairs(self) -> Iterator[Pair]:
        """Give every reader and article with what became of it, newsletter by newsletter."""
        for person in range(self._year.readers.count):
            for fact in self._oracle.facts.values():
                for paper in self._papers.values():
                    rule = self._rule(person, fact, paper)
                    yield Pair(person=person, paper=paper.slug, number=fact.number, rule=rule)

    def _rule(self, person: int, fact: Fact, paper: Paper) -> str:
        carried = [
            row
            for row, slug in self._carried[person, fact.number]
            if paper.slug in (slug, self._newsletter_of(row))
        ]
        bond = self._oracle.bonds.get((person, paper.slug))
        if bond is not None and self._is_lost(bond, fact, paper):
            return "lost"
        if carried:
            return "skipped" if all(row.state == "skipped" for row in carried) else "mailed"
        return (
            self._of_article(fact)
            or self._of_person(bond, paper)
            or self._of_ledger(person, fact, paper)
            or self._of_time(bond, fact, paper)
        )

    def _is_lost(self, bond: Bond, fact: Fact, paper: Paper) -> bool:
        """Say whether it was left out for being in a mail that they never got."""
        had = self._oracle.had[bond.person, paper.account]
        return (
            bond.state == "active"
            and bond.judged.get(fact.number) == "had"
            and fact.number not in had
        )

    def _newsletter_of(self, row: Row) -> str:
        return next(w.paper for w in self._year.proof.rows.waves.values() if w.issue == row.issue)

    def _of_article(self, fact: Fact) -> str | None:
        if fact.state != "live":
            return "withdrawn"
        assert fact.eligible is not None
        return "ahead" if fact.eligible > self._now else None

    def _of_person(self, bond: Bond | None, paper: Paper) -> str | None:
        if bond is None:
            return "never read"
        paused = bond.wishes.paused_until
        rules = {
            "left": bond.state == "ended",
            "not confirmed": bond.state == "pending",
            "suppressed": bond.is_suppressed,
            "paused": paused is not None and paused > self._now,
            "stranded": bond.wishes.cadence not in paper.cadences,
        }
        return next((rule for rule, holds in rules.items() if holds), None)

    def _of_ledger(self, person: int, fact: Fact, paper: Paper) -> str | None:
        had = paper.is_shared and fact.number in self._oracle.had[person, ""]
        return "had elsewhere" if had else None

    def _of_time(self, bond: Bond | None, fact: Fact, paper: Paper) -> str:
        assert bond is not None
        assert fact.eligible is not None
        if not paper.selects(fact.source, fact.tags):
            return "not selected"
        if bond.wishes.topics and fact.tags.isdisjoint(bond.wishes.topics):
            return "topics"
        if fact.number in bond.open:
            is_old = paper.age is not None and self._now - fact.eligible >= paper.age
            return "too old" if is_old else "waits"
        return "before" if bond.judged[fact.number] == "before" else "passed by"

    async def misnamed(self, pairs: list[Pair], chance: random.Random, most: int) -> list[str]:
        """Ask `why` of so many pairs of each rule; list the answers that name another one."""
        by_rule: dict[str, list[Pair]] = defaultdict(list)
        for pair in pairs:
            by_rule[pair.rule].append(pair)
        asked = {
            (pair.person, pair.number)
            for those in by_rule.values()
            for pair in chance.sample(those, min(most, len(those)))
        }
        app, wrong = self._year.app, []
        rules = {(pair.person, pair.number, pair.paper): pair.rule for pair in pairs}
        async with app.store.read() as connection:
            stored = [article async for article in articles.listing(connection)]
        by_number = {self._year.proof.rows.numbers[article.id]: article for article in stored}
        for person, number in sorted(asked):
            for reason in await why(
                app.store,
                app.config.newsletters,
                address_key=address_key(person),
                article=by_number[number],
                clock=app.clock,
            ):
                rule = rules[person, number, reason.newsletter]
                if not any(words in reason.words for words in _WORDS[rule]):
                    wrong.append(f"p{person} {number} {reason.newsletter}: {rule}: {reason.words}")
        return wrong
