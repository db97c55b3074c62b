"""The kind "sql": what rows mean. An SQLite file without a table is enough for most of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.errors import SourceError
from publisher.model import Person, Publication, Rejection, SourceArticle, Unchanged
from publisher.ports import Told
from publisher.sources.sql import Settings, SqlSource
from publisher.sqlite import sqlite3
from tests.rig.reading import Reading
from tests.rig.visits import NOON, visit

# Values go in as they are written in SQL.
Make = Callable[..., SqlSource]
BODY = "'Frost' AS title, 'It froze.' AS text"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "news.db"
    file.touch()
    return file


@pytest.fixture
def make(file: Path, publication: Publication) -> Make:
    def made(query: str, **more: Any) -> SqlSource:
        settings = Settings.model_validate({"file": file, "query": query, **more})
        return SqlSource("newsroom", settings, publication)

    return made


async def tell(source: SqlSource) -> list[Told]:
    return list((await Reading(source).pass_()).values())


async def article(source: SqlSource) -> SourceArticle:
    (told,) = await tell(source)
    assert isinstance(told, SourceArticle), told
    return told


async def refused(source: SqlSource) -> str:
    """Give the reason; another row is never kept back."""
    (told,) = await tell(source)
    assert isinstance(told, Rejection), told
    return told.reason


# --- columns ------------------------------------------------------------------------------


async def test_columns_are_taken_by_their_names_and_as_mapped(make: Make) -> None:
    told = await article(
        make(
            "SELECT 7 AS id, 'Frost' AS headline, '<p>It froze.</p>' AS body, 'Cold.' AS summary,"
            " 'https://example.org/frost' AS url, 'frost' AS slug, 'Ada, Ben' AS byline,"
            " 'Cy' AS contributors, 'city, lake,,city' AS tags, 'Weather' AS section,"
            " '2026-11-23 08:00' AS published, '2026-11-23T09:00Z' AS updated, 'en_GB' AS language,"
            " 'https://example.org/frost.jpg' AS image, 10.0 AS weight, 1 AS pinned, 1 AS other",
            columns={"guid": "id", "title": "headline", "html": "body", "authors": "byline"},
        )
    )

    assert told == SourceArticle(
        guid="7",
        origin="7",
        stamp=told.stamp,
        title="Frost",
        html="<p>It froze.</p>",
        summary="Cold.",
        url="https://example.org/frost",
        slug="frost",
        authors=(Person(name="Ada"), Person(name="Ben")),
        contributors=(Person(name="Cy"),),
        tags=("city", "lake"),
        section="Weather",
        published=datetime(2026, 11, 23, 0, 0, tzinfo=UTC),
        updated=datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
        language="en-GB",
        image="https://example.org/frost.jpg",
        weight=10,
        pinned=True,
    )


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (f"SELECT 1 AS id, {BODY}", r'no column "guid"; it gives id, .*name one as columns\.guid'),
        ("SELECT 1 AS guid, 'x' AS text", 'no column "title"'),
        ("SELECT 1 AS guid, 'x' AS title", r"name the column with the text .* columns\.html,"),
        (f"SELECT 1 AS guid, {BODY}, '' AS html", 'gives "html" and "text"; say which one'),
    ],
)
async def test_columns_that_will_not_do_fail_the_source(
    make: Make, query: str, reason: str
) -> None:
    with pytest.raises(SourceError, match=f'^source "newsroom": .*{reason}'):
        await tell(make(query))


async def test_mapped_text_wins_over_columns_that_have_a_name_of_ours(make: Make) -> None:
    query = "SELECT 1 AS guid, 'Frost' AS title, '<b>It</b> froze.' AS body, 'x' AS text"

    told = await article(make(query, columns={"html": "body"}))

    assert told.html == "<b>It</b> froze."


# --- identity -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "guid"),
    [
        ("12", "12"),
        ("' a\t1 '", "a 1"),
        ("1.5", "1.5"),
        ("x'6162'", "ab"),
        ("x'00ff'", "00ff"),
    ],
)
async def test_guid_is_text(make: Make, written: str, guid: str) -> None:
    told = await article(make(f"SELECT {written} AS guid, {BODY}"))

    assert (told.guid, told.origin) == (guid, guid)


@pytest.mark.parametrize("written", ["NULL", "''", "' '", "printf('%.2000c', 'x')"])
async def test_row_without_a_guid_is_rejected(make: Make, written: str) -> None:
    told = await tell(make(f"SELECT {written} AS guid, {BODY} UNION ALL SELECT 2, {BODY}"))

    rejection = told[0]
    assert isinstance(rejection, Rejection)
    assert rejection.origin.startswith("row without guid #")
    assert rejection.reason.startswith('the column "guid" ')
    assert isinstance(told[1], SourceArticle)


async def test_rows_that_only_repeat_another_are_told_once(make: Make) -> None:
    row = f"SELECT 1 AS guid, {BODY}"

    told = await tell(make(f"{row} UNION ALL {row} UNION ALL {row}"))

    assert [one.origin for one in told] == ["1"]


async def test_second_row_with_the_same_guid_is_rejected_once(make: Make) -> None:
    first, other = f"SELECT 1 AS guid, {BODY}", "SELECT 1, 'Thaw', 'It thawed.'"

    told = await tell(make(f"{first} UNION ALL {other} UNION ALL {other}"))

    assert [type(one) for one in told] == [SourceArticle, Rejection]
    assert told[1].origin.startswith("1 #")
    assert isinstance(told[1], Rejection)
    assert told[1].reason.startswith('another row has the guid "1", too')


# --- bodies -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("It *froze*.", "<p>It <em>froze</em>.</p>\n"),
        ("# Frost\n\nIt froze.", "<p>It froze.</p>\n"),
        ("# Ice\n\nIt froze.", "<h1>Ice</h1>\n<p>It froze.</p>\n"),
        ("---\ntitle: x\n---\nIt froze.", "<hr />\n<h2>title: x</h2>\n<p>It froze.</p>\n"),
    ],
)
async def test_markdown_becomes_html(make: Make, written: str, html: str) -> None:
    told = await article(make(f"SELECT 1 AS guid, 'Frost' AS title, '{written}' AS markdown"))

    assert (told.title, told.html) == ("Frost", html)


async def test_title_may_be_the_first_heading_of_a_markdown_text(make: Make) -> None:
    told = await article(make("SELECT 1 AS guid, NULL AS title, '# Ice\n\nIt froze.' AS markdown"))

    assert (told.title, told.html) == ("Ice", "<p>It froze.</p>\n")


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("It <froze>.\nIt thawed.", "<p>It &lt;froze&gt;.</p>\n<p>It thawed.</p>"),
        ("It\r\nfroze.\r\n \r\nIt thawed.", "<p>It froze.</p>\n<p>It thawed.</p>"),
    ],
)
async def test_text_becomes_paragraphs(make: Make, written: str, html: str) -> None:
    told = await article(make(f"SELECT 1 AS guid, 'Frost' AS title, '{written}' AS text"))

    assert told.html == html


async def test_article_may_stand_elsewhere_and_have_no_text(make: Make) -> None:
    query = "SELECT 1 AS guid, 'Frost' AS title, NULL AS html, 'https://example.org/' AS url"

    told = await article(make(query))

    assert (told.html, told.url) == ("", "https://example.org/")


async def test_bytes_are_decoded(make: Make) -> None:
    """SQLite takes any bytes for text; here windows-1252."""
    title = "CAST(x'46726f73742069732063756c206465207361632c2063616696' AS TEXT)"

    told = await article(make(f"SELECT 1 AS guid, {title} AS title, x'49742e' AS text"))

    assert (told.title, told.html) == ("Frost is cul de sac, caf–", "<p>It.</p>")  # noqa: RUF001


# --- values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("'2026-11-23'", datetime(2026, 11, 22, 16, 0, tzinfo=UTC)),
        ("'2026-11-23 08:00:00.25'", datetime(2026, 11, 23, 0, 0, tzinfo=UTC)),
        ("'2026-11-23T08:00:00+01:00'", datetime(2026, 11, 23, 7, 0, tzinfo=UTC)),
        ("x'323032362d31312d3233'", datetime(2026, 11, 22, 16, 0, tzinfo=UTC)),
        ("1795392000", datetime(2026, 11, 23, 0, 0, tzinfo=UTC)),
        ("1795392000.5", datetime(2026, 11, 23, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("1795392000500", datetime(2026, 11, 23, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("NULL", None),
        ("''", None),
        ("0", None),
        ("'0000-00-00 00:00:00'", None),
    ],
)
async def test_dates_are_instants(make: Make, written: str, published: datetime | None) -> None:
    told = await article(make(f"SELECT 1 AS guid, {BODY}, {written} AS published"))

    assert told.published == published


@pytest.mark.parametrize("column", ["authors", "contributors"])
@pytest.mark.parametrize(
    ("written", "people"),
    [
        ("Ada,  Ben ,", (Person(name="Ada"), Person(name="Ben"))),
        ('["Ada", null, "Ben"]', (Person(name="Ada"), Person(name="Ben"))),
        (
            '[{"name": "Ada", "email": "ada@example.org", "url": "https://example.org/ada"}]',
            (Person(name="Ada", email="ada@example.org", url="https://example.org/ada"),),
        ),
        ('{"name": "Ada"}', (Person(name="Ada"),)),
        ("[Ada", (Person(name="[Ada"),)),
    ],
)
async def test_people_are_names_or_json(
    make: Make, column: str, written: str, people: tuple[Person, ...]
) -> None:
    told = await article(make(f"SELECT 1 AS guid, {BODY}, '{written}' AS {column}"))

    assert getattr(told, column) == people


async def test_tags_may_be_json(make: Make) -> None:
    tags = '[{"name": "city"}, "lake, frozen", 1984]'

    told = await article(make(f"SELECT 1 AS guid, {BODY}, '{tags}' AS tags"))

    assert told.tags == ("city", "lake, frozen", "1984")


@pytest.mark.parametrize(
    ("written", "is_pinned"),
    [
        ("0", False),
        ("NULL", False),
        ("''", False),
        ("'no'", False),
        ("'True'", True),
        ("x'01'", True),
    ],
)
async def test_pinned_is_read_however_a_database_writes_it(
    make: Make, written: str, is_pinned: bool
) -> None:
    told = await article(make(f"SELECT 1 AS guid, {BODY}, {written} AS pinned, NULL AS weight"))

    assert (told.pinned, told.weight) == (is_pinned, 0)


@pytest.mark.parametrize(
    ("column", "written", "reason"),
    [
        ("published", "'soon'", 'holds "soon", which is no date'),
        ("published", "20261123", "holds 20261123, which is no date"),
        ("published", "20261123080000", "holds 20261123080000, which is no date"),
        ("updated", "9e999", "holds inf, which is no date"),
        ("url", "'/frost'", 'holds "/frost", which is no whole web address'),
        ("url", "'javascript:alert(1)'", "is no whole web address"),
        ("slug", "'Frost!'", 'holds "Frost!", which is no slug'),
        ("language", "'English!'", 'holds "English!", which is no language tag'),
        ("weight", "1.5", "holds 1.5, which is no weight; give a whole number from -1000000 to"),
        ("weight", "9e999", "holds inf, which is no weight"),
        ("weight", "1000001", "holds 1000001, which is no weight"),
        ("pinned", "'first'", 'holds "first", which is neither true nor false'),
        ("pinned", "2", "holds 2, which is neither true nor false"),
        ("summary", "x'00ff00'", "holds bytes that are no text"),
        ("tags", "'[[1]]'", "holds a list, which is no text"),
        ("authors", '\'[{"name": "A", "url": "/a"}]\'', "no whole web address"),
        ("section", "printf('%.10485761c', 'x')", "holds 10,485,761 characters; at most"),
    ],
)
async def test_value_that_means_nothing_is_a_rejection(
    make: Make, column: str, written: str, reason: str
) -> None:
    found = await refused(make(f"SELECT 1 AS guid, {BODY}, {written} AS {column}"))

    assert found.startswith(f'the column "{column}" ')
    assert reason in found


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("'Frost' AS title, ' ' AS text", "it has neither a text nor a url"),
        ("printf('%.301c', 'x') AS title, 'x' AS text", "at most 300 are a title"),
        ("'x' AS title, printf('%.1000001c', 'x') AS markdown", "1,000,001 characters"),
        ("'x' AS title, replace(printf('%.300c', '>'), '>', '> ') AS markdown", "levels deep"),
    ],
)
async def test_row_that_is_no_article_is_a_rejection(make: Make, row: str, reason: str) -> None:
    found = await refused(make(f"SELECT 1 AS guid, {row}"))

    assert reason in found


async def test_json_that_is_nested_without_end_is_text(make: Make) -> None:
    written = "replace(printf('%.100000c', '['), ',', '')"

    told = await article(make(f"SELECT 1 AS guid, {BODY}, {written} AS tags"))

    assert told.tags == ("[" * 100_000,)


# --- passes -------------------------------------------------------------------------------


@pytest.fixture
def table(file: Path) -> Callable[[str], None]:
    def do(statements: str) -> None:
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(statements)

    do(
        "CREATE TABLE articles (guid, title, text, changed);"
        "INSERT INTO articles VALUES (1, 'Frost', 'It froze.', 10), (2, 'Thaw', 'It thawed.', 20);"
    )
    return do


async def test_row_without_a_watermark_waits_for_the_next_day(
    make: Make, table: Callable[[str], None]
) -> None:
    reading = Reading(make("SELECT * FROM articles", watermark="changed"))
    await reading.pass_()
    table("INSERT INTO articles VALUES (3, 'Ice', 'It is ice.', NULL)")

    hour = await reading.pass_(NOON + timedelta(hours=1))
    day = await reading.pass_(NOON + timedelta(days=1))

    assert hour.keys() == {"2"}
    assert day.keys() == {"1", "2", "3"}


async def test_changed_query_is_asked_from_the_start(
    make: Make, table: Callable[[str], None]
) -> None:
    before = Reading(make("SELECT * FROM articles", watermark="changed"))
    await before.pass_()
    reading = Reading(make("SELECT * FROM articles WHERE 1", watermark="changed"), before)

    told = await reading.pass_()

    assert told == {"1": Unchanged(origin="1"), "2": Unchanged(origin="2")}
    assert reading.last.tells_all


async def test_values_that_have_no_order_are_no_watermark(
    make: Make, table: Callable[[str], None]
) -> None:
    source = make("SELECT *, x'00' AS mark FROM articles", watermark="mark")

    with pytest.raises(SourceError, match='"mark" cannot be a watermark'):
        await tell(source)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_bytes(b"none" * 500)])
async def test_file_that_is_no_database_fails_the_source(
    make: Make, file: Path, spoil: Callable[[Path], object]
) -> None:
    spoil(file)
    before = list_of(file.parent)

    with pytest.raises(SourceError, match=r"news\.db: it cannot be opened \("):
        await tell(make(f"SELECT 1 AS guid, {BODY}"))

    assert list_of(file.parent) == before


async def test_source_that_is_read_while_its_file_is_written_to(
    make: Make, file: Path, table: Callable[[str], None]
) -> None:
    """With a write-ahead log, as most programs have it, neither waits for the other."""
    table("PRAGMA journal_mode = WAL")
    pass_ = make("SELECT * FROM articles").articles(visit())

    first = await anext(pass_)
    table("INSERT INTO articles VALUES (3, 'Ice', 'It is ice.', 30)")
    rest = [one.origin async for one in pass_]

    assert first.origin == "1"
    assert rest == ["2"]


def list_of(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())
