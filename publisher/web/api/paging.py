"""Long lists, a page at a time."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from publisher.web.api.checking import Given

# Both databases count so far.
_MOST = 2**63 - 1


class Paging(Given):
    """Which part of a list."""

    after: Annotated[int, Field(ge=0, le=_MOST)] = 0
    """The `next` of the page before; without it the list begins."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    """How many at most."""


class Backwards(Given):
    """Which part of a list that begins with the newest."""

    before: Annotated[int, Field(ge=1, le=_MOST)] | None = None
    """The `next` of the page before; without it the list begins."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    """How many at most."""


def following(listed: list[Any], limit: int) -> int | None:
    """Give what to ask with for what comes behind a page: None if it was the last one."""
    return listed[-1].id if len(listed) == limit else None
