"""One thing that a program may do over the API: its route, its right, and what is said of it.

Nothing is answered but by an operation, and no operation is without a scope. The routes and the
OpenAPI document are made of the same table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from publisher.model import Scope
from publisher.store.access import Access
from publisher.store.idempotency import Answer
from publisher.web.api.body import Kind, parse, read
from publisher.web.api.checking import Given, read_body, read_query
from publisher.web.api.once import once
from publisher.web.api.problem import PRIVATE
from publisher.web.api.rights import allowed
from publisher.web.api.streaming import Stream, streamed
from publisher.web.site import Site, site_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that is allowed and well formed; ``query`` and ``body`` are what was declared.

    The body of a file is its bytes.
    """

    site: Site
    access: Access
    path: Mapping[str, str]
    query: Any = None
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """``do`` gives the answer, None for one without content, or raises Problem.

    ``query`` and ``body`` are the models of what is sent, ``gives`` of what is answered;
    ``refusals`` says what its own statuses mean. One that takes a ``file`` may be sent again as it
    is: what was done is not done twice, and no answer is kept, since it tells of people. Of what
    is answered as a stream, ``streams`` are the media types.
    """

    method: str
    path: str
    scope: Scope
    id: str
    summary: str
    do: Callable[[Call], Awaitable[BaseModel | Stream | None]]
    description: str = ""
    query: type[Given] = Given
    body: type[Given] | None = None
    file: Kind | None = None
    gives: type[BaseModel] | None = None
    streams: tuple[str, ...] = ()
    refusals: Mapping[int, str] = field(default_factory=dict)


def routes(root: str, operations: Sequence[Operation]) -> list[Route]:
    """Make the routes of operations, those of one path standing together.

    An address in a path may hold slashes.
    """
    found = []
    for path, of_it in groupby(operations, key=lambda each: each.path):
        methods = {each.method: each for each in of_it}
        pattern = root + path.replace("{address}", "{address:path}")
        found.append(Route(pattern, _endpoint(methods), methods=list(methods)))
    return found


def _endpoint(methods: Mapping[str, Operation]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        # The router lets HEAD in where GET is.
        method = "GET" if request.method == "HEAD" else request.method
        return await _answered(request, methods[method])

    return answer


async def _answered(request: Request, operation: Operation) -> Response:
    access = await allowed(request, operation.scope)
    query = request.query_params
    given = {name: query.getlist(name) for name in query}
    call = Call(
        site=site_of(request),
        access=access,
        path=request.path_params,
        query=read_query(operation.query, given),
    )
    data = b""
    if operation.file:
        call = replace(call, body=await read(request, operation.file))
    elif operation.body:
        data = await read(request)
        body = read_body(operation.body, parse(data), "This cannot be done as it is asked.")
        call = replace(call, body=body)
    if operation.method != "POST" or operation.file:  # these may be sent again anyway
        told = await operation.do(call)
        return streamed(request, told) if isinstance(told, Stream) else _response(_answer(told))
    asked = f"{request.method} {request.scope['path']} {hashlib.sha256(data).hexdigest()}"
    digest = hashlib.sha256(asked.encode()).hexdigest()
    # No source has a name with a blank in it, so no key of one is a key of the other.
    whose = f"token {access.name}"

    async def work() -> Answer:
        told = await operation.do(call)
        assert not isinstance(told, Stream)  # noqa: S101 -- nothing that is kept is one
        return _answer(told)

    return _response(await once(request, whose, digest, work))


def _answer(told: BaseModel | None) -> Answer:
    if told is None:
        return Answer(status=204, body={})
    return Answer(status=200, body=told.model_dump(mode="json"))


def _response(answer: Answer) -> Response:
    if answer.status == 204:
        return Response(status_code=204, headers=PRIVATE)
    return JSONResponse(answer.body, answer.status, PRIVATE)
