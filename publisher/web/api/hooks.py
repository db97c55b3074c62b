"""Webhooks: how they fare, and events told to them again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from publisher.config import Webhook as Configured
from publisher.model import EventKind, Scope
from publisher.store import webhooks
from publisher.store.webhooks import Standing
from publisher.web.api.checking import Given, Told
from publisher.web.api.operation import Call, Operation
from publisher.web.api.problem import Fault, Problem
from publisher.webhooks import behind


class Webhook(Told):
    """A webhook, with how far it has been told."""

    name: str
    """What the config calls it."""
    kinds: list[EventKind]
    """Of which kinds of event it is told; none means all."""
    state: Literal["active", "failing", "stopped"]
    """Whether it takes what it is told. One that is stopped is told nothing before a replay."""
    since: datetime | None
    """Since when it fails, or is stopped."""
    position: int
    """The id of the event up to which it was told."""
    waiting: int
    """How many events it is yet to be told."""
    told: datetime | None
    """When it was told last."""
    next_try: datetime | None
    """When one that fails is tried again."""
    error: str
    """Why it fails."""


class Webhooks(Told):
    """All webhooks."""

    items: list[Webhook]
    """In the order of the config."""


class Replay(Given):
    """From where a webhook is to be told again."""

    since: Annotated[str, Field(max_length=100)] | None = None
    """The id of an event: what comes behind it is told; or a time, from which on. Without it one
    that was stopped goes on where it stopped.
    """


def _told(hook: Configured, standing: Standing) -> Webhook:
    return Webhook(
        name=hook.name,
        kinds=list(hook.kinds),
        state=standing.state,
        since=standing.since,
        position=standing.position,
        waiting=standing.waiting,
        told=standing.told,
        next_try=standing.next_try,
        error=standing.error,
    )


async def _list(call: Call) -> Webhooks:
    hooks = {hook.name: hook for hook in call.site.webhooks}
    async with call.site.store.read() as connection:
        kinds = {name: hook.kinds for name, hook in hooks.items()}
        found = await webhooks.standing(connection, kinds)
    return Webhooks(items=[_told(hooks[each.name], each) for each in found])


async def _replay(call: Call) -> Webhook:
    hook = next((each for each in call.site.webhooks if each.name == call.path["name"]), None)
    if hook is None:
        raise Problem(404, f"There is no webhook {call.path['name']}.")
    wanted: Replay = call.body
    async with call.site.store.write() as connection:
        kinds = {hook.name: hook.kinds}
        (standing,) = await webhooks.standing(connection, kinds)
        position = standing.position
        if wanted.since is not None:
            try:
                position = await behind(connection, wanted.since, call.site.publication.timezone)
            except ValueError:
                fault = Fault(pointer="#/since", detail="is neither the id of an event nor a time")
                raise Problem(422, "This cannot be replayed.", faults=[fault]) from None
        await webhooks.replay(connection, hook.name, position, call.site.clock())
        (standing,) = await webhooks.standing(connection, kinds)
    return _told(hook, standing)


OPERATIONS = (
    Operation(
        method="GET",
        path="/webhooks",
        scope=Scope.WEBHOOKS_READ,
        id="listWebhooks",
        summary="List webhooks",
        description="With how they fare, and without what is secret.",
        gives=Webhooks,
        do=_list,
    ),
    Operation(
        method="POST",
        path="/webhooks/{name}/replay",
        scope=Scope.WEBHOOKS_WRITE,
        id="replayWebhook",
        summary="Tell a webhook again",
        description="Every event behind an id or from a time on, under the ids of the first time.",
        body=Replay,
        gives=Webhook,
        refusals={404: "There is no such webhook."},
        do=_replay,
    ),
)
