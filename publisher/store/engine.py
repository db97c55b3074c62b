"""Connections and transactions over SQLite and PostgreSQL.

Two doors: `Store.read` and `Store.write`. A verb opens one, calls the functions of this
package with the connection, and leaves; leaving `write` is the commit. A third, `Store.commit`,
is for the few statements that a send repeats for every message: they run in one thread of their
own, without a turn of the event loop for each.

On SQLite every writing transaction takes the write lock at its start (BEGIN IMMEDIATE), so
that none fails half-way for having read first. The journal is a WAL where the library keeps it
whole (`publisher.sqlite`): the command line beside a running service is a second process on the
same file. With an older library it is a rollback journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar
from weakref import WeakSet

import aiosqlite
from sqlalchemy import URL, Connection, Engine, Select, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_dbapi
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from publisher.errors import StoreError
from publisher.model import Event
from publisher.sqlite import WAL_IS_SAFE, sqlite3
from publisher.store import events
from publisher.store.committer import Committer

_BUSY_TIMEOUT_SECONDS = 60
_FAREWELL_SECONDS = 2

T = TypeVar("T")


class Store:
    """A database that is open for work. Make it with `connect`, end it with `close`."""

    def __init__(self, engine: AsyncEngine, threads: Collection[Thread] = ()) -> None:
        self._engine = engine
        self._threads = threads  # of the connections, if each has one
        self._writer = engine.execution_options(publisher_write=True)
        # SQLite has one writer: waiting in line here is fair, polling its lock is not.
        self._turn = asyncio.Lock() if engine.dialect.name == "sqlite" else None
        self._committer: Committer | None = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction for reading. Keep it short: on SQLite it holds up writers."""
        async with _said_plainly(self._engine), self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that is committed on leaving, or rolled back on an error."""
        async with _said_plainly(self._engine):
            if self._turn is None:
                async with _telling(self._writer) as connection:
                    yield connection
            else:
                async with self._turn, _telling(self._writer) as connection:
                    yield connection

    async def commit(self, work: Callable[[Connection], T]) -> T:
        """Do some statements in a transaction of their own; it is committed when this returns."""
        if self._committer is None:
            url = self._engine.url.render_as_string(hide_password=False)
            engine = connect_sync(url).execution_options(publisher_write=True)
            _expect_lookups(engine)
            self._committer = Committer(engine)
        async with _said_plainly(self._engine):
            if self._turn is None:
                return await self._committer.commit(work)
            async with self._turn:
                return await self._committer.commit(work)

    async def close(self) -> None:
        """Close all connections."""
        if self._committer is not None:
            await self._committer.close()
        await self._engine.dispose()
        # A connection that was given up under way closes by itself, and then tells the loop.
        for each in list(self._threads):
            if each.is_alive():
                await asyncio.to_thread(each.join, _FAREWELL_SECONDS)


@asynccontextmanager
async def _telling(writer: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a transaction whose last statement writes down the events that it has noted."""
    async with writer.begin() as connection:
        noted: list[Event | Select[Any]] = []
        await connection.execution_options(**{events.NOTED: noted})
        yield connection
        await connection.run_sync(events.write_down, noted)


@asynccontextmanager
async def _said_plainly(engine: AsyncEngine) -> AsyncIterator[None]:
    """Turn a failure of the database into a StoreError; a broken rule of ours stays as it is."""
    try:
        yield
    except DBAPIError as error:
        if not is_failure(error):
            raise
        raise StoreError(f"{named(engine.url)}: {str(error.orig).strip()}") from error


def is_failure(error: DBAPIError) -> bool:
    """Say whether the database failed, rather than refuse what we asked of it.

    SQLite's plain DatabaseError is a file that is garbled or no database at all. PostgreSQL that
    has become somebody's standby, or is kept from writing, is read-only (25006).
    """
    return (
        error.connection_invalidated
        or isinstance(error, OperationalError)
        or type(error) is DatabaseError
        or getattr(error.orig, "sqlstate", None) == "25006"
    )


