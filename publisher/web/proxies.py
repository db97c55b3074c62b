"""Proxies that nobody named: behind one of them everybody seems to come from one address."""

from __future__ import annotations

from ipaddress import ip_address

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

log = structlog.get_logger()


class Unnamed:
    """Wraps an application. Says once in the log that a proxy is not in ``trusted_proxies``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._is_told = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if not self._is_told and scope["type"] == "http" and (proxy := _unnamed(scope)):
            self._is_told = True
            log.warning(
                "a proxy is not trusted",
                proxy=proxy,
                effect="limits on who asks take all who come through it for one",
                remedy="name it in trusted_proxies of [web], if it is yours",
            )
        await self._app(scope, receive, send)


def _unnamed(scope: Scope) -> str | None:
    """Give the address of the proxy that passed a request on, if it is near and not believed."""
    passed_on_for = ", ".join(Headers(scope=scope).getlist("x-forwarded-for"))
    if not passed_on_for or scope["client"] is None:
        return None
    peer: str = scope["client"][0]
    # Who is believed has been replaced by whom it named. From afar anybody may say anything.
    return None if peer in passed_on_for or not _is_near(peer) else peer


def _is_near(peer: str) -> bool:
    try:
        return ip_address(peer).is_private
    except ValueError:  # a socket's path
        return False
