"""The public side as files, for a web server, a bucket or a CDN that serves them without us.

Each address is asked of the web application itself, so that a file is what a request would
get. What was written once is asked again: a page that has gone is removed, and nothing else
in the folder ever is.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

from publisher import formats
from publisher.app import App
from publisher.errors import PublisherError
from publisher.model import LET_OUT, Coding
from publisher.publish import packed
from publisher.store import articles, issues
from publisher.web import archive, sitemap

_ENDINGS = {Coding.GZIP: ".gz", Coding.BROTLI: ".br"}
# Moved, not there, ended. Any other answer says nothing of the page: what was written stays.
_GONE = (301, 404, 410)
# Which addresses were written, as a list in JSON.
_NOTE = ".publisher.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What became of the files; packed forms go with the plain one and are not named."""

    written: list[Path]
    unchanged: int
    removed: list[Path]


async def export(app: App, web: ASGIApp, folder: Path) -> Exported:
    """Write what has changed. Raises PublisherError when the folder cannot be written.

    Whatever a document links to is written before it, so that no reader meets a dead link; each
    file is replaced whole. A second export into the same folder at once is not meant.
    """
    written: list[Path] = []
    removed: list[Path] = []
    unchanged = 0
    done: dict[str, None] = {}
    try:
        before = _read_note(folder)
        async for path in _addresses(app, before):
            if path in done:
                continue
            answer = await _ask(web, path)
            if answer.status == 200:
                done[path] = None
                file = folder / _file(path, answer)
                if _write(file, answer):
                    written.append(file)
                else:
                    unchanged += 1
            elif path in before and answer.status in _GONE:
                removed.extend(_remove(folder, path))
            elif path in before:
                done[path] = None
        _write_whole(folder / _NOTE, json.dumps(list(done)).encode(), None)
    except OSError as error:
        raise PublisherError(f"{error.filename} cannot be written: {error.strerror}") from error
    return Exported(written=written, unchanged=unchanged, removed=removed)


async def _addresses(app: App, before: Iterable[str]) -> AsyncIterator[str]:
    """Yield all addresses of the public side, what is linked to before what links to it."""
    async with app.store.read() as connection:
        async for article in articles.listing(connection):
            if article.url is None:
                yield f"/articles/{article.slug}"
        for newsletter in app.config.newsletters:
            for issue in await issues.listing(
                connection, newsletter=newsletter.slug, states=LET_OUT
            ):
                if issue.number is not None:
                    yield f"/newsletters/{newsletter.slug}/issues/{issue.number}"
            out = await issues.count_out(connection, [newsletter.slug])
            for number in range(2, archive.pages(out) + 1):
                yield f"/newsletters/{newsletter.slug}/pages/{number}"
            yield f"/newsletters/{newsletter.slug}"
    # Names of archive pages that readers were told of once are among these.
    for path in before:
        yield path
    listed = await app.press.listed()
    for feed in listed:
        for page in await app.press.pages(feed):
            for format in feed.formats:
                yield formats.archive_path(feed, page, format)
        for format in feed.formats:
            yield formats.path(feed, format)
        yield feed.path
    slugs = [newsletter.slug for newsletter in app.config.newsletters]
    async with app.store.read() as connection:
        count = await sitemap.count(connection, slugs, app.clock())
    for part in range(1, sitemap.parts(count) + 1):
        yield f"/sitemaps/{part}.xml"
    for path in ("/feeds.css", "/feeds.opml", "/sitemap.xml", "/robots.txt", "/favicon.ico", "/"):
        yield path


# --- asking ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    headers: dict[str, str]
    body: bytes


async def _ask(web: ASGIApp, path: str) -> _Answer:
    """Make a GET request without a network."""
    messages: list[Message] = []
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "client": None,
        "server": None,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await web(scope, receive, send)
    start, *bodies = messages
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return _Answer(
        status=start["status"],
        headers=headers,
        body=b"".join(message.get("body", b"") for message in bodies),
    )


# --- files ----------------------------------------------------------------------------------


def _file(path: str, answer: _Answer) -> Path:
    """Give where an address stands in the folder: pages are the index of a folder of their own."""
    inner = Path(unquote(path).removeprefix("/"))
    is_page = answer.headers.get("content-type", "").startswith("text/html")
    return inner / "index.html" if is_page else inner


def _write(file: Path, answer: _Answer) -> bool:
    """Write a page and its packed forms, unless they are there; say whether they were not."""
    kept = {coding: file.with_name(file.name + ending) for coding, ending in _ENDINGS.items()}
    if _holds(file, answer.body) and all(each.is_file() for each in kept.values()):
        return False
    forms = packed(answer.body)
    modified = answer.headers.get("last-modified")
    # The plain one last: it is what says that the others are there.
    for coding, each in kept.items():
        _write_whole(each, forms[coding], modified)
    _write_whole(file, answer.body, modified)
    return True


def _holds(file: Path, data: bytes) -> bool:
    try:
        return file.stat().st_size == len(data) and file.read_bytes() == data
    except FileNotFoundError:
        return False


def _write_whole(file: Path, data: bytes, modified: str | None) -> None:
    """Replace a file: readers see the old one or the new one whole, after a power cut too.

    Its time is when the content last became different, which servers tell as Last-Modified.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if modified is not None:
            moment = parsedate_to_datetime(modified).timestamp()
            os.utime(part, (moment, moment))
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    # The name is durable only once the folder is.
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove(folder: Path, path: str) -> list[Path]:
    """Remove what was written for an address, with its packed forms."""
    inner = folder / unquote(path).removeprefix("/")
    removed = [file for file in (inner, inner / "index.html") if file.is_file()]
    for file in removed:
        for ending in ("", *_ENDINGS.values()):
            file.with_name(file.name + ending).unlink(missing_ok=True)
    return removed


def _read_note(folder: Path) -> dict[str, None]:
    """Give the addresses that were written before, in order; none if the note is damaged."""
    try:
        noted = json.loads((folder / _NOTE).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(noted, list):
        return {}
    return {path: None for path in noted if isinstance(path, str) and _is_ours(path)}


def _is_ours(path: str) -> bool:
    """Say whether it leads into the folder: the note may have been tampered with."""
    plain = unquote(path)
    return plain.startswith("/") and ".." not in plain.split("/") and "\0" not in plain
