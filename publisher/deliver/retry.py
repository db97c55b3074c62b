"""When a row that was put off is tried again, and for how long.

What counts is how often the next hop has put it off, not how old it is: a row that waited for its
turn, for its hours or for a worker has not been tried meanwhile.
"""

from __future__ import annotations

from datetime import timedelta

# RFC 5321 §4.5.4.1: try again after at least 30 minutes, but sooner after the first refusal,
# which is what greylisting waits for; give up after 4-5 days.
_FIRST = timedelta(minutes=5)
_LONGEST = timedelta(hours=4)
GIVE_UP_AFTER = timedelta(days=4)
_DOUBLINGS = 6  # more would be beyond the longest


def wait(deferrals: int) -> timedelta:
    """Say how long a row waits that was put off so often before."""
    return min(_FIRST * (1 << min(deferrals, _DOUBLINGS)), _LONGEST)


def tried_for(deferrals: int) -> timedelta:
    """Say for how long a row has been tried again that was put off so often."""
    growing = sum((wait(number) for number in range(min(deferrals, _DOUBLINGS))), timedelta())
    return growing + max(0, deferrals - _DOUBLINGS) * _LONGEST
