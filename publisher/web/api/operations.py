"""All that programs with a token may do, in the order of the document."""

from __future__ import annotations

from publisher.web.api import events, hooks, issues, newsletters, subscribers

OPERATIONS = (
    *newsletters.OPERATIONS,
    *subscribers.OPERATIONS,
    *issues.OPERATIONS,
    *events.OPERATIONS,
    *hooks.OPERATIONS,
)
