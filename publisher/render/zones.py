"""The time zones of the world, as people look for them: by country, in their language."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from importlib import resources

from publisher.render.filters import locale


@lru_cache(maxsize=32)
def zones(language: str) -> tuple[tuple[str, str], ...]:
    """List names of zones (IANA) with what people call them, in the order of the latter.

    That is the country, and the city where a country has several zones. A zone that several
    countries share stands there for each, by a name of its own.
    """
    here = locale(language)
    table = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    places = [line.split("\t") for line in table.splitlines() if line and line[0] != "#"]
    several = Counter(country for country, *_ in places)
    named = []
    for country, _, zone, *_ in places:
        name = here.territories.get(country, country)
        if several[country] > 1:
            known = here.time_zones.get(zone, {}).get("city")
            city = known or zone.rpartition("/")[2].replace("_", " ")
            name = f"{name} ({city})"
        named.append((zone, name))
    return tuple(sorted(named, key=lambda pair: pair[1].casefold()))
