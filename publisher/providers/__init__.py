"""Providers that tell over HTTP what became of our mails, one module each, found by its name.

A module offers ``Settings``, a pydantic model of its keys in the config, and
``make(settings, site)``. Whatever is posted is a stranger's until its signature, or what it logs in
with, is found to be good.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from publisher.errors import PublisherError
from publisher.model import Address, Verdict


class Unsigned(PublisherError):
    """Nothing proves who posted it. ``status`` is that of the answer."""

    def __init__(self, message: str, *, status: int = 403) -> None:
        super().__init__(message)
        self.status = status


class Unreadable(PublisherError):
    """It is signed, and is not what the provider is known to post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What came by HTTP. Header names are in small letters."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a provider's module may use: our bounce address, and fetching a page of the web."""

    bounce: Address | None
    get: Callable[[str], Awaitable[bytes]]


class Provider(Protocol):
    """One provider as configured."""

    async def events(self, posted: Posted) -> list[Verdict]:
        """Give what it tells of our mails; what it tells of anything else is left out.

        Raises Unsigned, Unreadable, and FetchError where a signature cannot be checked now.
        """
        ...
