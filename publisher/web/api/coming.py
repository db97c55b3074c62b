"""The next issue before it is made, as a program sees it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from publisher.errors import PublisherError, StoreError
from publisher.model import Scope
from publisher.web.api.checking import Given, Told
from publisher.web.api.newsletters import cadence_asked_for, called
from publisher.web.api.operation import Call, Operation
from publisher.web.api.problem import Problem


class WhichNext(Given):
    """Of which cadence the next issue is meant."""

    cadence: Annotated[str, Field(max_length=100)] | None = None
    """One of the newsletter's; without it, the first that has a schedule."""


class Mail(Told):
    """A mail as its reader sees it. Its links lead nowhere."""

    sender: str
    """Who it is from."""
    subject: str
    """What it is about."""
    html: str
    """Its HTML part."""
    text: str
    """Its text part."""


class Preview(Told):
    """The next issue as it would be now."""

    cadence: str
    """Of which cadence."""
    mail: Mail | None
    """What somebody would get who missed none; null if there is nothing new for anybody."""


async def _preview(call: Call) -> Preview:
    newsletter = called(call.site, call.path["newsletter"])
    cadence = cadence_asked_for(newsletter, call.query.cadence)
    try:
        read = await call.site.coming.next_mail(newsletter, cadence)
    except StoreError:
        raise
    except PublisherError as error:
        raise Problem(409, f"{error}.") from None
    if read is None:
        return Preview(cadence=cadence.name, mail=None)
    return Preview(
        cadence=cadence.name,
        mail=Mail(sender=read.sender, subject=read.subject, html=read.html, text=read.text),
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/newsletters/{newsletter}/preview",
        scope=Scope.ISSUES_READ,
        id="previewIssue",
        summary="Preview the next issue",
        description="As it would be now. Nothing is made by it, and nothing is sent.",
        query=WhichNext,
        gives=Preview,
        refusals={
            404: "There is no such newsletter.",
            409: "No mail can be made: a template is at fault, and detail says where.",
        },
        do=_preview,
    ),
)
