"""A pass over a source as ingest would make it, without a database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from publisher.ports import Visit

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def visit(
    known: Mapping[str, str] | None = None,
    *,
    memory: Mapping[str, Any] | None = None,
    now: datetime = NOON,
) -> Visit:
    """Make a pass: ``known`` maps origins to stamps, ``memory`` is what the last one left."""
    stamps = dict(known or {})

    async def look_up(origins: Collection[str]) -> Mapping[str, str]:
        return {origin: stamps[origin] for origin in origins if origin in stamps}

    return Visit(now=now, known=look_up, memory=dict(memory or {}))
