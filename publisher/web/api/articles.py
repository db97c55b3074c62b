"""Handing an article over, changing it, and taking it back."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import asdict
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from publisher.model import Rejection
from publisher.sources.push import PushState
from publisher.store.idempotency import Answer
from publisher.web.api.article import is_guid, read_article
from publisher.web.api.body import ARTICLE, parse, read
from publisher.web.api.entry import pushing_of, source_of
from publisher.web.api.once import once
from publisher.web.api.parts import ARTICLES
from publisher.web.api.problem import PRIVATE, Problem
from publisher.web.site import site_of

log = structlog.get_logger()


async def add(request: Request) -> Response:
    """Answer POST /api/v1/articles."""
    return await _take_in(request, None)


async def one(request: Request) -> Response:
    """Answer PUT and DELETE of /api/v1/articles/GUID."""
    guid = request.path_params["guid"]
    return await (_take_in if request.method == "PUT" else _take_back)(request, guid)


async def _take_back(request: Request, guid: str) -> Response:
    source = source_of(request)
    if not is_guid(guid) or not await pushing_of(request).withdraw_pushed(source, guid):
        raise Problem(404, "No article of this guid is there.")
    log.info("article taken back", source=source, guid=guid)
    return Response(status_code=204, headers=PRIVATE)


async def _take_in(request: Request, guid: str | None) -> Response:
    """Take in the article of the body; ``guid`` is that of the path, None if it has none."""
    site, source = site_of(request), source_of(request)
    data = await read(request, ARTICLE)
    # Everything that can be wrong with the request is told before its key is used up.
    stamp = hashlib.sha256(data).hexdigest()
    told = await asyncio.to_thread(
        lambda: read_article(parse(data), guid=guid, stamp=stamp, zone=site.publication.timezone)
    )

    async def push() -> Answer:
        pushed = await pushing_of(request).push(source, told)
        if isinstance(pushed, Rejection):
            raise Problem(422, f"The article cannot be published: {pushed.reason}.")
        log.info("article pushed", source=source, guid=pushed.guid, state=str(pushed.state))
        # RFC 9110 §9.3.4: 201 only where there was none before.
        return Answer(status=201 if pushed.state is PushState.NEW else 200, body=asdict(pushed))

    asked = f"{request.method} {guid or ''} {stamp}"
    digest = hashlib.sha256(asked.encode()).hexdigest()
    answer = await once(request, source, digest, push)
    headers = dict(PRIVATE)
    if answer.status == 201:
        where = f"{ARTICLES}/{quote(answer.body['guid'], safe='')}"
        headers["Location"] = site.publication.base_url + where
    return JSONResponse(answer.body, answer.status, headers)
