"""Buttondown: the export of subscribers, with the type of each."""

from __future__ import annotations

from publisher.importing.line import ACTIVE, BLOCKED, PENDING, Line
from publisher.model import Entry

TITLE = "Buttondown"
MARKS = (
    frozenset({"email", "type", "creation_date"}),
    frozenset({"email_address", "type", "creation_date"}),
)
ADDRESS = ("email_address", "email")
ESCAPE = None

# Besides what is called the same everywhere.
_TYPES = {
    **dict.fromkeys(("regular", "premium", "gifted", "trialed", "past_due"), ACTIVE),
    **dict.fromkeys(("churning", "churned", "upcoming"), ACTIVE),
    # They wanted nothing for the time being, and it is not said until when.
    "paused": PENDING,
    **dict.fromkeys(("spammy", "malicious"), BLOCKED),
}


def entry(line: Line) -> Entry:
    """Say what a row tells."""
    state, suppressed = line.standing("type", **_TYPES)
    return Entry(
        address=line.address(ADDRESS, line.name("name")),
        state=state,
        suppressed=suppressed,
        created=line.time("creation_date"),
        ended=line.time("unsubscription_date"),
        topics=line.topics("tags"),
        consent=line.facts(
            opt_in_time="creation_date",
            opt_in_ip="ip_address",
            source="source",
            page="referrer_url",
            left_because="unsubscription_reason",
        ),
    )
