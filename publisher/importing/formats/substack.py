"""Substack: the list of addresses (email_list), by itself or in the export's zip."""

from __future__ import annotations

from publisher.importing.line import Line
from publisher.model import Entry, SubscriptionState

TITLE = "Substack"
MARKS = (frozenset({"email", "email_disabled"}),)
ADDRESS = ("email",)
ESCAPE = None


def entry(line: Line) -> Entry:
    """Say what a row tells."""
    created = line.time("created_at")
    is_off = line.yes("email_disabled")
    return Entry(
        address=line.address(ADDRESS, line.name("name")),
        state=SubscriptionState.ENDED if is_off else SubscriptionState.ACTIVE,
        created=created,
        confirmed=created,
        consent=line.facts(opt_in_time="created_at", plan="plan"),
    )
