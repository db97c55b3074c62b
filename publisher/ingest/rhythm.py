"""When a source that failed is asked again."""

from __future__ import annotations

import random
from datetime import timedelta

_LONGEST = timedelta(hours=6)
_MOST_TIMES = 32


def after_failure(every: timedelta, failures: int, rest: timedelta | None) -> timedelta:
    """Give how long to leave a source alone after so many failures in a row.

    Twice as long each time, up to thirty-two times its interval and to six hours, but not less
    than its interval, nor than it asked for. Spread by a fifth, so that the sources that one
    outage has taken down do not all come back in the same second.
    """
    longest = max(min(every * _MOST_TIMES, _LONGEST), every)
    doublings = min(failures - 1, 10)
    wait = min(every * (1 << doublings), longest)
    spread = wait * random.uniform(0.8, 1.2)  # noqa: S311 -- spreads load, hides nothing
    return max(spread, rest or timedelta())
