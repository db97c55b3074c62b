"""An upstream that publishes now and then, and whose feed is seldom twice the same.

All that it does is met in practice: systems are moved, rebuilt and upgraded, caches mix
versions, proxies cut answers off. One thing it never does: from one whole answer to the next an
article keeps its guid, or else two of title, text and address.
"""

from __future__ import annotations

import enum
import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from publisher.ports import Clock
from tests.rig.web import Asked, Page
from tests.simulation.manner import WINDOW, Manner, Mutation
from tests.simulation.originals import Original, Wording

_BACKLOG = WINDOW + 5
_HOURS_BETWEEN = 10.0
# So many at once are a flood for such a feed, and true all the same.
_FLOOD = range(24, WINDOW)
_WEB_PAGE = "<!DOCTYPE html><html><head><title>Herald</title></head><body>Back soon.</body></html>"


class Fault(enum.StrEnum):
    """How an answer may be broken."""

    CUT = "cut"
    WEB_PAGE = "web page"
    EMPTY = "empty"
    ERROR = "500"
    RESTING = "503"
    UNMODIFIED = "304 without reason"


class Upstream:
    """Answers requests for its feed; all chance comes from ``chance``, and time from ``clock``.

    ``is_whole`` says whether the last answer told all that it was to tell. ``counts`` are those
    of mutations, faults and floods.
    """

    def __init__(self, chance: random.Random, clock: Clock) -> None:
        self.originals: list[Original] = []
        self.counts: Counter[str] = Counter()
        self.is_whole = False
        self._chance = chance
        self._clock = clock
        self._is_calm = False
        self._manner = Manner(chance)
        self._next = clock() - timedelta(hours=_HOURS_BETWEEN * _BACKLOG)
        self._publish()

    def calm_down(self) -> None:
        """Publish nothing more, and say what there is as it is."""
        self._is_calm = True
        self._manner = Manner(self._chance)

    def answer(self, asked: Asked) -> Page:
        """Answer a request for the feed, and keep what its reader can know from that."""
        fault = None if self._is_calm else self._move_on()
        originals = self.originals[-self._manner.most :] if self._manner.most else []
        wordings = [self._wording(original, fault) for original in reversed(originals)]
        body = self._manner.style.write(self._manner.entries(wordings))
        headers = {"Content-Type": self._manner.style.media_type}
        if self._chance.random() < 0.5:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        is_known = headers.get("ETag", "") == asked.headers.get("if-none-match")
        self.is_whole = fault is None and not is_known
        if self.is_whole or fault is Fault.CUT:
            self._note(originals, wordings)
        page = Page(body=body, headers=headers)
        return page if fault is None else self._broken(page, fault)

    # --- what it has

    def _move_on(self) -> Fault | None:
        """Publish, change this and that, and say whether the answer is to be broken."""
        self._publish()
        self._manner.pass_over()
        chance = self._chance
        mutations = set(chance.choices(list(Mutation), k=chance.choice((0, 1, 1, 2, 4))))
        for mutation in sorted(mutations):
            self.counts[mutation] += 1
            self._manner.change(mutation, self._clock())
        if Mutation.EDIT in mutations:
            for original in chance.choices(self.originals[-WINDOW:], k=3):
                original.edit(chance)
        if Mutation.BREAK not in mutations:
            return None
        fault = chance.choice(list(Fault))
        self.counts[fault] += 1
        return fault

    def _publish(self) -> None:
        """Publish what has fallen due; some of it is dated ahead."""
        chance, now = self._chance, self._clock()
        while self._next <= now:
            ahead = chance.randrange(1, 48) if chance.random() < 0.1 else 0
            self._write(self._next + timedelta(hours=ahead))
            self._next += timedelta(hours=chance.expovariate(1 / _HOURS_BETWEEN))
        if chance.random() < 1 / 200:
            self.counts["flood"] += 1
            for _ in range(chance.choice(_FLOOD)):
                self._write(now)

    def _write(self, published: datetime) -> None:
        number = len(self.originals)
        self.originals.append(Original.write(self._chance, number, self._manner.site, published))

    # --- what its reader gets

    def _wording(self, original: Original, fault: Fault | None) -> Wording:
        # Nobody can say how much of a cut answer is heeded, so nothing changes in one.
        if fault is Fault.CUT and original.told is not None:
            return original.told
        return original.wording(self._manner.site)

    def _note(self, originals: Sequence[Original], wordings: Sequence[Wording]) -> None:
        now = self._clock()
        for original, wording in zip(reversed(originals), wordings, strict=True):
            original.first_sent = original.first_sent or now
            if self.is_whole:
                original.first_told = original.first_told or now
                original.told = wording

    def _broken(self, page: Page, fault: Fault) -> Page:
        assert isinstance(page.body, bytes)
        match fault:
            case Fault.CUT:  # by a proxy: the ETag is that of the whole
                return replace(page, body=page.body[: self._cut(page.body)])
            case Fault.WEB_PAGE:
                return Page(body=_WEB_PAGE, headers={"Content-Type": "text/html"})
            case Fault.EMPTY:
                return Page(headers=page.headers)
            case Fault.ERROR:
                return Page(body=_WEB_PAGE, status=500)
            case Fault.RESTING:
                return Page(status=503, headers={"Retry-After": "3600"})
            case Fault.UNMODIFIED:
                return Page(status=304)

    def _cut(self, body: bytes) -> int:
        """Choose where to cut: anywhere, and often within a letter, or else that were seldom."""
        letters = [place for place, byte in enumerate(body) if byte >= 0xC0]
        if letters and self._chance.random() < 0.25:
            return self._chance.choice(letters) + 1
        return self._chance.randrange(len(body))
