"""Passes over one source, each knowing what the ones before it told and remembered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from publisher.model import Rejection, SourceArticle
from publisher.ports import Source, Told
from tests.rig.visits import NOON, visit


class Reading:
    """Makes passes as ingest would. ``last`` is the latest, ``memory`` what is kept of it."""

    def __init__(self, source: Source, before: Reading | None = None) -> None:
        self._source = source
        self.known: dict[str, str] = dict(before.known) if before else {}
        self.memory: dict[str, Any] = dict(before.memory) if before else {}
        self.last = visit()

    async def pass_(self, now: datetime = NOON) -> dict[str, Told]:
        """Make a pass; gives what is told by origin, each of which is told once."""
        self.last = visit(self.known, memory=self.memory, now=now)
        told = [one async for one in self._source.articles(self.last)]
        by_origin = {one.origin: one for one in told}
        assert len(by_origin) == len(told)
        for one in told:
            if isinstance(one, SourceArticle | Rejection):
                self.known[one.origin] = one.stamp
        self.memory = json.loads(json.dumps(self.last.memory))
        return by_origin


def news(told: Mapping[str, Told]) -> list[str]:
    """Give the origins of what is told as an article."""
    return [origin for origin, one in told.items() if isinstance(one, SourceArticle)]
