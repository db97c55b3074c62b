"""Readers who come and go, choose, and change their minds, by the verbs that pages call."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from publisher import subscribe
from publisher.app import App
from publisher.mail import address as addresses
from publisher.model import OwnTime, Wishes
from publisher.ports import Clock
from publisher.store import subscribers, suppressions
from publisher.tokens import Purpose
from tests.simulation.oracle import Bond, Oracle
from tests.simulation.papers import Paper
from tests.simulation.schedules import ZONES

PAUSE = timedelta(days=10)  # the longest
_CONSENT = {"by": "simulation"}


def mailbox(person: int) -> str:
    return f"p{person}@example.org"


def address_key(person: int) -> str:
    return addresses.key(addresses.parse(mailbox(person)))


class Readers:
    """So many people; whatever they do is told to the oracle. ``counts`` says what they did."""

    def __init__(self, count: int, oracle: Oracle, chance: random.Random, clock: Clock) -> None:
        self.count = count
        self.counts: Counter[str] = Counter()
        self.person_of: dict[int, int] = {}  # by the database's id of a subscriber
        self._oracle = oracle
        self._chance = chance
        self._clock = clock

    async def arrive(self, app: App, papers: Sequence[Paper]) -> None:
        """Let most people join something right away, as when a list is imported."""
        for person in range(self.count):
            for paper in self._chance.sample(papers, self._chance.choice((0, 1, 2, 3))):
                await self.join(app, paper, person)

    async def act(self, app: App, papers: Sequence[Paper], acts: float) -> None:
        """Let so many things be done, on average."""
        whole, rest = divmod(acts, 1)
        for _ in range(int(whole) + (self._chance.random() < rest)):
            person = self._chance.randrange(self.count)
            paper = self._chance.choice(papers)
            bond = self._oracle.bonds.get((person, paper.slug))
            if bond is None or bond.state == "ended":
                await self.join(app, paper, person)
            elif bond.state == "pending":
                # What they wished for may be there no more; then they wish for something else.
                if bond.wishes.cadence in paper.cadences:
                    await self._confirm(app, paper, bond)
                else:
                    await self.join(app, paper, person)
            else:
                await self._change(app, paper, bond)

    async def join(self, app: App, paper: Paper, person: int) -> None:
        """Ask for a newsletter; of those who never left, most are vouched for."""
        oracle, chance = self._oracle, self._chance
        bond = oracle.bonds.get((person, paper.slug))
        is_suppressed = any(
            each.is_suppressed for (who, _), each in oracle.bonds.items() if who == person
        )
        confirmed = bond is None and not is_suppressed and chance.random() < 0.7
        wishes = self._wishes(paper, Wishes(cadence=chance.choice(list(paper.cadences))))
        await subscribe.subscribe(
            app.store,
            next(each for each in app.config.newsletters if each.slug == paper.slug),
            addresses.parse(mailbox(person)),
            wishes=wishes,
            confirmed=confirmed,
            consent=_CONSENT,
            publication=app.config.publication,
            templates=app.templates,
            clock=app.clock,
        )
        async with app.store.read() as connection:
            (row,) = await subscribers.page(
                connection, newsletter=paper.slug, address_key=address_key(person)
            )
        self.person_of[row.subscriber] = person
        bond = oracle.bonds[person, paper.slug] = Bond(
            person=person,
            paper=paper.slug,
            id=row.id,
            wishes=wishes,
            state="pending",
            is_suppressed=is_suppressed,
        )
        self.counts["asked"] += 1
        if confirmed:
            oracle.begin(bond, paper, app.clock())
            self.counts["joined"] += 1

    async def _confirm(self, app: App, paper: Paper, bond: Bond) -> None:
        token = app.tokens.sign(Purpose.CONFIRM, bond.id)
        await subscribe.confirm(
            app.store, app.tokens, token, consent=_CONSENT, wording="", clock=app.clock
        )
        self._oracle.begin(bond, paper, app.clock())
        self.counts["joined"] += 1

    async def _change(self, app: App, paper: Paper, bond: Bond) -> None:
        chance = self._chance
        die = chance.random()
        if die < 0.06:
            token = app.tokens.sign(Purpose.UNSUBSCRIBE, bond.id)
            await subscribe.unsubscribe(app.store, app.tokens, token, clock=app.clock)
            bond.state = "ended"
            self.counts["left"] += 1
        elif die < 0.08:
            await self._suppress(app, bond)
        else:
            await self._choose(app, bond, self._wishes(paper, bond.wishes))

    async def _suppress(self, app: App, bond: Bond) -> None:
        """Let the address bounce, or be written to again."""
        key = address_key(bond.person)
        async with app.store.write() as connection:
            if bond.is_suppressed:
                await suppressions.unsuppress(connection, key, app.clock())
            else:
                await suppressions.suppress(connection, key, "hard_bounce", app.clock())
        is_suppressed = not bond.is_suppressed
        for (person, _), each in self._oracle.bonds.items():
            if person == bond.person:
                each.is_suppressed = is_suppressed
        self.counts["suppressed" if is_suppressed else "unsuppressed"] += 1

    async def _choose(self, app: App, bond: Bond, wishes: Wishes) -> None:
        for key in ("cadence", "topics", "language", "own_time", "paused_until"):
            if getattr(wishes, key) != getattr(bond.wishes, key):
                self.counts[f"switched {key}"] += 1
        token = app.tokens.sign(Purpose.PREFERENCES, bond.id)
        await subscribe.choose(app.store, app.tokens, token, wishes, clock=app.clock)
        bond.wishes = wishes

    def _wishes(self, paper: Paper, wishes: Wishes) -> Wishes:
        """Wish for one thing or two otherwise."""
        chance = self._chance
        for _ in range(chance.choice((1, 1, 2))):
            match chance.choice(("cadence", "topics", "language", "time", "pause")):
                case "cadence":
                    wishes = replace(wishes, cadence=chance.choice(list(paper.cadences)))
                case "topics":
                    size = chance.choice((0, 0, 1, 2))
                    topics = tuple(
                        sorted(chance.sample(paper.topics, min(size, len(paper.topics))))
                    )
                    wishes = replace(wishes, topics=topics)
                case "language":
                    wishes = replace(wishes, language=chance.choice(("", "de", "fr")))
                case "time":
                    hour = chance.choice((None, None, None, 6))
                    zone = chance.choice((None, *ZONES))
                    wishes = replace(wishes, own_time=OwnTime(hour=hour, zone=zone))
                case "pause":
                    days = chance.choice((None, None, 1, 5, PAUSE.days))
                    until = None if days is None else self._clock() + timedelta(days=days)
                    wishes = replace(wishes, paused_until=until)
        return wishes
