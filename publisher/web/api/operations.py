"""All that programs with a token may do, in the order of the document.

Of two paths that match the first one is meant: an address may hold slashes.
"""

from __future__ import annotations

from publisher.web.api import (
    bounces,
    coming,
    events,
    exports,
    hooks,
    imports,
    issues,
    newsletters,
    person,
    steering,
    subscribers,
    suppressions,
)

OPERATIONS = (
    *newsletters.OPERATIONS,
    *subscribers.OPERATIONS,
    imports.SUBSCRIBERS,
    exports.SUBSCRIBERS,
    *person.OPERATIONS,
    subscribers.SHOW,
    imports.SUPPRESSIONS,
    exports.SUPPRESSIONS,
    *suppressions.OPERATIONS,
    *bounces.OPERATIONS,
    *issues.OPERATIONS,
    *coming.OPERATIONS,
    *steering.OPERATIONS,
    *events.OPERATIONS,
    *hooks.OPERATIONS,
)
