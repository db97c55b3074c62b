r"""MailPoet: the export of a list, with the columns that were chosen, named in English.

Quotation marks within quotes have a backslash before them. Who has left every list, bounced or
never confirmed has a global status; it beats that of the list. "Inactive" are those who have
opened nothing for long.
"""

from __future__ import annotations

from publisher.importing.line import ACTIVE, Line
from publisher.model import Entry, SubscriptionState

TITLE = "MailPoet"
MARKS = (
    frozenset({"email", "global_status"}),
    frozenset({"email", "list_status"}),
    frozenset({"email", "subscription_time", "list"}),
)
ADDRESS = ("email",)
ESCAPE = "\\"


def entry(line: Line) -> Entry:
    """Say what a row tells."""
    state, suppressed = line.standing("global_status", inactive=ACTIVE)
    if state in (None, SubscriptionState.ACTIVE):
        state, suppressed = line.standing("list_status", "global_status", inactive=ACTIVE)
    return Entry(
        address=line.address(ADDRESS, line.name("first_name", "last_name")),
        state=state,
        suppressed=suppressed,
        created=line.time("subscription_time"),
        confirmed=line.time("confirmation_time"),
        consent=line.facts(
            opt_in_time="subscription_time",
            opt_in_ip="subscription_ip",
            confirmed_ip="confirmation_ip",
            source="list",
        ),
    )
