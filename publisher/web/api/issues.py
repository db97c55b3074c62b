"""Issues: where each recipient stands, and the verbs that steer them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from publisher import issues as verbs
from publisher import model
from publisher.model import IssueState, Scope
from publisher.store import accounts, issues
from publisher.web.api.checking import Given, Told
from publisher.web.api.operation import Call, Operation
from publisher.web.api.paging import Backwards, Paging, following
from publisher.web.api.problem import Problem

Stand = Literal["pending", "sending", "accepted", "failed", "skipped", "in_doubt"]


class WhichIssues(Backwards):
    """Which issues."""

    newsletter: Annotated[str, Field(max_length=100)] | None = None
    """Only those of this one."""
    state: tuple[IssueState, ...] = ()
    """Only those in this state; may be given several times."""


class WhichRecipients(Paging):
    """Which recipients of an issue."""

    state: Stand | None = None
    """Only those who stand so."""


class Issue(Told):
    """An occurrence of a newsletter's cadence."""

    id: int
    """What commands know it by."""
    newsletter: str
    """Of which newsletter."""
    cadence: str
    """Of which of its cadences."""
    slot: str
    """When it was due, on the newsletter's wall clock."""
    due: datetime
    """The same as an instant."""
    number: int | None
    """Its number for readers; null before it is made, and for one that was empty or missed."""
    state: IssueState
    """Held until its grace is over and it is approved; then open, or paused, or stopped."""
    opens: datetime
    """When its grace ends."""
    approved: bool
    """Whether it may go out then."""
    audience: int
    """How many it is for, as far as it is made."""
    note: str
    """A word for the admin, such as why it is held."""
    created: datetime
    """When it occurred."""


class Balance(Told):
    """Where all recipients stand: the five last numbers make up the audience."""

    audience: int
    """How many there are."""
    accepted: int
    """Taken by the next hop."""
    failed: int
    """Refused for good."""
    skipped: int
    """Left, paused or suppressed since, or the issue was stopped."""
    pending: int
    """Not sent yet, or under way."""
    in_doubt: int
    """May or may not have been taken."""


class IssueWithBalance(Issue):
    """An issue, with where its recipients stand."""

    balance: Balance
    """The balance of its ledger."""


class Issues(Told):
    """Issues, the newest first."""

    items: list[Issue]
    """Some of them."""
    next: int | None
    """What to send as `before` for older ones; null if these were the last ones."""


class Recipient(Told):
    """Somebody who gets an issue, and what became of the mail."""

    id: int
    """Their place in the list."""
    address: str
    """Where it goes."""
    state: Stand
    """Where it stands."""
    attempts: int
    """How often it was tried."""
    reply: str
    """What the next hop said last."""
    settled: datetime | None
    """When that was decided."""


class Recipients(Told):
    """Recipients of an issue."""

    items: list[Recipient]
    """Some of them."""
    next: int | None
    """What to send as `after` for those behind; null if these were the last ones."""


class Retry(Given):
    """Which mails are to be sent again."""

    only: Annotated[list[Literal["failed", "in_doubt"]], Field(min_length=1, max_length=2)]
    """Those that failed, those in doubt, or both. Whoever had one in doubt gets it twice."""


async def _list(call: Call) -> Issues:
    wanted: WhichIssues = call.query
    async with call.site.store.read() as connection:
        found = await issues.listing(
            connection,
            newsletter=wanted.newsletter,
            states=wanted.state,
            before=wanted.before,
            limit=wanted.limit,
        )
    items = [Issue.model_validate(asdict(each)) for each in found]
    return Issues(items=items, next=following(found, wanted.limit))


async def _show(call: Call) -> IssueWithBalance:
    issue = await _found(call)

    async def count() -> model.Balance:
        async with call.site.store.read() as connection:
            return await accounts.balance(connection, issue.id, call.site.clock())

    balance = await count()
    # On PostgreSQL a chunk may be composed between the two statements of a count.
    balance = balance if balance.holds else await count()
    return IssueWithBalance.model_validate({**asdict(issue), "balance": asdict(balance)})


async def _recipients(call: Call) -> Recipients:
    issue = await _found(call)
    wanted: WhichRecipients = call.query
    async with call.site.store.read() as connection:
        found = await accounts.recipients(
            connection,
            issue.id,
            now=call.site.clock(),
            state=wanted.state,
            after=wanted.after,
            limit=wanted.limit,
        )
    items = [
        Recipient.model_validate({**asdict(each), "address": each.address.mailbox})
        for each in found
    ]
    return Recipients(items=items, next=following(found, wanted.limit))


async def _approve(call: Call) -> IssueWithBalance:
    issue = await _found(call)
    async with call.site.store.write() as connection:
        if not await issues.approve(connection, issue.id):
            raise _not_now(issue, "approved", IssueState.HELD)
    return await _show(call)


def _moving(
    verb: str, before: IssueState, after: IssueState
) -> Callable[[Call], Awaitable[IssueWithBalance]]:
    async def move(call: Call) -> IssueWithBalance:
        issue = await _found(call)
        async with call.site.store.write() as connection:
            if not await issues.change_state(
                connection, issue.id, come_from=[before], go_to=after, now=call.site.clock()
            ):
                raise _not_now(issue, verb, before)
        return await _show(call)

    return move


async def _cancel(call: Call) -> IssueWithBalance:
    issue = await _found(call)
    if await verbs.stop(call.site.store, issue, clock=call.site.clock) is None:
        raise _not_now(issue, "cancelled", IssueState.HELD, IssueState.OPEN, IssueState.PAUSED)
    return await _show(call)


async def _retry(call: Call) -> IssueWithBalance:
    issue = await _found(call)
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
    return await _show(call)


async def _found(call: Call) -> model.Issue:
    """Find the issue of a path. Raises Problem."""
    id = call.path["id"]
    found = None
    if id.isdecimal() and id.isascii() and len(id) <= 18:
        async with call.site.store.read() as connection:
            found = await issues.get(connection, int(id))
    if found is None:
        raise Problem(404, "There is no such issue.")
    return found


def _not_now(issue: model.Issue, verb: str, *states: IssueState) -> Problem:
    wanted = " or ".join(states)
    return Problem(409, f"The issue is {issue.state}; only one that is {wanted} can be {verb}.")


_UNKNOWN = {404: "There is no such issue."}


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
        refusals=_UNKNOWN | {409: "It is in no state in which this can be done."},
        do=do,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/issues",
        scope=Scope.ISSUES_READ,
        id="listIssues",
        summary="List issues",
        description="The newest first.",
        query=WhichIssues,
        gives=Issues,
        do=_list,
    ),
    Operation(
        method="GET",
        path="/issues/{id}",
        scope=Scope.ISSUES_READ,
        id="showIssue",
        summary="Show an issue",
        description="With its balance: where every recipient stands.",
        gives=IssueWithBalance,
        refusals=_UNKNOWN,
        do=_show,
    ),
    Operation(
        method="GET",
        path="/issues/{id}/recipients",
        scope=Scope.ISSUES_READ,
        id="listRecipients",
        summary="List who gets an issue",
        description="And what became of each mail: this is where those that were accepted stand.",
        query=WhichRecipients,
        gives=Recipients,
        refusals=_UNKNOWN,
        do=_recipients,
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
