"""What a reader chose in the form of the preferences page, as wishes.

A field that a form does not have leaves what it is about as it is, so that a small form on
somebody's own page may ask for a cadence alone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from publisher.model import Newsletter, OwnTime, Wishes
from publisher.render.zones import zones


def chosen(form: FormData, newsletter: Newsletter, before: Wishes, now: datetime) -> Wishes:
    """Read what a reader wants from now on. Raises HTTPException 400 for what is not on offer.

    ``topics`` comes once for each, and once empty for a reader who wants everything; ``hour``,
    ``zone``, ``language`` and ``pause`` are empty for the newsletter's own.
    """
    spoken = newsletter.language_for(before.language)  # of the page that posts the form
    cadence = _one_of("cadence", form.get("cadence"), [one.name for one in newsletter.cadences])
    wishes = replace(before, cadence=cadence)
    if "topics" in form:
        offered = [topic.slug for topic in newsletter.topics]
        named = {_one_of("topics", each, offered) for each in form.getlist("topics") if each}
        # Who ticks every box wants what is under none of them as well.
        wishes = replace(wishes, topics=() if named >= set(offered) else tuple(sorted(named)))
    if "language" in form:
        offered = ["", newsletter.language, *newsletter.languages]
        wishes = replace(wishes, language=_one_of("language", form["language"], offered))
    if "hour" in form:
        hour = _one_of("hour", form["hour"], ["", *map(str, range(24))])
        own_time = replace(wishes.own_time, hour=int(hour) if hour else None)
        wishes = replace(wishes, own_time=own_time)
    if "zone" in form:
        wishes = replace(wishes, own_time=_zone(form["zone"], wishes.own_time, spoken))
    if "pause" in form:
        wishes = replace(wishes, paused_until=_pause(form["pause"], newsletter, now))
    return wishes


def _one_of(name: str, wanted: object, offered: list[str]) -> str:
    if not isinstance(wanted, str) or wanted not in offered:
        listed = ", ".join(each for each in offered if each)
        raise HTTPException(400, f"{name} must be one of: {listed}")
    return wanted


def _zone(wanted: object, before: OwnTime, language: str) -> OwnTime:
    """Read a zone by what the page calls it, or by its name."""
    if wanted == "":
        return replace(before, zone=None)
    zone_of = {name: zone for zone, name in zones(language)}
    zone_of |= {zone: zone for zone in zone_of.values()}
    if before.zone is not None:
        zone_of[before.zone.key] = before.zone.key
    if not isinstance(wanted, str) or wanted not in zone_of:
        raise HTTPException(400, "zone must be a time zone, such as Europe/Berlin")
    return replace(before, zone=ZoneInfo(zone_of[wanted]))


def _pause(wanted: object, newsletter: Newsletter, now: datetime) -> datetime | None:
    if wanted == "":
        return None
    try:
        day = date.fromisoformat(str(wanted))
    except ValueError as error:
        raise HTTPException(400, "pause must be a date, such as 2026-12-31") from error
    until = newsletter.midnight(day)
    return until if until > now else None
