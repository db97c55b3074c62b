"""The kind "sql" on real databases: what must be the same on each of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from publisher.errors import SourceError
from publisher.model import Person, Publication, Rejection, SourceArticle, Unchanged
from publisher.ports import Told
from publisher.sources import _sql_reading
from publisher.sources._sql_databases import Database, at_file, at_url
from publisher.sources.sql import Settings, SqlSource
from publisher.sqlite import sqlite3
from tests.rig import mariadb
from tests.rig.databases import Databases
from tests.rig.reading import Reading, news
from tests.rig.visits import NOON, visit

DATABASES = ("sqlite", "postgresql", "mariadb")

_NUMBERS = (
    "WITH RECURSIVE n(guid) AS (SELECT 1 UNION ALL SELECT guid + 1 FROM n)"
    " SELECT guid, 'Frost' AS title, 'It froze.' AS text FROM n"
)
ENDLESS = {
    "sqlite": _NUMBERS,
    "postgresql": _NUMBERS,
    "mariadb": "SELECT seq AS guid, 'Frost' AS title, 'It froze.' AS text FROM seq_1_to_2000000000",
}
SILENT = {
    "sqlite": f"{_NUMBERS} WHERE guid < 0",
    "postgresql": "SELECT 1 AS guid, 'Frost' AS title, pg_sleep(3600)::text AS text",
    "mariadb": "SELECT 1 AS guid, 'Frost' AS title, SLEEP(3600) AS text",
}
# Functions of the admin's own that write, and one that first asks for leave to.
TRICKS = {
    "sqlite": [],
    "postgresql": [
        "CREATE FUNCTION add_one() RETURNS text LANGUAGE sql AS"
        " $$ INSERT INTO articles VALUES (9, 'Nine', '', NULL) RETURNING title $$",
        "CREATE FUNCTION insist() RETURNS text LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM set_config('transaction_read_only', 'off', false);"
        " INSERT INTO articles VALUES (9, 'Nine', '', NULL); RETURN 'x'; END $$",
        "CREATE SEQUENCE numbers",
    ],
    "mariadb": [
        "CREATE FUNCTION add_one() RETURNS TEXT BEGIN"
        " INSERT INTO articles VALUES (9, 'Nine', '', NULL); RETURN 'x'; END",
        "CREATE SEQUENCE numbers",
    ],
}
ARTICLE = "1 AS guid, 'Frost' AS title"
WRITES = {
    "all": [
        "INSERT INTO articles VALUES (9, 'Nine', '', NULL)",
        "UPDATE articles SET title = 'Nine'",
        "DELETE FROM articles",
        "DROP TABLE articles",
        "CREATE TABLE more (id INTEGER)",
        f"SELECT {ARTICLE}, '' AS text; DELETE FROM articles",
        f"SELECT {ARTICLE}, '' AS text) AS q; DELETE FROM articles; --",
        "WITH x AS (SELECT 1) DELETE FROM articles",
        "WITH x AS (SELECT 9 AS id) INSERT INTO articles SELECT id, '', '', NULL FROM x",
        f"SELECT {ARTICLE}, title AS text INTO more FROM articles",
    ],
    "sqlite": [
        "PRAGMA user_version = 9",
        "ATTACH 'PLACE/new.db' AS more",
        "VACUUM INTO 'PLACE/new.db'",
        f"SELECT {ARTICLE}, writefile('PLACE/new', 'x') AS text",
        f"SELECT {ARTICLE}, load_extension('PLACE/new') AS text",
    ],
    "postgresql": [
        f"SELECT {ARTICLE}, add_one() AS text",
        f"SELECT {ARTICLE}, insist() AS text",
        f"SELECT {ARTICLE}, nextval('numbers')::text AS text",
        f"SELECT {ARTICLE}, setval('numbers', 9)::text AS text",
        f"SELECT {ARTICLE}, lo_from_bytea(4711, 'x')::text AS text",
        "WITH x AS (DELETE FROM articles RETURNING *)"
        " SELECT id AS guid, title, body AS text FROM x",
        "WITH x AS (INSERT INTO articles VALUES (9, 'Nine', '', NULL) RETURNING *)"
        " SELECT id AS guid, title, body AS text FROM x",
        "COPY articles TO PROGRAM 'touch PLACE/new'",
        "COPY articles TO 'PLACE/new'",
        "DO $$ BEGIN DELETE FROM articles; END $$",
    ],
    "mariadb": [
        f"SELECT {ARTICLE}, add_one() AS text",
        f"SELECT {ARTICLE}, NEXTVAL(numbers) AS text",
        f"SELECT {ARTICLE}, '' AS text INTO OUTFILE 'PLACE/new'",
        f"SELECT {ARTICLE}, '' AS text /*! INTO OUTFILE 'PLACE/new' */",
        f"SELECT {ARTICLE}, '' AS text /*M! INTO OUTFILE 'PLACE/new' */",
        f"SELECT {ARTICLE}, '' AS text INTO DUMPFILE 'PLACE/new'",
        f"SELECT {ARTICLE}, '' AS text) AS q INTO OUTFILE 'PLACE/new' -- ",
        "REPLACE INTO articles VALUES (1, 'One', '', NULL)",
        "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE articles",
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsroom:
    """A database with a table of articles. ``where`` are the settings that lead to it."""

    kind: str
    where: dict[str, Any]
    ask: Callable[[str], list[tuple[Any, ...]]]
    publication: Publication

    def source(self, query: str, patience_seconds: float = 60, **more: Any) -> SqlSource:
        settings = Settings(**self.where, query=query, **more)
        return SqlSource("newsroom", settings, self.publication, patience_seconds=patience_seconds)

    def database(self) -> Database:
        url = self.where.get("url")
        return at_file(self.where["file"]) if url is None else at_url(url, 60)

    def add(self, number: int, title: str, changed: str) -> None:
        self.ask(f"INSERT INTO articles VALUES ({number}, '{title}', 'It froze.', '{changed}')")

    def state(self) -> list[Any]:
        """Everything in there that an attempt to write might change."""
        match self.kind:
            case "sqlite":
                return [self.where["file"].read_bytes()]
            case "postgresql":
                objects = self.ask("SELECT count(*) FROM pg_class") + self.ask(
                    "SELECT count(*) FROM pg_largeobject_metadata"
                )
                return (
                    self.ask("SELECT * FROM articles ORDER BY id")
                    + objects
                    + [self.ask("SELECT last_value, is_called FROM numbers")]
                )
        return (
            self.ask("SELECT * FROM articles ORDER BY id")
            + self.ask("SHOW TABLES")
            + [self.ask("SELECT next_not_cached_value FROM numbers")]
        )


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[mariadb.MariaDB]:
    if not mariadb.is_installed():
        pytest.skip("no MariaDB on this machine; .ci/run installs it")
    with mariadb.running() as server:
        yield server


@pytest.fixture(params=DATABASES)
def newsroom(
    request: pytest.FixtureRequest, databases: Databases, publication: Publication, tmp_path: Path
) -> Iterator[Newsroom]:
    kind: str = request.param
    match kind:
        case "sqlite":
            file = tmp_path / "it's 100% news?.db"
            with closing(sqlite3.connect(file, isolation_level=None)) as one:
                yield _filled(
                    kind, {"file": file}, lambda sql: one.execute(sql).fetchall(), publication
                )
        case "postgresql":
            with (
                databases.open(kind, migrated=False) as url,
                psycopg.connect(url, autocommit=True) as two,
            ):

                def ask(sql: str) -> list[tuple[Any, ...]]:
                    cursor = two.execute(sql.encode())
                    return cursor.fetchall() if cursor.description else []

                yield _filled(kind, {"url": url}, ask, publication)
        case _:
            server: mariadb.MariaDB = request.getfixturevalue("mariadb_server")
            with server.open() as (url, three), three.cursor() as cursor:

                def ask_it(sql: str) -> list[tuple[Any, ...]]:
                    cursor.execute(sql)
                    return list(cursor.fetchall())

                yield _filled(kind, {"url": url}, ask_it, publication)


def _filled(kind: str, where: dict[str, Any], ask: Any, publication: Publication) -> Newsroom:
    moment = {"sqlite": "TEXT", "postgresql": "TIMESTAMPTZ", "mariadb": "DATETIME(6)"}[kind]
    ask(
        "CREATE TABLE articles"
        f" (id INTEGER PRIMARY KEY, title VARCHAR(200), body TEXT, changed {moment})"
    )
    for trick in TRICKS[kind]:
        ask(trick)
    newsroom = Newsroom(kind=kind, where=where, ask=ask, publication=publication)
    newsroom.add(1, "Frost", "2026-11-20 08:00:00")
    newsroom.add(2, "Thaw", "2026-11-21 08:00:00")
    return newsroom


ALL = "SELECT id AS guid, title, body AS text, changed AS updated, changed FROM articles"


async def tell(source: SqlSource) -> list[Told]:
    return list((await Reading(source).pass_()).values())


async def test_rows_are_told_as_articles(newsroom: Newsroom) -> None:
    told = await tell(newsroom.source(f"{ALL} WHERE title LIKE 'F%' -- 12:30 :no 100%"))

    assert [type(one) for one in told] == [SourceArticle]
    article = told[0]
    assert isinstance(article, SourceArticle)
    assert (article.guid, article.origin, article.title) == ("1", "1", "Frost")
    assert article.html == "<p>It froze.</p>"
    assert article.updated is not None
    # PostgreSQL's session is in some zone; what has none is in the publication's, Shanghai.
    assert newsroom.kind == "postgresql" or article.updated == datetime(2026, 11, 20, tzinfo=UTC)


async def test_without_a_watermark_a_pass_tells_all(newsroom: Newsroom) -> None:
    reading = Reading(newsroom.source(ALL))

    await reading.pass_()

    assert reading.last.tells_all
    assert not reading.last.is_increment
    assert reading.memory == {}


async def test_with_a_watermark_only_later_rows_are_asked_for(newsroom: Newsroom) -> None:
    newsroom.add(9, "Ice", "2026-11-19 08:00:00")  # last in the table, oldest by its mark
    reading = Reading(newsroom.source(ALL, watermark="changed"))
    await reading.pass_()
    is_sweep = reading.last.tells_all
    newsroom.add(3, "Flood", "2026-11-22 08:00:00")

    told = await reading.pass_(NOON + timedelta(hours=1))

    assert told.keys() == {"2", "3"}
    assert news(told) == ["3"]
    assert is_sweep
    assert not reading.last.tells_all
    assert reading.last.is_increment


async def test_number_can_be_a_watermark(newsroom: Newsroom) -> None:
    reading = Reading(newsroom.source(ALL, watermark="guid"))
    await reading.pass_()
    newsroom.add(3, "Flood", "2026-11-22 08:00:00")

    told = await reading.pass_()

    assert told.keys() == {"2", "3"}
    assert news(told) == ["3"]


async def test_all_rows_are_asked_for_once_a_day(newsroom: Newsroom) -> None:
    reading = Reading(newsroom.source(ALL, watermark="changed"))
    await reading.pass_()
    newsroom.ask("DELETE FROM articles WHERE id = 2")

    told = await reading.pass_(NOON + timedelta(days=1))

    assert told.keys() == {"1"}
    assert reading.last.tells_all


async def test_missing_column_is_named_with_the_nearest(newsroom: Newsroom) -> None:
    source = newsroom.source(ALL, columns={"section": "titel"})

    with pytest.raises(SourceError, match=r'"titel"; it gives guid, .*; did you mean title\?'):
        await tell(source)


async def test_missing_watermark_is_named_with_the_nearest(newsroom: Newsroom) -> None:
    source = newsroom.source(ALL, watermark="Changed")

    with pytest.raises(SourceError, match=r'"Changed"; it gives .*; did you mean changed\?'):
        await tell(source)


async def test_query_that_fails_is_told_with_the_databases_words(newsroom: Newsroom) -> None:
    source = newsroom.source("SELECT id FROM artikles")

    with pytest.raises(SourceError, match=r'^source "newsroom": the .*failed \(.*artikles.*\);'):
        await tell(source)


async def test_rows_are_told_before_the_query_is_over(newsroom: Newsroom) -> None:
    before = open_files()

    async with aclosing(newsroom.source(ENDLESS[newsroom.kind]).articles(visit())) as told:
        first = [(await anext(told)).origin for _ in range(250)]

    assert first == [str(number) for number in range(1, 251)]
    assert open_files() == before


async def test_silent_query_is_given_up(newsroom: Newsroom) -> None:
    source = newsroom.source(SILENT[newsroom.kind], patience_seconds=0.5)
    before = open_files()

    with pytest.raises(SourceError, match=r"gave no answer for 0\.5 seconds; make"):
        await tell(source)

    assert open_files() == before


async def test_cancelled_pass_ends_its_query(newsroom: Newsroom) -> None:
    source = newsroom.source(SILENT[newsroom.kind], patience_seconds=1000)
    before = open_files()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await tell(source)

    assert open_files() == before


async def test_nothing_can_be_written(newsroom: Newsroom, tmp_path: Path) -> None:
    """Not even by a query whose text nobody has looked at before."""
    settings = Settings(**newsroom.where, query="SELECT 1")
    before = newsroom.state(), files_in(tmp_path)

    for query in WRITES["all"] + WRITES[newsroom.kind]:
        unchecked = settings.model_copy(update={"query": query.replace("PLACE/", f"{tmp_path}/")})
        with pytest.raises(SourceError):
            await tell(SqlSource("newsroom", unchecked, newsroom.publication))

        assert (newsroom.state(), files_in(tmp_path)) == before, query


@pytest.mark.parametrize("newsroom", ["sqlite", "mariadb"], indirect=True)
def test_connection_itself_cannot_write(newsroom: Newsroom) -> None:
    """On PostgreSQL a function that writes shows it, above."""
    deletion: Any = text("DELETE FROM articles")

    with (
        closing(_sql_reading.Reading("newsroom", newsroom.database())) as reading,
        pytest.raises(SourceError, match=r"(?i)read.?only"),
    ):
        reading.start(deletion)


@pytest.mark.parametrize("newsroom", ["postgresql"], indirect=True)
async def test_types_of_postgresql_are_understood(newsroom: Newsroom) -> None:
    told = await tell(
        newsroom.source(
            "SELECT '6f1c0a52-7c5c-4f0e-9f0c-0123456789ab'::uuid AS guid, 1.50 AS title,"
            " convert_to('It froze.', 'UTF8') AS text, ARRAY['city', NULL, 'lake'] AS tags,"
            """ '[{"name": "Ada"}, "Ben"]'::jsonb AS authors, '["Cy"]'::json AS contributors,"""
            " DATE '2026-11-23' AS published, TIMESTAMP '2026-11-23 08:00' AS updated"
        )
    )

    assert isinstance(told[0], SourceArticle)
    assert told == [
        SourceArticle(
            guid="6f1c0a52-7c5c-4f0e-9f0c-0123456789ab",
            origin="6f1c0a52-7c5c-4f0e-9f0c-0123456789ab",
            stamp=told[0].stamp,
            title="1.50",
            html="<p>It froze.</p>",
            tags=("city", "lake"),
            authors=(Person(name="Ada"), Person(name="Ben")),
            contributors=(Person(name="Cy"),),
            published=datetime(2026, 11, 22, 16, tzinfo=UTC),
            updated=datetime(2026, 11, 23, tzinfo=UTC),
        )
    ]


@pytest.mark.parametrize("newsroom", ["postgresql"], indirect=True)
@pytest.mark.parametrize("type_", ["date", "timestamp", "timestamptz"])
async def test_date_that_python_has_none_for_costs_its_row_only(
    newsroom: Newsroom, type_: str
) -> None:
    query = (
        "SELECT column1 AS guid, 'Frost' AS title, 'It froze.' AS text,"
        f" column2::{type_} AS published"
        " FROM (VALUES (1, '2026-11-23'), (2, '0044-03-15 BC'), (3, 'infinity')) AS v"
    )
    reading = Reading(newsroom.source(query, watermark="published"))

    told = await reading.pass_()

    kinds = {origin: type(one) for origin, one in told.items()}
    assert kinds == {"1": SourceArticle, "2": Rejection, "3": Rejection}
    assert reading.memory["mark"]["value"].startswith("2026-11-2")


@pytest.mark.parametrize("newsroom", ["postgresql"], indirect=True)
async def test_watermark_may_be_of_a_type_that_only_the_database_knows(newsroom: Newsroom) -> None:
    query = f"SELECT q.*, ('0/' || guid)::pg_lsn AS mark FROM ({ALL}) AS q"
    reading = Reading(newsroom.source(query, watermark="mark"))
    await reading.pass_()

    told = await reading.pass_()

    assert told.keys() == {"2"}


@pytest.mark.parametrize("newsroom", ["postgresql"], indirect=True)
async def test_two_columns_of_one_name_fail_the_source(newsroom: Newsroom) -> None:
    source = newsroom.source("SELECT 1 AS guid, 2 AS guid, 'Frost' AS title, '' AS text")

    with pytest.raises(SourceError, match='gives two columns "guid"; name one of them AS'):
        await tell(source)


@pytest.mark.parametrize("newsroom", ["postgresql"], indirect=True)
async def test_stamp_does_not_depend_on_the_sessions_zone(newsroom: Newsroom) -> None:
    reading = Reading(newsroom.source(ALL))
    await reading.pass_()
    database = newsroom.ask("SELECT current_database()")[0][0]
    newsroom.ask(f"ALTER DATABASE {database} SET timezone = 'America/New_York'")

    told = await reading.pass_()

    assert [type(one) for one in told.values()] == [Unchanged, Unchanged]


@pytest.mark.parametrize("newsroom", ["mariadb"], indirect=True)
async def test_zero_date_of_mysql_is_none(newsroom: Newsroom) -> None:
    newsroom.ask("SET SESSION sql_mode = ''")
    newsroom.add(3, "Flood", "0000-00-00")

    told = await tell(newsroom.source(f"{ALL} WHERE id = 3"))

    assert [one.updated for one in told if isinstance(one, SourceArticle)] == [None]


@pytest.mark.parametrize("newsroom", ["mariadb"], indirect=True)
async def test_wrong_password_is_told_without_it(newsroom: Newsroom) -> None:
    newsroom.ask("CREATE OR REPLACE USER reader IDENTIFIED BY 'right'")
    url = newsroom.where["url"].replace("root@", "reader:sesame@")

    with pytest.raises(SourceError, match=r"opened \(Access denied for user 'reader'") as caught:
        await tell(replace(newsroom, where={"url": url}).source(ALL))

    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "mysql", "mariadb"])
async def test_refused_connection_is_told_without_the_password(
    scheme: str, publication: Publication
) -> None:
    """Not even where what the driver says happens to hold it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    url = f"{scheme}://reader:refused@127.0.0.1:{port}/news"
    settings = Settings.model_validate({"url": url, "query": ALL})

    with pytest.raises(SourceError, match=r'"news" on 127\.0\.0\.1: it cannot be opened') as caught:
        await tell(SqlSource("newsroom", settings, publication))

    assert "refused" not in str(caught.value)


def open_files() -> int:
    """Count what this process has open: files, and connections."""
    return len(list(Path("/dev/fd").iterdir()))


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())
