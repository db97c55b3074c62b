"""One pass over one query: opened, read in chunks, stopped and closed.

Part of the kind "sql". All of it blocks, and all but `Reading.stop` is for one thread only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any

from sqlalchemy import Connection, CursorResult, Select, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from publisher.content.characters import clean_line
from publisher.errors import SourceError
from publisher.sources._sql_databases import Database
from publisher.sqlite import sqlite3

_CHUNK = 100
_MAX_SHOWN = 300


class Reading:
    """Reads rows for source ``name``, in a transaction that cannot write.

    Everything but `stop` and `close` raises SourceError when it fails.
    """

    def __init__(self, name: str, database: Database) -> None:
        self._name = name
        self._database = database
        is_sqlite = database.url.get_backend_name() == "sqlite"
        self._engine = create_engine(
            database.url,
            connect_args=database.options,
            poolclass=NullPool,
            module=sqlite3 if is_sqlite else None,
        )
        self._connection: Connection | None = None
        self._driver: Any = None
        self._result: CursorResult[Any] | None = None
        self._is_at_end = False
        self._stopped = Event()

    def start(self, statement: Select[Any]) -> Sequence[str]:
        """Ask; give the names of the columns. What was asked before is at its end."""
        connection = self._connection or self._connect()
        with self._said_plainly("the query failed", "try it in a client of the database"):
            if self._result is not None:
                self._result.close()
            options = {"stream_results": True, "yield_per": _CHUNK}
            self._result = connection.execute(statement, execution_options=options)
            return tuple(self._result.keys())

    def fetch(self) -> Sequence[Sequence[Any]]:
        """Give the next rows; none when there are no more."""
        assert self._result is not None  # noqa: S101 -- it was started
        with self._said_plainly("reading its rows failed", "the next pass begins anew"):
            rows = self._result.fetchmany(_CHUNK)
            self._is_at_end = not rows
            return rows

    def stop(self) -> None:
        """Make whatever another thread waits for in here fail soon. Never raises."""
        self._stopped.set()
        if self._driver is not None:
            # The server may have gone at any moment, which ends the query as well; what drivers
            # raise then is not only their own errors.
            with suppress(Exception):
                self._database.call_off(self._engine, self._driver)

    def close(self) -> None:
        """Close the connection. Never raises."""
        if self._connection is not None:
            with suppress(Exception):  # as in `stop`
                self._leave_unread()
            with suppress(Exception):
                self._connection.close()
        self._engine.dispose()

    def _leave_unread(self) -> None:
        if self._result is None or self._is_at_end:
            return
        if self._database.sends_all:
            self.stop()
            with suppress(DBAPIError):  # what stops it
                while self._result.fetchmany(_CHUNK):
                    pass
        self._result.close()

    def _connect(self) -> Connection:
        with self._said_plainly("it cannot be opened", self._database.advice):
            self._connection = self._engine.connect()
            self._driver = self._connection.connection.driver_connection
            self._database.make_read_only(self._connection, self._stopped)
            return self._connection

    @contextmanager
    def _said_plainly(self, what: str, advice: str) -> Iterator[None]:
        if self._stopped.is_set():
            raise SourceError(f'source "{self._name}": stopped')
        try:
            yield
        # Drivers raise more than their own errors: RuntimeError for a login that they do not
        # know, OSError for a certificate, UnicodeError for a text.
        except Exception as error:
            raise SourceError(
                f'source "{self._name}": {self._database.title}:'
                f" {what} ({self._words(error)}); {advice}"
            ) from error

    def _words(self, error: Exception) -> str:
        """Give what the database or its driver says, in a line and without the password."""
        said: Any = error.orig if isinstance(error, DBAPIError) else error
        primary = getattr(getattr(said, "diag", None), "message_primary", None)
        if primary is None and len(said.args) == 2 and isinstance(said.args[0], int):
            primary = said.args[1]  # MySQL: a number and a sentence
        line = clean_line(str(primary or said)).rstrip(".")
        if password := self._database.url.password:
            line = line.replace(password, "***")
        return line if len(line) <= _MAX_SHOWN else f"{line[:_MAX_SHOWN]}…"