def named(url: URL) -> str:
    """Name a database in a message, without its password."""
    return f"database {url.render_as_string()}"


def insert_unless(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Begin an INSERT that can say what to do when the row is there: both databases know it."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def connect(url: str) -> Store:
    """Open the database at an SQLAlchemy URL: sqlite:///FILE or postgresql://...

    Nothing is created or migrated; `publisher.store.migrate` does that.
    """
    where = _with_driver(make_url(url))
    threads: WeakSet[Thread] = WeakSet()
    engine = create_async_engine(where, **_options(where, threads))
    _prepare(engine.sync_engine, create=False)
    return Store(engine, threads)


def connect_sync(url: str, *, create: bool = False) -> Engine:
    """Open the same database for migrations, which Alembic runs without asyncio.

    ``create`` allows an SQLite file, and its folder, to be made.
    """
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        if where.database and create:
            Path(where.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(where.set(drivername="sqlite"), module=sqlite3)
    else:
        engine = create_engine(where.set(drivername="postgresql+psycopg"))
    _prepare(engine, create=create)
    return engine


def _with_driver(url: URL) -> URL:
    match url.get_backend_name():
        case "sqlite":
            return url.set(drivername="sqlite+aiosqlite")
        case "postgresql":
            return url.set(drivername="postgresql+psycopg")
        case other:
            raise StoreError(f"store.url: {other} is not supported; use sqlite:// or postgresql://")


def _options(url: URL, threads: WeakSet[Thread]) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        patience = {
            "timeout": _BUSY_TIMEOUT_SECONDS,
            "async_creator_fn": partial(_open_sqlite, threads),
        }
        return {"module": _Driver(aiosqlite, sqlite3), "connect_args": patience}
    return {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True}


_ERRORS = (
    "DatabaseError",
    "Error",
    "IntegrityError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
)


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    """aiosqlite over our SQLite library: its errors are that one's."""

    def _init_dbapi_attributes(self) -> None:
        super()._init_dbapi_attributes()
        for name in _ERRORS:
            setattr(self, name, getattr(sqlite3, name))


def _open_sqlite(threads: WeakSet[Thread], file: str, **options: Any) -> aiosqlite.Connection:
    connection = aiosqlite.Connection(lambda: sqlite3.connect(file, **options), iter_chunk_size=64)
    # As the dialect has it: a thread that nobody ended must not keep the program from ending.
    connection._thread.daemon = True
    threads.add(connection._thread)
    return connection


def _expect_lookups(engine: Engine) -> None:
    """Have PostgreSQL look up each row by its key, and plan each statement once.

    Otherwise it goes through all rows of an issue of which its statistics do not know yet, and
    thinks longer than it works.
    """
    if engine.dialect.name != "postgresql":
        return

    @event.listens_for(engine, "connect")
    def _connected(dbapi_connection: Any, _record: ConnectionPoolEntry) -> None:
        with dbapi_connection.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_generic_plan")
            for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
                cursor.execute(f"SET enable_{way} = off")
        dbapi_connection.commit()


def _prepare(engine: Engine, *, create: bool) -> None:
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "do_connect")
    def _connecting(*_: object) -> None:
        # SQLite would make an empty file, and a mistyped path would look like a lost database.
        file = engine.url.database
        if file and not create and not Path(file).exists():
            raise StoreError(f"{named(engine.url)}: no such file; run `publisher migrate`")

    @event.listens_for(engine, "connect")
    def _connected(dbapi_connection: Any, _record: ConnectionPoolEntry) -> None:
        # The driver's own BEGIN comes too late (before the first write); ours is below.
        dbapi_connection.isolation_level = None
        try:
            cursor = dbapi_connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_SECONDS * 1000}")
            cursor.execute(f"PRAGMA journal_mode = {'WAL' if WAL_IS_SAFE else 'TRUNCATE'}")
            # FULL: what we have said is committed survives a power cut as well.
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.close()
        except sqlite3.Error:  # no database at all; the pool never hears of this connection
            dbapi_connection.close()
            raise

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        write = connection.get_execution_options().get("publisher_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
