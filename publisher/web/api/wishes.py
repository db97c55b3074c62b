"""How a reader wants a newsletter, as programs say it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field

from publisher.model import Newsletter, OwnTime, Wishes
from publisher.web.api.checking import Given
from publisher.web.api.problem import Fault, Problem

_Name = Annotated[str, Field(max_length=100)]


class WishesGiven(Given):
    """How a newsletter is to be had; what is left out stays as it is."""

    cadence: _Name | None = None
    """How often: one of the newsletter's cadences."""
    topics: Annotated[list[_Name], Field(max_length=100)] | None = None
    """Which topics; none means everything."""
    language: _Name | None = None
    """One of the newsletter's languages; empty for its own."""
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    """An hour of their own; null for the newsletter's."""
    zone: _Name | None = None
    """A time zone of their own (IANA); null for the newsletter's."""
    paused_until: AwareDatetime | None = None
    """Nothing is mailed before it; null ends a pause."""


def wished(newsletter: Newsletter, given: WishesGiven, before: Wishes) -> Wishes:
    """Change wishes as a program says. Raises Problem with all that is not on offer."""
    sent, faults, wishes = given.model_fields_set, [], before
    if given.cadence is not None:
        faults += _unless("cadence", given.cadence, [each.name for each in newsletter.cadences])
        wishes = replace(wishes, cadence=given.cadence)
    if given.topics is not None:
        offered = [topic.slug for topic in newsletter.topics]
        for n, topic in enumerate(given.topics):
            faults += _unless(f"topics/{n}", topic, offered)
        wishes = replace(wishes, topics=tuple(sorted(set(given.topics))))
    if given.language is not None:
        faults += _unless(
            "language", given.language, ["", newsletter.language, *newsletter.languages]
        )
        wishes = replace(wishes, language=given.language)
    if sent & {"hour", "zone"}:
        wishes, wrong = _at_own_time(newsletter, given, wishes)
        faults += wrong
    if "paused_until" in sent:
        until = given.paused_until
        wishes = replace(wishes, paused_until=until and until.astimezone(UTC))
    if faults:
        raise Problem(422, "This is not on offer.", faults=faults)
    return wishes


def _at_own_time(
    newsletter: Newsletter, given: WishesGiven, before: Wishes
) -> tuple[Wishes, list[Fault]]:
    own, faults = before.own_time, []
    if "hour" in given.model_fields_set:
        own = replace(own, hour=given.hour)
    if "zone" in given.model_fields_set:
        try:
            own = replace(own, zone=ZoneInfo(given.zone) if given.zone else None)
        except (KeyError, ValueError, OSError):  # no such zone, or a path
            faults.append(Fault(pointer="#/zone", detail="is no time zone, such as Europe/Berlin"))
    has_one_time = any(
        each.name == before.cadence and not each.own_time for each in newsletter.cadences
    )
    if own != OwnTime() and has_one_time:
        pointer = "#/hour" if given.hour is not None else "#/zone"
        faults.append(Fault(pointer=pointer, detail="comes at one time for everybody"))
    return replace(before, own_time=own), faults


def _unless(name: str, wanted: str, offered: Iterable[str]) -> list[Fault]:
    if wanted in offered:
        return []
    listed = ", ".join(each for each in offered if each)
    return [Fault(pointer=f"#/{name}", detail=f"must be one of: {listed or 'none'}")]
