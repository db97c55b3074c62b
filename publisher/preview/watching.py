"""Noticing that the next issue may have become another: a template, the config, an article."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

from publisher.app import utc_now
from publisher.config import load
from publisher.errors import PublisherError, StoreError
from publisher.render.templates import shipped_folder
from publisher.store import articles, issues
from publisher.store.engine import Store, connect

Mark = Callable[[], Awaitable[str]]


@asynccontextmanager
async def watching(config_path: Path) -> AsyncIterator[Mark]:
    """Give what makes a mark of everything that an issue is made of: another one, another mark.

    It looks anew each time instead of waiting to be told: the database tells nobody, and a
    folder of templates may be made, or named in the config, at any moment. Where files and
    database are as they were, so is the mark, in every process.
    """
    folders, store = [shipped_folder(Path(str(resources.files("publisher"))))], None
    try:
        config = await asyncio.to_thread(load, config_path, os.environ)
        folders.append(config.templates)
        store = connect(config.store_url.get_secret_value())
    except PublisherError:  # whoever asks for the mail is told; here the files are what to watch
        pass

    async def mark() -> str:
        files = await asyncio.to_thread(lambda: list(_files(config_path, folders)))
        rows = await _rows(store) if store else ()
        return hashlib.sha256(repr((files, rows)).encode()).hexdigest()

    try:
        yield mark
    finally:
        if store:
            await store.close()


def _files(config_path: Path, folders: list[Path]) -> Iterator[tuple[str, int, int]]:
    found = [path for folder in folders for path in sorted(folder.rglob("*"))]
    for path in [config_path, *found]:
        try:
            known = path.stat()
        except OSError:  # gone since it was listed, as when an editor replaces it
            continue
        yield str(path), known.st_mtime_ns, known.st_size


async def _rows(store: Store) -> tuple[object, ...]:
    try:
        async with store.read() as connection:
            tide = await articles.tide(connection, utc_now())
            return tide, await issues.listing(connection, limit=1)
    except StoreError as error:
        return (str(error),)
