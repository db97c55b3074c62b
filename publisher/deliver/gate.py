"""What rows of one kind, such as all to one recipient domain, must pass: so many at once, so fast.

A gate outlives the run that uses it, since a run ends whenever nothing is due. Times are seconds
of the event loop's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from publisher.deliver.throttle import Throttle

# A row that is not let through for now comes again after this long at most, so that limits that
# are raised, and hosts that have recovered, are noticed.
_LONGEST_SECONDS = 3600.0
# How long the one row that is let through behind a rest may take, before others follow.
_PROBE_SECONDS = 60.0
# Who was put off so often in a row is left alone for so long at first, then longer and longer.
_PUT_OFFS = 10
_FIRST_REST_SECONDS = 300.0


@dataclass(slots=True, eq=False)
class Gate:
    """Lets ``throttle.limit`` rows through at once, and one each ``gap`` seconds at most."""

    name: str
    throttle: Throttle
    gap: float = 0.0
    _turn: float = field(init=False, default=0.0)  # when the next may pass
    _booked: float = field(init=False, default=0.0)  # up to when rows were told to come again
    _over: float = field(init=False, default=0.0)  # when one was last over while others waited
    _step: float = field(init=False, default=0.0)  # seconds from one to the next, as it was seen
    _put_offs: int = field(init=False, default=0)  # in a row
    _rests: int = field(init=False, default=0)  # in a row
    _rest_ends: float = field(init=False, default=float("-inf"))

    def wait(self, now: float, under_way: int) -> float:
        """Say in how many seconds a row may pass: 0 is now, infinity when another one is over."""
        if not self.throttle.has_room(under_way):
            return float("inf")
        return max(0.0, self._turn - now)

    def enter(self, now: float) -> None:
        """Let a row pass."""
        self._turn = max(self._turn, now) + self.gap

    def leave(self, now: float, *, others_wait: bool) -> None:
        """Be done with a row; from the time between two is learned how fast it goes."""
        if others_wait and self._over:
            self._step += ((now - self._over) - self._step) / 8
        self._over = now if others_wait else 0.0

    def seconds(self, now: float, waiting: int) -> float:
        """Say in about how many seconds a row may pass behind so many that wait here."""
        return max(0.0, self._turn - now) + waiting * max(self.gap, self._step)

    def book(self, now: float, waiting: int) -> float:
        """Say in how many seconds a row is to come again, behind so many that wait here.

        Those that are sent away come one after the other, as fast as they may pass then. Behind a
        rest comes one, and the others once it must have been answered.
        """
        if not self.is_on_trial:
            start = now + self.seconds(now, waiting)
        elif self.is_resting(now) and self._booked < self._rest_ends:
            start = self._rest_ends
        else:
            start = max(now, self._rest_ends) + _PROBE_SECONDS
        at = max(start, self._booked)
        self._booked = at + max(self.gap, self._step)
        return min(at - now, _LONGEST_SECONDS)

    # --- whether it is left alone ---------------------------------------------------------------

    def is_resting(self, now: float) -> bool:
        """Whether nobody may pass, however long they wait."""
        return now < self._rest_ends

    @property
    def is_on_trial(self) -> bool:
        """Whether it has rested and nothing was taken since: one row at a time finds out."""
        return self._rests > 0

    def put_off(self, now: float) -> float:
        """Count a row that was put off; give how many seconds of rest that means, mostly 0."""
        self._put_offs += 1
        if self._put_offs < _PUT_OFFS and not self._rests:
            return 0.0
        if self.is_resting(now):
            return 0.0  # one that was under way when it was decided
        seconds = min(_FIRST_REST_SECONDS * 2.0**self._rests, _LONGEST_SECONDS)
        self._rests = min(self._rests + 1, 10)
        self._rest_ends = self._turn = now + seconds
        self._booked = 0.0
        self.throttle.limit = 1.0
        return seconds

    def answered(self) -> None:
        """Know that it can be asked: a row was taken, or refused for good."""
        self._put_offs = self._rests = 0
        self._rest_ends = float("-inf")

    def is_at_ease(self, now: float) -> bool:
        """Whether a new gate would do as well."""
        return not (
            self._put_offs
            or self._rests
            or self.throttle.limit < self.throttle.most
            or max(self._turn, self._booked) > now
        )
