"""How each database is opened so that nothing can be written, and how a query is called off.

Part of the kind "sql". A database that is not here is not supported.
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event
from typing import Any, Protocol
from urllib.parse import quote

from psycopg import DataError
from psycopg.abc import Buffer
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader
from psycopg.types.string import TextLoader
from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from publisher.sources._sql_watermark import OutOfRange

_CONNECT_SECONDS = 10
# What may stand behind the ? of a MySQL URL: how to connect. The driver knows others that write
# (init_command), or that read files of this machine for the server (local_infile).
_MYSQL_KEYS = frozenset(
    {"unix_socket", "charset", "ssl_ca", "ssl_cert", "ssl_key", "ssl_check_hostname"}
)
# MySQL counts the time until the last row has been taken, and a first load takes its time.
_MYSQL_TOTAL_SECONDS = 3600
_SERVER_ADVICE = "see whether url has the right host, user and password"
# SQLite asks whether to go on after so many instructions of its machine: well under 1 ms.
_SQLITE_INSTRUCTIONS = 10_000


class Database(Protocol):
    """One database of the admin's. ``options`` go to its driver.

    ``title`` is for messages, ``advice`` for the one that it cannot be opened.
    ``sends_all``: what is not read of a result must be taken before anything else can be said.
    """

    sends_all: bool
    title: str
    advice: str
    url: URL
    options: dict[str, Any]

    def make_read_only(self, connection: Connection, stopped: Event, /) -> None:
        """Begin a transaction that cannot write, and that ends some time after ``stopped``."""
        ...

    def call_off(self, engine: Engine, driver: Any, /) -> None:
        """Make the query that runs fail; another thread may be waiting for it.

        ``driver`` is the driver's own connection. May raise anything.
        """
        ...


def at_url(url: str, patience_seconds: float) -> Database:
    """Give the server at a URL; a fetch of a row that takes longer than ``patience`` may fail.

    Raises ValueError with a sentence that holds no value of the URL, as one may be a password.
    """
    try:
        where = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("is not the URL of a database") from None
    match where.get_backend_name():
        case "postgresql" | "postgres":
            return _PostgreSQL(where, patience_seconds)
        case "mysql" | "mariadb":
            if unknown := sorted(set(where.query) - _MYSQL_KEYS):
                raise ValueError(
                    f"has {unknown[0]} behind the ?; there may be {', '.join(sorted(_MYSQL_KEYS))}"
                )
            return _MySQL(where, patience_seconds)
        case "sqlite":
            raise ValueError('names an SQLite database; give its path as "file" instead')
    raise ValueError("names no database that is supported")


def at_file(file: Path) -> Database:
    """Give an SQLite file."""
    return _SQLite(file)


def is_mysql(url: str) -> bool:
    """Say whether a URL is of MySQL or MariaDB, whose texts are quoted in a way of their own."""
    return url.startswith(("mysql", "mariadb"))


def _server_title(product: str, url: URL) -> str:
    host = url.host or url.query.get("unix_socket") or url.query.get("host") or "this machine"
    return f'the {product} database "{url.database or url.username or ""}" on {host}'


# --- PostgreSQL ---------------------------------------------------------------------------


class _PostgreSQL:
    sends_all = False
    advice = _SERVER_ADVICE

    def __init__(self, url: URL, patience_seconds: float) -> None:
        self.title = _server_title("PostgreSQL", url)
        self.url = url.set(drivername="postgresql+psycopg")
        # A peer that is gone without a word is noticed within a minute, not after hours.
        self.options = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
        self.options["connect_timeout"] = _CONNECT_SECONDS
        self._limit_ms = int((patience_seconds + 5) * 1000)

    def make_read_only(self, connection: Connection, _stopped: Event) -> None:
        # Of the transaction, not of the session: a pooler in between may share that out.
        connection.execution_options(postgresql_readonly=True)
        # For when this program is gone, and for `stopped`: counts for each fetch.
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {self._limit_ms}")
        adapters = connection.connection.driver_connection.adapters  # type: ignore[union-attr]
        for name, loader in _LOADERS.items():
            adapters.register_loader(name, loader)

    def call_off(self, _engine: Engine, driver: Any) -> None:
        driver.cancel_safe(timeout=_CONNECT_SECONDS)


class _Date(DateLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except DataError:
            return OutOfRange(bytes(data).decode())


class _Timestamp(TimestampLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except DataError:
            return OutOfRange(bytes(data).decode())


class _Timestamptz(TimestamptzLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except DataError:
            return OutOfRange(bytes(data).decode())


# One value that Python cannot hold must cost its row only, and not the pass: infinity, a date
# BC, JSON that is nested too deeply.
_LOADERS = {
    "date": _Date,
    "timestamp": _Timestamp,
    "timestamptz": _Timestamptz,
    "json": TextLoader,
    "jsonb": TextLoader,
}


# --- MySQL and MariaDB --------------------------------------------------------------------


class _MySQL:
    sends_all = True
    advice = _SERVER_ADVICE

    def __init__(self, url: URL, patience_seconds: float) -> None:
        product = "MariaDB" if url.get_backend_name() == "mariadb" else "MySQL"
        self.title = _server_title(product, url)
        self.url = url.set(drivername="mysql+pymysql")
        # The last resort, for a server that is gone without a word.
        self.options = {"read_timeout": int(patience_seconds) + 10}
        self.options |= {"write_timeout": _CONNECT_SECONDS, "connect_timeout": _CONNECT_SECONDS}

    def make_read_only(self, connection: Connection, _stopped: Event) -> None:
        if connection.dialect.is_mariadb:  # type: ignore[attr-defined] # of this dialect only
            limit = f"max_statement_time = {_MYSQL_TOTAL_SECONDS}"
        else:
            limit = f"max_execution_time = {_MYSQL_TOTAL_SECONDS * 1000}"
        connection.exec_driver_sql(f"SET SESSION {limit}")
        connection.exec_driver_sql("START TRANSACTION READ ONLY")

    def call_off(self, engine: Engine, driver: Any) -> None:
        with engine.connect() as another:
            another.exec_driver_sql(f"KILL QUERY {int(driver.thread_id())}")


# --- SQLite -------------------------------------------------------------------------------


class _SQLite:
    sends_all = False
    advice = "see whether file is its path and may be read by this program"

    def __init__(self, file: Path) -> None:
        self.title = f"the SQLite database {file}"
        self.url = URL.create(
            "sqlite",
            database=f"file:{quote(os.fsencode(file))}",
            query={"mode": "ro", "uri": "true"},
        )
        self.options: dict[str, Any] = {"timeout": _CONNECT_SECONDS}

    def make_read_only(self, connection: Connection, stopped: Event) -> None:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(stopped.is_set, _SQLITE_INSTRUCTIONS)
        driver.text_factory = _text_or_bytes
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("PRAGMA schema_version")  # fails unless it is a database

    def call_off(self, _engine: Engine, _driver: Any) -> None:
        """Nothing is to be done: the progress handler sees that it was stopped."""


def _text_or_bytes(data: bytes) -> str | bytes:
    """Read a text, which SQLite does not check: what is no UTF-8 is decoded later, or refused."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
