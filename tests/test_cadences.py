"""The promise at the heart: each article once to each person, however they change their mind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.render import Templates
from publisher.store import keys
from publisher.store.engine import connect
from tests.rig.clock import SettableClock
from tests.rig.databases import Databases
from tests.rig.desk import Desk

PEOPLE = ("ann", "bob", "cem")
CADENCES = ("daily", "weekly", "instant")
people = st.sampled_from(PEOPLE)
cadences = st.sampled_from(CADENCES)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("bring"), st.integers(1, 3)),
        st.tuples(st.just("bring late"), st.integers(1, 90)),
        st.tuples(st.just("switch"), people, cadences),
        st.tuples(st.just("issue"), cadences),
        st.tuples(st.just("ring")),
        st.tuples(st.just("stop")),
        st.tuples(st.just("send")),
        st.tuples(st.just("leave"), people),
        st.tuples(st.just("wait"), st.integers(1, 60 * 30)),
    ),
    max_size=20,
)


@dataclass
class Story:
    """What happens, beside what it should come to."""

    desk: Desk
    brought: int = 0
    left: set[str] = field(default_factory=set)
    got: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in PEOPLE})

    async def tell(self, happenings: list[tuple[object, ...]]) -> None:
        for name in PEOPLE:
            await self.desk.join(name, "daily")
        await self.desk.ring()
        self.desk.clock.advance(hours=2)  # no clock in this story is that far behind
        for what, *arguments in happenings:
            self.desk.clock.advance(seconds=1)
            await getattr(self, str(what).replace(" ", "_"))(*arguments)
            assert await self.desk.repeats() == []
        self.desk.clock.advance(days=1)
        for cadence in CADENCES:
            await self.desk.issue_now(cadence)
        await self.send()

    async def bring(self, many: int) -> None:
        self.brought += many
        await self.desk.bring(*(f"a{self.brought - n}" for n in range(many)))

    async def bring_late(self, minutes: int) -> None:
        """Take in while the clock is behind, as another machine's may be."""
        now = self.desk.clock()
        self.desk.clock.advance(minutes=-minutes)
        await self.bring(1)
        self.desk.clock.move_to(now)

    async def switch(self, name: str, cadence: str) -> None:
        await self.desk.switch(name, cadence)

    async def issue(self, cadence: str) -> None:
        await self.desk.issue_now(cadence)

    async def ring(self) -> None:
        await self.desk.ring()
        await self.desk.compose_due()

    async def stop(self) -> None:
        for issue in await self.desk.open_issues():
            await self.desk.stop(issue)

    async def send(self) -> None:
        for claim in await self.desk.deliver_all():
            name = claim.address.mailbox.partition("@")[0]
            self.got[name] += await self.desk.guids(claim.rendition)

    async def leave(self, name: str) -> None:
        self.left.add(name)
        await self.desk.leave(name)

    async def wait(self, minutes: int) -> None:
        self.desk.clock.advance(minutes=minutes)


async def told(url: str, templates: Templates, happenings: list[tuple[object, ...]]) -> Story:
    store = connect(url)
    clock = SettableClock()
    async with store.write() as connection:
        await keys.ensure(connection, clock())
    story = Story(Desk(store, clock, templates))
    try:
        await story.tell(happenings)
    finally:
        await store.close()
    return story


def outcome(story: Story) -> tuple[dict[str, int], dict[str, set[str]]]:
    """How often anything came more than once, and what is missing for those who stayed."""
    brought = {f"a{n + 1}" for n in range(story.brought)}
    return (
        {name: len(got) - len(set(got)) for name, got in story.got.items()},
        {name: brought - set(got) for name, got in story.got.items() if name not in story.left},
    )


# A database a story: the fixture for the databases is the same for all, and may be.
SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@pytest.mark.no_cover  # covering takes as long again
@settings(max_examples=15, deadline=None, suppress_health_check=SLOW)
@given(happenings=steps)
def test_each_article_comes_exactly_once_whatever_a_reader_chooses(
    databases: Databases,
    short_templates: Templates,
    kind: str,
    happenings: list[tuple[object, ...]],
) -> None:
    """Switches at any moment, issues that are stopped, clocks that differ: all lose nothing."""
    with databases.open(kind, migrated=True) as url:
        story = asyncio.run(told(url, short_templates, happenings))

    repeated, missing = outcome(story)
    assert set(repeated.values()) == {0}
    assert not any(missing.values())
