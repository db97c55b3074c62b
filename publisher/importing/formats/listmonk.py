"""Listmonk: the export of subscribers.

It says who is blocked, and not who has confirmed or left a list: a list is exported once for each
of these (its filter "subscription status"), and whoever imports it says which one it is.
"""

from __future__ import annotations

from publisher.importing.line import BLOCKED, ENDED, Line
from publisher.model import Entry, SubscriptionState

TITLE = "listmonk"
MARKS = (frozenset({"uuid", "email", "attributes", "status"}),)
ADDRESS = ("email",)
ESCAPE = None


def entry(line: Line) -> Entry:
    """Say what a row tells."""
    state, suppressed = line.standing(
        "status", enabled=(None, ""), disabled=ENDED, blocklisted=BLOCKED
    )
    return Entry(
        address=line.address(ADDRESS, line.name("name")),
        state=state,
        suppressed=suppressed,
        created=line.time("created_at"),
        ended=line.time("updated_at") if state is SubscriptionState.ENDED else None,
        consent=line.facts(opt_in_time="created_at"),
    )
