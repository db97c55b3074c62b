"""A real web server on loopback whose pages a test puts in, and may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came. ``target`` is path and query; header names are in small letters."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is answered. With an ``etag`` header, a request that names it gets a 304."""

    body: bytes | str = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class WebRig:
    """Serves ``pages``: a target (path with query), or else a path, to a page or what makes one.

    ``requests`` holds everything that was asked, oldest first. What is not there is a 404.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.pages: dict[str, Page | Callable[[Asked], Page]] = {}
        self.requests: list[Asked] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def targets(self) -> list[str]:
        return [asked.target for asked in self.requests]

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._answer))
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        asked = Asked(
            method=request.method,
            target=request.path_qs,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        self.requests.append(asked)
        page = self.pages.get(asked.target) or self.pages.get(request.path) or Page(status=404)
        if callable(page):
            page = page(asked)
        headers = dict(page.headers)
        etag = next((value for name, value in headers.items() if name.lower() == "etag"), None)
        if etag is not None and asked.headers.get("if-none-match") == etag:
            return web.Response(status=304, headers=headers)
        body = page.body.encode() if isinstance(page.body, str) else page.body
        return web.Response(status=page.status, headers=headers, body=body)
