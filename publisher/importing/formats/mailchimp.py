"""Mailchimp: an audience's export, a zip with a list for each state.

Who stands in which list is told by the columns: those who left have a time at which they did, and
those who were cleaned (nobody is at their address) one at which that was found out.
"""

from __future__ import annotations

from publisher.importing.line import ACTIVE, BOUNCED, COMPLAINED, ENDED, Line, Unusable
from publisher.model import Entry

TITLE = "Mailchimp"
MARKS = (frozenset({"email_address", "optin_time", "confirm_time"}),)
ADDRESS = ("email_address",)
ESCAPE = None

_ABUSE = ("abuse", "spam")


def entry(line: Line) -> Entry:
    """Say what a row tells."""
    if line.sheet.rpartition("/")[2].startswith("nonsubscribed"):
        raise Unusable("Mailchimp has them as not subscribed")
    reason = line.text("unsub_reason")
    state, suppressed = ACTIVE
    if line.has("clean_time"):
        state, suppressed = BOUNCED
    elif line.has("unsub_time"):
        is_abuse = any(word in reason.casefold() for word in _ABUSE)
        state, suppressed = COMPLAINED if is_abuse else ENDED
    return Entry(
        address=line.address(ADDRESS, line.name("first_name", "last_name")),
        state=state,
        suppressed=suppressed,
        created=line.time("optin_time", "confirm_time"),
        confirmed=line.time("confirm_time"),
        ended=line.time("unsub_time", "clean_time"),
        topics=line.topics("tags"),
        language=line.language("language"),
        consent=line.facts(
            opt_in_time="optin_time",
            opt_in_ip="optin_ip",
            confirmed_ip="confirm_ip",
            left_because="unsub_reason",
        ),
    )
