"""Ghost: the export of members. Who has switched off all newsletters counts as gone."""

from __future__ import annotations

from publisher.importing.line import Line
from publisher.model import Entry, SubscriptionState

TITLE = "Ghost"
MARKS = (frozenset({"email", "subscribed_to_emails"}),)
ADDRESS = ("email",)
ESCAPE = None


def entry(line: Line) -> Entry:
    """Say what a row tells."""
    is_active = line.yes("subscribed_to_emails") and not line.text("deleted_at")
    created = line.time("created_at")
    return Entry(
        address=line.address(ADDRESS, line.name("name")),
        state=SubscriptionState.ACTIVE if is_active else SubscriptionState.ENDED,
        created=created,
        # A member is made by the link in a mail.
        confirmed=created,
        ended=line.time("deleted_at"),
        topics=line.topics("labels"),
        consent=line.facts(opt_in_time="created_at"),
    )
