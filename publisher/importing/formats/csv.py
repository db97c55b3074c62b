"""Any list with a column "email", and our own export."""

from __future__ import annotations

import json

from publisher.importing.line import Line
from publisher.model import Entry, Subscription

TITLE = "CSV"
MARKS: tuple[frozenset[str], ...] = ()
ADDRESS = ("email", "e-mail", "email_address")
ESCAPE = None

# The columns of our export.
COLUMNS = (
    *("email", "name", "newsletter", "cadence", "state", "suppressed", "created", "confirmed"),
    *("ended", "topics", "language", "own_time", "paused_until", "consent"),
)
# What else a list may have, or be told to have.
_PARTS = ("first_name", "last_name")
MORE = (*_PARTS, "source", "opt_in_time", "opt_in_ip")
_FURTHER = frozenset((*COLUMNS, *MORE)) - {*ADDRESS, "name", *_PARTS, "newsletter"}


def entry(line: Line) -> Entry:
    """Say what a row tells."""
    address = line.address(ADDRESS, line.name("name") or line.name(*_PARTS))
    if not line.has(*_FURTHER):
        return Entry(address=address)
    state, suppressed = line.standing("state")
    return Entry(
        address=address,
        state=state,
        suppressed=line.reason("suppressed") or suppressed,
        created=line.time("created"),
        confirmed=line.time("confirmed"),
        ended=line.time("ended"),
        cadence=line.cadence("cadence"),
        topics=line.topics("topics"),
        language=line.language("language"),
        own_time=line.own_time("own_time", "cadence"),
        paused_until=line.until("paused_until"),
        consent={
            **line.facts(source="source", opt_in_time="opt_in_time", opt_in_ip="opt_in_ip"),
            **line.mapping("consent"),
        },
    )


def row(subscription: Subscription, suppressed: str) -> dict[str, str]:
    """Write what `entry` reads, in the order of COLUMNS."""
    wishes = subscription.wishes
    times = {
        "created": subscription.created,
        "confirmed": subscription.confirmed,
        "ended": subscription.ended,
        "paused_until": wishes.paused_until,
    }
    told = {
        "email": subscription.address.mailbox,
        "name": subscription.address.name,
        "newsletter": subscription.newsletter,
        "cadence": wishes.cadence,
        "state": subscription.state.value,
        "suppressed": suppressed,
        "topics": ",".join(wishes.topics),
        "language": wishes.language,
        "own_time": str(wishes.own_time),
        "consent": json.dumps(dict(subscription.consent), ensure_ascii=False),
        **{name: moment.isoformat() if moment else "" for name, moment in times.items()},
    }
    return {name: told[name] for name in COLUMNS}
