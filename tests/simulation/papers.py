"""Newsletters as their editors have them written down, and change their minds about them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from tests.simulation.originals import TAGS
from tests.simulation.schedules import ZONES, Schedule

EDITS = (
    "time moved",
    "weekday moved",
    "cadence removed",
    "cadence added",
    "zone moved",
    "missed changed",
    "lateness changed",
    "least changed",
    "age changed",
    "own time toggled",
    "grace changed",
)


@dataclass(slots=True, kw_only=True)
class Paper:
    """One newsletter. A cadence without a schedule is instant; ``removed`` may come back."""

    slug: str
    cadences: dict[str, Schedule | None]
    zone: ZoneInfo
    own_time: set[str] = field(default_factory=set)
    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    is_shared: bool = True
    is_merged: bool = False
    is_approved: bool = False
    least: int = 1
    age: timedelta | None = None
    grace: timedelta = timedelta()
    lateness: timedelta = timedelta(hours=6)
    missed: str = "skip"
    in_doubt: str = "skip"
    renditions: int = 1000
    topics: tuple[str, ...] = ()
    removed: dict[str, Schedule | None] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """Whose mails count as had: those of all that are shared, or its own."""
        return "" if self.is_shared else self.slug

    def is_instant(self, cadence: str) -> bool:
        """Say whether a cadence goes out as articles come; one that was removed does not."""
        return cadence in self.cadences and self.cadences[cadence] is None

    def selects(self, source: str, tags: frozenset[str]) -> bool:
        return (not self.sources or source in self.sources) and (
            not self.tags or not tags.isdisjoint(self.tags)
        )

    def written(self) -> str:
        """Write its table of the config."""
        age = f'max_age = "{_minutes(self.age)}"' if self.age else ""
        select = ", ".join(
            f"{key} = {list(values)}"
            for key, values in (("sources", self.sources), ("tags", self.tags))
            if values
        )
        topics = "\n".join(f'{t} = {{ title = "{t}", tags = ["{t}"] }}' for t in self.topics)
        cadences = "\n".join(
            f"{name} = {{}}"
            if schedule is None
            else f'{name} = {{ cron = "{schedule.cron}",'
            f" own_time = {_boolean(name in self.own_time)} }}"
            for name, schedule in self.cadences.items()
        )
        return f"""
[[newsletters]]
slug = "{self.slug}"
title = "{self.slug.capitalize()}"
from = "news@example.org"
subject = "{{{{ newsletter.title }}}} {{{{ issue.number }}}}"
template = "year"
select = {{ {select} }}
shared = {_boolean(self.is_shared)}
merge = {_boolean(self.is_merged)}
approval = {_boolean(self.is_approved)}
min_articles = {self.least}
max_articles = 500
{age}
max_lateness = "{_minutes(self.lateness)}"
missed = "{self.missed}"
in_doubt = "{self.in_doubt}"
grace = "{_minutes(self.grace)}"
languages = ["de", "fr"]
timezone = "{self.zone.key}"
max_renditions = {self.renditions}
[newsletters.topics]
{topics}
[newsletters.cadences]
{cadences}
"""


def papers() -> list[Paper]:
    """Make four: two that merge, one of one source, and one with an account of its own."""
    berlin, new_york, kathmandu = map(
        ZoneInfo, ("Europe/Berlin", "America/New_York", "Asia/Kathmandu")
    )
    return [
        Paper(
            slug="morning",
            cadences={
                "daily": Schedule(hour=7),
                "weekly": Schedule(hour=7, weekdays=(0,)),
                "instant": None,
            },
            zone=berlin,
            own_time={"daily"},
            tags=TAGS[2:],
            is_merged=True,
            grace=timedelta(minutes=20),
            topics=TAGS[2:],
        ),
        Paper(
            slug="city",
            cadences={"daily": Schedule(hour=7), "weekly": Schedule(hour=8, weekdays=(5,))},
            zone=berlin,
            own_time={"weekly"},
            tags=TAGS[:2],
            is_merged=True,
            least=2,
            age=timedelta(days=12),
            grace=timedelta(minutes=20),
            missed="merge",
            topics=TAGS[:2],
        ),
        Paper(
            slug="dispatch",
            cadences={
                "twice": Schedule(hour=17, minute=30, weekdays=(1, 4)),
                "monthly": Schedule(hour=2, minute=30, days=(1, 29)),
                "instant": None,
            },
            zone=new_york,
            sources=("folder",),
            missed="send",
            in_doubt="ask",
            renditions=4,
            topics=TAGS,
        ),
        Paper(
            slug="club",
            cadences={
                "daily": Schedule(hour=0, minute=15),
                "monthly": Schedule(hour=9, days=(12,)),
            },
            zone=kathmandu,
            tags=TAGS[2:],
            is_shared=False,
            is_approved=True,
            least=3,
            missed="send",
        ),
    ]


def edit(papers: list[Paper], chance: random.Random) -> str | None:
    """Change a paper in one way; give which, None if that came to nothing."""
    paper, what = chance.choice(papers), chance.choice(EDITS)
    timed = {name: each for name, each in paper.cadences.items() if each is not None}
    name, schedule = chance.choice(list(timed.items()))
    match what:
        case "time moved":
            paper.cadences[name] = replace(
                schedule, hour=chance.randrange(24), minute=chance.choice((0, 15, 30))
            )
        case "weekday moved" if schedule.weekdays:
            paper.cadences[name] = replace(schedule, weekdays=(chance.randrange(7),))
        case "cadence removed" if len(timed) > 1:
            paper.removed[name] = paper.cadences.pop(name)
        case "cadence added" if paper.removed:
            paper.cadences |= paper.removed
            paper.removed.clear()
        case "cadence added" if "noon" not in paper.cadences:
            paper.cadences["noon"] = Schedule(hour=12)
        case "zone moved":
            paper.zone = chance.choice(ZONES)
        case "missed changed":
            paper.missed = chance.choice(("skip", "merge", "send"))
        case "lateness changed":
            paper.lateness = timedelta(hours=chance.choice((1, 6, 36)))
        case "least changed":
            paper.least = chance.choice((1, 1, 2, 4))
        case "age changed":
            paper.age = chance.choice((None, timedelta(days=4), timedelta(days=20)))
        case "own time toggled":
            paper.own_time ^= {name}
        case "grace changed":
            grace = timedelta(minutes=chance.choice((0, 20, 90)))
            for each in papers if paper.is_merged else [paper]:
                if each.is_merged == paper.is_merged:
                    each.grace = grace
        case _:
            return None
    return what


def _minutes(span: timedelta) -> str:
    return f"{int(span.total_seconds() // 60)}m" if span else "0s"


def _boolean(value: bool) -> str:
    return "true" if value else "false"
