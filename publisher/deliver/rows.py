"""The rows in hand that are not begun: which is next.

Rows whose gates are closed (`publisher.deliver.gate`) are passed over, and are the first to go
when these open. Those that would wait long go back to the ledger with a time to come again, so
that no hand is full of them. Each row is looked at a fixed number of times, however many there
are; where there are no gates this is a queue.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from publisher.deliver.gate import Gate
from publisher.model import Claim

# Rows that wait longer than this for their gates are not kept in hand, nor are more than so many.
_PATIENCE_SECONDS = 30.0
_MOST_ASIDE = 1000

_GOLDEN = 0.618034  # multiples of it lie evenly within any unit, however many they are

Gates = tuple[Gate, ...]


@dataclass(slots=True, eq=False)
class _Aside:
    """Rows that have the same gates and wait for one of them."""

    gates: Gates
    rows: deque[Claim] = field(default_factory=deque)


class Rows:
    """The rows of one run. ``gates_of`` gives what a row must pass, () for nothing.

    ``give_back`` takes a row that is in hand no longer, and the seconds after which it may come
    again. Times are seconds of the event loop's clock.
    """

    def __init__(
        self, gates_of: Callable[[Claim], Gates], give_back: Callable[[Claim, float], None]
    ) -> None:
        self._gates_of = gates_of
        self._give_back = give_back
        self._first: deque[Claim] = deque()
        self._ready: deque[Claim] = deque()
        self._aside: dict[Gates, _Aside] = {}
        self._count_aside = 0
        self._waiting: defaultdict[Gate, deque[_Aside]] = defaultdict(deque)  # behind each gate
        self._to_open: list[tuple[float, int, Gate]] = []  # when, of those that do so by time
        self._is_to_open: set[Gate] = set()
        self._opened: deque[Gate] = deque()
        self._passed: dict[int, Gates] = {}  # of the rows under way
        self._under_way: defaultdict[Gate, int] = defaultdict(int)
        self._number = 0

    def __len__(self) -> int:
        return self.ready + self._count_aside

    @property
    def ready(self) -> int:
        """How many are not known to wait."""
        return len(self._first) + len(self._ready)

    @property
    def opens(self) -> float | None:
        """When to ask `next` again though no row is over by then; None if it need not be."""
        if self._opened:
            return float("-inf")
        return self._to_open[0][0] if self._to_open else None

    def is_used(self, gate: Gate) -> bool:
        """Say whether a row is under way through a gate, or waits for it."""
        return gate in self._under_way or gate in self._waiting

    def add(self, claims: Sequence[Claim]) -> None:
        """Put rows behind the others."""
        self._ready.extend(claims)

    def add_first(self, claims: Collection[Claim]) -> None:
        """Put rows before all others, in their order."""
        self._first.extendleft(reversed(list(claims)))

    def next(self, now: float) -> Claim | None:
        """Give the row to begin now; None if there is none."""
        if self._first and (claim := self._begun(self._first, now)) is not None:
            return claim
        while self._to_open and self._to_open[0][0] <= now:
            gate = heappop(self._to_open)[2]
            self._is_to_open.discard(gate)
            self._opened.append(gate)
        while self._opened:
            if (claim := self._let_pass(self._opened[0], now)) is not None:
                return claim
            self._opened.popleft()
        return self._begun(self._ready, now)

    def over(self, claim: Claim, now: float) -> bool:
        """Know that a row is under way no longer; say whether another may go in its place."""
        gates = self._passed.pop(claim.delivery, ())
        is_room = False
        for gate in gates:
            waiting = self._waiting.get(gate)
            self._under_way[gate] -= 1
            if not self._under_way[gate]:
                del self._under_way[gate]
            gate.leave(now, others_wait=bool(waiting))
            if waiting:
                self._opened.append(gate)
                is_room = True
        return is_room

    # --- gates ----------------------------------------------------------------------------------

    def _begun(self, claims: deque[Claim], now: float) -> Claim | None:
        """Begin the first of these that may pass; put those before it aside."""
        while claims:
            claim = claims.popleft()
            gates = self._gates_of(claim)
            if not gates:
                return claim
            closed = self._closed(gates, now)
            if closed is None and gates not in self._aside:
                return self._begin(claim, gates, now)
            self._put_aside(claim, gates, closed or gates[0], now)
        return None

    def _begin(self, claim: Claim, gates: Gates, now: float) -> Claim:
        for gate in gates:
            gate.enter(now)
            self._under_way[gate] += 1
        self._passed[claim.delivery] = gates
        return claim

    def _closed(self, gates: Gates, now: float) -> Gate | None:
        return next((gate for gate in gates if self._wait(gate, now) > 0), None)

    def _wait(self, gate: Gate, now: float) -> float:
        return gate.wait(now, self._under_way.get(gate, 0))

    def _put_aside(self, claim: Claim, gates: Gates, gate: Gate, now: float) -> None:
        aside = self._aside.get(gates)
        before = len(aside.rows) if aside is not None else 0
        is_long = (
            gate.seconds(now, before) > _PATIENCE_SECONDS or self._count_aside >= _MOST_ASIDE
        ) and claim.issue is not None
        if is_long or gate.is_resting(now) or gate.is_on_trial:
            self._give_back(claim, gate.book(now, before))
            return
        if aside is None:
            aside = self._aside[gates] = _Aside(gates)
            self._wait_at(gate, aside, now)
        if claim.issue is None:
            aside.rows.appendleft(claim)  # confirmations overtake
        else:
            aside.rows.append(claim)
        self._count_aside += 1

    def _wait_at(self, gate: Gate, aside: _Aside, now: float) -> None:
        waiting = self._waiting[gate]
        waiting.append(aside)
        if len(waiting) == 1:
            self._open_later(gate, now)

    def _open_later(self, gate: Gate, now: float) -> None:
        wait = self._wait(gate, now)
        # What waits for a row to be over is opened by that.
        if wait < float("inf") and gate not in self._is_to_open:
            self._is_to_open.add(gate)
            self._number += 1
            heappush(self._to_open, (now + wait, self._number, gate))

    def _let_pass(self, gate: Gate, now: float) -> Claim | None:
        """Give the first row behind a gate that may go; None if it is closed, or nobody waits."""
        waiting = self._waiting.get(gate, deque())
        while waiting:
            aside = waiting[0]
            if gate.is_resting(now):
                self._send_away(waiting.popleft(), gate, now)
                continue
            if self._wait(gate, now) > 0:
                self._open_later(gate, now)
                return None
            if (other := self._closed(aside.gates, now)) is not None:
                waiting.popleft()
                if other.is_resting(now):
                    self._send_away(aside, other, now)
                else:
                    self._wait_at(other, aside, now)
                continue
            claim = aside.rows.popleft()
            self._count_aside -= 1
            waiting.popleft()
            if aside.rows:
                waiting.append(aside)  # those with other gates besides have their turn as well
            else:
                del self._aside[aside.gates]
            return self._begin(claim, aside.gates, now)
        self._waiting.pop(gate, None)
        return None

    def _send_away(self, aside: _Aside, gate: Gate, now: float) -> None:
        del self._aside[aside.gates]
        self._count_aside -= len(aside.rows)
        for claim in aside.rows:
            self._give_back(claim, gate.book(now, 0))


def interleaved(claims: Sequence[Claim], name: Callable[[Claim], str]) -> list[Claim]:
    """Spread the rows of each name evenly over all of them; confirmations stay before issues."""
    counts: defaultdict[str, int] = defaultdict(int)
    places = []
    for claim in claims:
        named = name(claim)
        places.append((claim, named, counts[named]))
        counts[named] += 1
    # Each begins elsewhere, or those of few rows would all come at the same places.
    begins = {named: (0.5 + _GOLDEN * number) % 1 for number, named in enumerate(counts)}
    places.sort(key=lambda place: (place[0].lane, (place[2] + begins[place[1]]) / counts[place[1]]))
    return [claim for claim, _, _ in places]
