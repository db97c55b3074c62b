"""Lists for elsewhere, as programs fetch them: the exports of the command line."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from publisher.importing import exporting
from publisher.model import Scope, SubscriptionState
from publisher.web.api.checking import Given
from publisher.web.api.newsletters import asked_for
from publisher.web.api.operation import Call, Operation
from publisher.web.api.streaming import CSV, JSON_LINES, Stream

_MEDIA_TYPES = {"csv": CSV, "jsonl": JSON_LINES}


class HowToExport(Given):
    """How a list is wanted."""

    format: Literal["csv", "jsonl"] = "csv"
    """`csv`, in which cells that a spreadsheet would take for a formula have a quote before them,
    or `jsonl`: an object for each, a line each.
    """


class WhatToExport(HowToExport):
    """What is wanted of all subscriptions, and how."""

    newsletter: Annotated[str, Field(max_length=100)] | None = None
    """Only those to this one."""
    state: SubscriptionState | None = None
    """Only those in this state."""


async def _subscribers(call: Call) -> Stream:
    wanted: WhatToExport = call.query
    if wanted.newsletter is not None:
        asked_for(call.site, wanted.newsletter)
    return Stream(
        name=f"subscribers.{wanted.format}",
        media_type=_MEDIA_TYPES[wanted.format],
        pieces=exporting.subscribers(
            call.site.store,
            newsletter=wanted.newsletter,
            state=wanted.state,
            as_json=wanted.format == "jsonl",
            clock=call.site.clock,
        ),
    )


async def _suppressions(call: Call) -> Stream:
    wanted: HowToExport = call.query
    return Stream(
        name=f"suppressions.{wanted.format}",
        media_type=_MEDIA_TYPES[wanted.format],
        pieces=exporting.suppressions(call.site.store, as_json=wanted.format == "jsonl"),
    )


SUBSCRIBERS = Operation(
    method="GET",
    path="/subscribers/export",
    scope=Scope.SUBSCRIBERS_READ,
    id="exportSubscribers",
    summary="Export all subscriptions",
    description="With all that an import needs, here or at another site.",
    query=WhatToExport,
    streams=(CSV, JSON_LINES),
    do=_subscribers,
)
SUPPRESSIONS = Operation(
    method="GET",
    path="/suppressions/export",
    scope=Scope.SUPPRESSIONS_READ,
    id="exportSuppressions",
    summary="Export all suppressions",
    description="With all that an import needs. Whoever was erased is not among them: nothing of"
    " them is left that another site could know.",
    query=HowToExport,
    streams=(CSV, JSON_LINES),
    do=_suppressions,
)
