"""How much a mail can hold: found by making it, since only then is its size known.

Gmail shows a link in the place of what is beyond 102 kB, and so of the unsubscribe link. A mail
that would be longer is made again with less: whole texts become excerpts, those of the last
articles first; then excerpts become brief; then there are fewer articles, with a word on how many
are left. Each step is smaller than the one before, so the first that fits is found by bisecting.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple

MAX_HTML_BYTES = 102_000  # beyond about that Gmail shows a link instead of the rest
MANY_HTML_BYTES = 90_000  # from here on it is told of: relays that count clicks make links longer
_FILLED_BYTES = 4_000  # what a reader's own name, address and links add to a rendition


class Extent(NamedTuple):
    """How much of its articles a mail shows: so many whole, if it is of whole texts, of so many.

    Where it ``is_brief``, excerpts are of a line or two.
    """

    whole: int
    shown: int
    is_brief: bool = False


def fitting(make: Callable[[Extent], str], count: int) -> tuple[str, Extent]:
    """Make the HTML of a mail of so many articles with as much of them as there is room for.

    At least one of them is shown, whatever its size.
    """
    steps = [Extent(whole, count) for whole in range(count, -1, -1)]
    steps += [Extent(0, shown, is_brief=True) for shown in range(count, 0, -1)]
    made: dict[Extent, str] = {}

    def is_short(step: Extent) -> bool:
        made[step] = make(step)
        return len(made[step].encode("utf-8", "surrogatepass")) <= MANY_HTML_BYTES - _FILLED_BYTES

    if is_short(steps[0]):
        return made[steps[0]], steps[0]
    # The last step is taken unasked: there is nothing that is smaller.
    found = steps[bisect_left(steps, True, lo=1, hi=len(steps) - 1, key=is_short)]
    return made.get(found) or make(found), found
