"""Issues, and where each of their recipients stands."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from publisher import model
from publisher.model import IssueState, Scope
from publisher.store import accounts, issues
from publisher.web.api.checking import Told
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
    bounced: bool = False
    """Only those whose mail failed later, or was complained of; `bounces` say how."""


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


async def _list(call: Call) -> Issues:
    wanted: WhichIssues = call.query
    async with call.site.store.read() as connection:
        listed = await issues.listing(
            connection,
            newsletter=wanted.newsletter,
            states=wanted.state,
            before=wanted.before,
            limit=wanted.limit,
        )
    items = [Issue.model_validate(asdict(each)) for each in listed]
    return Issues(items=items, next=following(listed, wanted.limit))


async def show(call: Call) -> IssueWithBalance:
    """Show the issue of a path. Raises Problem."""
    issue = await found(call)

    async def count() -> model.Balance:
        async with call.site.store.read() as connection:
            return await accounts.balance(connection, issue.id, call.site.clock())

    balance = await count()
    # On PostgreSQL a chunk may be composed between the two statements of a count.
    balance = balance if balance.holds else await count()
    return IssueWithBalance.model_validate({**asdict(issue), "balance": asdict(balance)})


async def _recipients(call: Call) -> Recipients:
    issue = await found(call)
    wanted: WhichRecipients = call.query
    async with call.site.store.read() as connection:
        listed = await accounts.recipients(
            connection,
            issue.id,
            now=call.site.clock(),
            state=wanted.state,
            is_bounced=wanted.bounced,
            after=wanted.after,
            limit=wanted.limit,
        )
    items = [
        Recipient.model_validate({**asdict(each), "address": each.address.mailbox})
        for each in listed
    ]
    return Recipients(items=items, next=following(listed, wanted.limit))


async def found(call: Call) -> model.Issue:
    """Find the issue of a path. Raises Problem."""
    id = call.path["id"]
    issue = None
    if id.isdecimal() and id.isascii() and len(id) <= 18:
        async with call.site.store.read() as connection:
            issue = await issues.get(connection, int(id))
    if issue is None:
        raise Problem(404, "There is no such issue.")
    return issue


UNKNOWN = {404: "There is no such issue."}


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
        refusals=UNKNOWN,
        do=show,
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
        refusals=UNKNOWN,
        do=_recipients,
    ),
)
