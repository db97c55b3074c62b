"""The verbs that make issues and steer them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field

from publisher import issues as verbs
from publisher import model
from publisher.model import IssueState, Scope
from publisher.store import accounts, issues
from publisher.web.api.checking import Given
from publisher.web.api.issues import UNKNOWN, Issue, IssueWithBalance, found, show
from publisher.web.api.newsletters import called
from publisher.web.api.operation import Call, Operation
from publisher.web.api.problem import Fault, Problem


class Make(Given):
    """Which issue is to be made now."""

    cadence: Annotated[str, Field(max_length=100)]
    """Of which of the newsletter's cadences."""


class Retry(Given):
    """Which mails are to be sent again."""

    only: Annotated[list[Literal["failed", "in_doubt"]], Field(min_length=1, max_length=2)]
    """Those that failed, those in doubt, or both. Whoever had one in doubt gets it twice."""


async def _make(call: Call) -> Issue:
    newsletter = called(call.site, call.path["newsletter"])
    cadence = next((each for each in newsletter.cadences if each.name == call.body.cadence), None)
    if cadence is None:
        offered = ", ".join(each.name for each in newsletter.cadences)
        fault = Fault(pointer="#/cadence", detail=f"must be one of: {offered}")
        raise Problem(422, "There is no such cadence.", faults=[fault])
    made = await verbs.occur_now(call.site.store, newsletter, cadence, clock=call.site.clock)
    return Issue.model_validate(asdict(made))


async def _approve(call: Call) -> IssueWithBalance:
    issue = await found(call)
    async with call.site.store.write() as connection:
        if not await issues.approve(connection, issue.id):
            raise _not_now(issue, "approved", IssueState.HELD)
    return await show(call)


def _moving(
    verb: str, before: IssueState, after: IssueState
) -> Callable[[Call], Awaitable[IssueWithBalance]]:
    async def move(call: Call) -> IssueWithBalance:
        issue = await found(call)
        async with call.site.store.write() as connection:
            if not await issues.change_state(
                connection, issue.id, come_from=[before], go_to=after, now=call.site.clock()
            ):
                raise _not_now(issue, verb, before)
        return await show(call)

    return move


async def _cancel(call: Call) -> IssueWithBalance:
    issue = await found(call)
    if await verbs.stop(call.site.store, issue, clock=call.site.clock) is None:
        raise _not_now(issue, "cancelled", IssueState.HELD, IssueState.OPEN, IssueState.PAUSED)
    return await show(call)


async def _retry(call: Call) -> IssueWithBalance:
    issue = await found(call)
    wanted: Retry = call.body
    if issue.state not in (IssueState.OPEN, IssueState.PAUSED):
        raise _not_now(issue, "retried", IssueState.OPEN, IssueState.PAUSED)
    async with call.site.store.write() as connection:
        await accounts.retry(
            connection,
            issue.id,
            failed="failed" in wanted.only,
            in_doubt="in_doubt" in wanted.only,
            now=call.site.clock(),
        )
    return await show(call)


def _not_now(issue: model.Issue, verb: str, *states: IssueState) -> Problem:
    wanted = " or ".join(states)
    return Problem(409, f"The issue is {issue.state}; only one that is {wanted} can be {verb}.")


def _verb(
    name: str,
    summary: str,
    description: str,
    do: Callable[[Call], Awaitable[IssueWithBalance]],
    body: type[Given] | None = None,
) -> Operation:
    return Operation(
        method="POST",
        path=f"/issues/{{id}}/{name}",
        scope=Scope.ISSUES_WRITE,
        id=f"{name}Issue",
        summary=summary,
        description=description,
        body=body,
        gives=IssueWithBalance,
        refusals=UNKNOWN | {409: "It is in no state in which this can be done."},
        do=do,
    )


OPERATIONS = (
    Operation(
        method="POST",
        path="/newsletters/{newsletter}/issues",
        scope=Scope.ISSUES_WRITE,
        id="makeIssue",
        summary="Make an issue now",
        description="Of what is new to each reader of a cadence, whatever its schedule. It is held"
        " at first: the clock makes it within a minute, and a worker sends it. One that there is"
        " nothing new for is `empty` then, so nobody gets anything twice.",
        body=Make,
        gives=Issue,
        refusals={404: "There is no such newsletter."},
        do=_make,
    ),
    _verb(
        "approve", "Approve an issue", "One that is held goes out when its grace is over.", _approve
    ),
    _verb(
        "pause",
        "Pause an issue",
        "What is under way is finished.",
        _moving("paused", IssueState.OPEN, IssueState.PAUSED),
    ),
    _verb(
        "resume",
        "Resume an issue",
        "A worker sends the rest.",
        _moving("resumed", IssueState.PAUSED, IssueState.OPEN),
    ),
    _verb(
        "cancel",
        "Cancel an issue",
        "For good. Its articles go to those whom it did not reach with the next one.",
        _cancel,
    ),
    _verb("retry", "Send mails again", "Those that failed, or those in doubt.", _retry, body=Retry),
)
