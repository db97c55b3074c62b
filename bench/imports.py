"""How fast does a list of a million people come in, beside bare inserts of the same rows?

    python -m bench.imports [PEOPLE]

The command `publisher subscribers import` reads a CSV file of addresses and names (1,000,000 unless
told otherwise, and a tenth of them beside it), with every check on: each address is judged, each
person looked up among those who are here and those who are never mailed, each subscription has its
consent, and each its event. Then the same file is read again, as after an import that was broken
off. The bare inserts put the same rows into the same three tables of another database, as many in a
transaction, with as large a cache: nothing is read or judged, and the driver does it in the
quickest way that it has (executemany, COPY). Each run is a process of its own, so that its peak
memory can be told. Both databases are durable. PostgreSQL is a server of its own, whose memory is
not counted.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.compose import CONFIG, database
from bench.memory import measured, peak_mib
from publisher.cli.importing import _BATCH
from publisher.store.engine import connect_sync
from publisher.store.migrate import migrate

PEOPLE = 1_000_000
NOW = datetime(2026, 12, 1, tzinfo=UTC)
CONSENT = json.dumps({"added_by": "import", "file": "people.csv", "system": "CSV"})
PEOPLE_COLUMNS = "id, mailbox, address_key, name, created"
BOND_COLUMNS = "subscriber_id, newsletter, cadence, state, created, confirmed, consent"
EVENT_COLUMNS = "kind, occurred, newsletter, subscriber_id, address, data"
TOLD = json.dumps({"state": "active", "cadence": "daily"})


def people(count: int) -> Iterator[tuple[str, str]]:
    """Give addresses in no order, as lists have them, with names."""
    chance = random.Random(7)  # noqa: S311 -- the same list each time
    for number in range(count):
        yield (
            f"{chance.getrandbits(40):010x}.{number}@example{number % 977}.net",
            f"Reader {number % 1000}",
        )


def write_list(file: Path, count: int) -> None:
    with file.open("w", encoding="utf-8") as stream:
        stream.write("email,name\n")
        stream.writelines(f"{address},{name}\n" for address, name in people(count))


# --- what is measured ---------------------------------------------------------------------


def by_command(config: str, file: str, *options: str) -> dict[str, Any]:
    from publisher.cli import app

    began = time.perf_counter()
    words = ["--config", config, "subscribers", "import", file, "--newsletter", "digest"]
    app([*words, "--confirmed", *options], standalone_mode=False)
    return {"seconds": time.perf_counter() - began, "peak_mib": peak_mib()}


def bare(url: str, count: str) -> dict[str, Any]:
    rows = list(people(int(count)))
    engine = connect_sync(url)
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        insert = in_sqlite if engine.dialect.name == "sqlite" else in_postgresql
        began = time.perf_counter()
        id = 0
        for chunk in chunks(rows):
            known = [(id + place, *each) for place, each in enumerate(chunk, 1)]
            insert(driver, known)
            id += len(chunk)
        seconds = time.perf_counter() - began
    return {"seconds": seconds, "peak_mib": peak_mib()}


def chunks(rows: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    for begin in range(0, len(rows), _BATCH):
        yield rows[begin : begin + _BATCH]


def in_sqlite(driver: Any, rows: list[tuple[int, str, str]]) -> None:
    now = "2026-12-01 00:00:00.000000"
    driver.execute("PRAGMA cache_size = -30000")  # both as an import has them
    driver.execute("PRAGMA wal_autocheckpoint = 20000")
    driver.execute("BEGIN IMMEDIATE")
    driver.executemany(
        f"INSERT INTO subscribers ({PEOPLE_COLUMNS}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
        [(id, address, address, name, now) for id, address, name in rows],
    )
    driver.executemany(
        f"INSERT INTO subscriptions ({BOND_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        [(id, "digest", "daily", "active", now, now, CONSENT) for id, *_ in rows],
    )
    driver.executemany(
        f"INSERT INTO events ({EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
        [("subscriber.imported", now, "digest", id, address, TOLD) for id, address, _ in rows],
    )
    driver.execute("COMMIT")


def in_postgresql(driver: Any, rows: list[tuple[int, str, str]]) -> None:
    with driver.cursor() as cursor:
        with cursor.copy(f"COPY subscribers ({PEOPLE_COLUMNS}) FROM STDIN") as copy:
            for id, address, name in rows:
                copy.write_row((id, address, address, name, NOW))
        with cursor.copy(f"COPY subscriptions ({BOND_COLUMNS}) FROM STDIN") as copy:
            for id, *_ in rows:
                copy.write_row((id, "digest", "daily", "active", NOW, NOW, CONSENT))
        with cursor.copy(f"COPY events ({EVENT_COLUMNS}) FROM STDIN") as copy:
            for id, address, _ in rows:
                copy.write_row(("subscriber.imported", NOW, "digest", id, address, TOLD))
    driver.commit()


def main(most: int) -> None:
    table = Table(title="Importing people from a CSV file")
    names = (
        "database",
        "people",
        "rows/s",
        "bare rows/s",
        "ratio",
        "again rows/s",
        "MiB at the peak",
    )
    for name in names:
        table.add_column(name, justify="left" if name == "database" else "right")
    for kind in ("SQLite", "PostgreSQL"):
        for count in (most // 10, most):
            with database(kind) as (_, url):
                migrate(url)
                bare_seconds = measured("bench.imports", "--bare", url, str(count))["seconds"]
            with database(kind) as (folder, url):
                migrate(url)
                config, file = folder / "publisher.toml", folder / "people.csv"
                config.write_text(CONFIG.format(url=url, languages="[]", topics=""))
                write_list(file, count)
                first, again = (
                    measured("bench.imports", "--import", str(config), str(file)) for _ in range(2)
                )
            table.add_row(
                kind,
                f"{count:,}",
                f"{count / first['seconds']:,.0f}",
                f"{count / bare_seconds:,.0f}",
                f"{bare_seconds / first['seconds']:.2f}",
                f"{count / again['seconds']:,.0f}",
                f"{first['peak_mib']:.0f}",
            )
    Console().print(table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--import"]:
        print(json.dumps(by_command(*sys.argv[2:])))
    elif sys.argv[1:2] == ["--bare"]:
        print(json.dumps(bare(*sys.argv[2:])))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else PEOPLE)
