from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import StatementError

from publisher.errors import StoreError
from publisher.sqlite import WAL_IS_SAFE, sqlite3
from publisher.store import keys
from publisher.store.engine import Store, connect
from publisher.store.migrate import migrate, require_current
from publisher.store.tables import suppressions

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from publisher.store import suppressions
from publisher.store.engine import connect

async def main(url, name, times):
    store = connect(url)
    for number in range(times):
        async with store.write() as connection:
            await suppressions.page(connection, limit=9)
            await suppressions.suppress(
                connection, f"{name}-{number}", "manual", datetime.now(UTC)
            )
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def suppression(key: str, created: datetime = NOON) -> dict[str, object]:
    return {"hash": key, "reason": "manual", "created": created}


async def count(store: Store) -> int:
    async with store.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(suppressions)) or 0)


async def test_write_is_committed_on_leaving(store: Store, second_store: Store) -> None:
    async with store.write() as connection:
        await connection.execute(insert(suppressions).values(suppression("a")))

    assert await count(second_store) == 1


async def test_write_is_rolled_back_on_an_error(store: Store) -> None:
    async def fail() -> None:
        async with store.write() as connection:
            await connection.execute(insert(suppressions).values(suppression("a")))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()

    assert await count(store) == 0


async def test_broken_rule_of_ours_is_not_told_as_a_failure_of_the_database(store: Store) -> None:
    async with store.write() as connection:
        await connection.execute(insert(suppressions).values(suppression("a")))

    with pytest.raises(Exception, match=r"(?i)unique"):
        async with store.write() as connection:
            await connection.execute(insert(suppressions).values(suppression("a")))


async def test_writes_that_read_first_take_turns(store: Store, second_store: Store) -> None:
    """On SQLite a transaction that reads and then writes fails if another wrote in between."""

    async def suppress(opened: Store, key: str) -> None:
        async with opened.write() as connection:
            await connection.execute(select(suppressions))
            await asyncio.sleep(0)
            await connection.execute(insert(suppressions).values(suppression(key)))

    await asyncio.gather(
        *(
            suppress(each, f"{n}-{i}")
            for n in range(10)
            for i, each in enumerate([store, second_store])
        )
    )

    assert await count(store) == 20


async def test_two_processes_write_at_once(store: Store, database_url: str) -> None:
    writers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, database_url, name, "40", cwd=ROOT, stderr=PIPE
        )
        for name in ("one", "two")
    ]
    complaints = [(await each.communicate())[1].decode() for each in writers]

    assert complaints == ["", ""]
    assert await count(store) == 80


async def test_write_holds_the_sqlite_lock_from_its_start(
    databases: object, tmp_path: Path
) -> None:
    file = tmp_path / "publisher.db"
    migrate(f"sqlite:///{file}")
    store = connect(f"sqlite:///{file}")

    async with store.write():
        other = sqlite3.connect(file, timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    await store.close()


async def test_reading_does_not_take_the_sqlite_write_lock(tmp_path: Path) -> None:
    file = tmp_path / "publisher.db"
    migrate(f"sqlite:///{file}")
    store = connect(f"sqlite:///{file}")

    async with store.read() as connection:
        await keys.load(connection)
        other = sqlite3.connect(file, timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.close()
    await store.close()


async def test_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        async with store.write() as connection:
            await connection.execute(
                insert(suppressions).values(suppression("a", datetime(2026, 11, 23)))  # noqa: DTZ001
            )


async def test_time_comes_back_in_utc(store: Store) -> None:
    shanghai = datetime(2026, 11, 23, 20, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    async with store.write() as connection:
        await connection.execute(insert(suppressions).values(suppression("a", shanghai)))

    async with store.read() as connection:
        found = await connection.scalar(select(suppressions.c.created))

    assert found == datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
    assert found.tzinfo is UTC


async def test_journal_is_wal_only_where_sqlite_keeps_it_whole(tmp_path: Path) -> None:
    """SQLite before 3.51.3 can lose a WAL when two processes write and checkpoint at once."""
    file = tmp_path / "publisher.db"
    migrate(f"sqlite:///{file}")
    store = connect(f"sqlite:///{file}")
    async with store.read() as connection:
        mode = await connection.scalar(text("PRAGMA journal_mode"))
        synchronous = await connection.scalar(text("PRAGMA synchronous"))
    await store.close()

    assert mode == ("wal" if WAL_IS_SAFE else "truncate")
    assert synchronous == 2


async def test_missing_file_is_named_and_not_made(tmp_path: Path) -> None:
    file = tmp_path / "absent.db"
    store = connect(f"sqlite:///{file}")

    with pytest.raises(StoreError, match=r"absent\.db"):
        async with store.read() as connection:
            await keys.load(connection)
    with pytest.raises(StoreError, match=r"absent\.db"):
        require_current(f"sqlite:///{file}")

    await store.close()
    assert not file.exists()


async def test_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "folder.db"
    folder.mkdir()
    store = connect(f"sqlite:///{folder}")

    with pytest.raises(StoreError, match=r"folder\.db"):
        async with store.read() as connection:
            await keys.load(connection)
    with pytest.raises(StoreError, match=r"folder\.db"):
        migrate(f"sqlite:///{folder}")

    await store.close()


async def test_garbled_file_is_named(tmp_path: Path) -> None:
    """F26."""
    file = tmp_path / "garbled.db"
    file.write_bytes(b"this is no database at all " * 100)
    store = connect(f"sqlite:///{file}")

    for attempt in (migrate, require_current):
        with pytest.raises(StoreError, match=r"garbled\.db"):
            attempt(f"sqlite:///{file}")
    with pytest.raises(StoreError, match=r"garbled\.db"):
        async with store.read() as connection:
            await keys.load(connection)

    await store.close()


async def test_server_that_is_away_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://reader:hush@/publisher?host={tmp_path}"
    store = connect(url)

    with pytest.raises(StoreError, match=r"postgresql\S+/publisher") as caught:
        async with store.read() as connection:
            await keys.load(connection)

    await store.close()
    assert "hush" not in str(caught.value)


def test_other_databases_are_refused() -> None:
    with pytest.raises(StoreError, match="mysql is not supported"):
        connect("mysql://localhost/publisher")
