"""Files of people, row by row: what is broken spoils its own lines only."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.errors import PublisherError
from publisher.importing import sheets, spreadsheet
from publisher.importing.line import Line, Offer


def told(folder: Path, data: str | bytes) -> list[tuple[int, str]]:
    """Give the line and the first cell, or the fault, of each row behind the first."""
    file = folder / "people.csv"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    with sheets.opened(file) as (sheet,):
        _, *rows = sheets.rows(sheet, single=0)
        return [(row.line, row.fault or row.cells[0]) for row in rows]


NOW = datetime(2026, 12, 1, tzinfo=UTC)
UNPAIRED = "the quotation marks do not pair up"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('e,n\n\nb,"B\nb"\n\nc,C\n', [(3, "b"), (6, "c")], id="as editors count"),
        pytest.param("e,n\r\na,A\r\nb,B\r\n", [(2, "a"), (3, "b")], id="line ends of DOS"),
        pytest.param("e\ra\rb", [(2, "a"), (3, "b")], id="line ends of old Macs"),
        pytest.param('e,n\n"a,A\nb,B\nc,C\n', [(2, UNPAIRED), (3, "b"), (4, "c")], id="to the end"),
        pytest.param('e,n\n"a,A\nb,"B"\nc,C\n', [(2, UNPAIRED), (3, "b"), (4, "c")]),
        pytest.param(
            'e,n\n"a,A\nb,B\n"c",C\n', [(2, UNPAIRED), (3, "b"), (4, "c")], id="closed by another"
        ),
        pytest.param(
            'e,n\n"a\n",A\nb,B\n', [(2, UNPAIRED), (3, UNPAIRED), (4, "b")], id="two lines"
        ),
        pytest.param(
            'e,n\na,"A\nb,B\nc,"C\n', [(2, UNPAIRED), (3, "b"), (4, UNPAIRED)], id="swallowed"
        ),
        pytest.param("e,n\na,\0A\nb\0,B\n", [(2, "a"), (3, "b\0")], id="zero bytes"),
        pytest.param("e,n\na,A,x\nb\n", [(2, "a"), (3, "b")], id="ragged"),
        pytest.param("\ufeffe,n\na,A\n", [(2, "a")], id="a mark"),
        pytest.param(
            b"e,n\na,Zo\xc3\xab\nb,Zo\xeb\nc,C\n", [(2, "a"), (3, "the line is not"), (4, "c")]
        ),
        pytest.param(b"e;n\na;Zo\xeb\n", [(2, "a")], id="of windows"),
        pytest.param("e\tn\na\tA\n".encode("utf-16"), [(2, "a")], id="utf-16"),
        pytest.param("e,n\na,A\n".encode("utf-16-be"), None, id="utf-16 that does not say so"),
        pytest.param(f"e,n\na,{'x' * 200_000}\nb,B\n", [(2, "the line is longer"), (3, "b")]),
        pytest.param(
            f'e,n\na,"{"x" * 99_000}\n{"y" * 99_000}"\nb,B\n', [(2, UNPAIRED), (3, "y"), (4, "b")]
        ),
        pytest.param(f"e,n\n{'x' * 99_999}\nb,B\n", [(2, "the line is longer"), (3, "b")]),
        pytest.param("e,n\na,A", [(2, "a")], id="no last line end"),
    ],
)
def test_what_is_broken_spoils_no_other_line(
    tmp_path: Path, text: str | bytes, expected: list[tuple[int, str]] | None
) -> None:
    found = told(tmp_path, text)

    if expected is None:
        assert found[0][1].startswith("\0")
    else:
        assert [line for line, _ in expected] == [line for line, _ in found]
        assert all(
            cell.startswith(begin) for (_, begin), (_, cell) in zip(expected, found, strict=True)
        )


def test_a_quotation_mark_that_stays_open_costs_one_line_of_a_thousand(tmp_path: Path) -> None:
    text = "e,n\n" + '"a,A\n' + "".join(f"{number},N\n" for number in range(1000))

    found = told(tmp_path, text)

    assert (1001, (2, UNPAIRED), (1002, "999")) == (len(found), found[0], found[-1])


@pytest.mark.parametrize(
    "data", [b"\xff\x00\x81" * 50, b"", b"\n\n"], ids=["binary", "empty", "blank"]
)
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(data)

    with pytest.raises(PublisherError, match=r"people\.csv: "), sheets.opened(file) as (sheet,):
        sheets.names(sheet)


def test_an_archive_that_is_broken_is_told(tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    with ZipFile(file, "w") as archive:
        archive.writestr("people.csv", "email\n" + "a@example.org\n" * 50)
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"a@example.org", b"b@example.org", 1))

    with pytest.raises(PublisherError, match="CRC"), sheets.opened(file) as (sheet,):
        list(sheets.rows(sheet))

    with ZipFile(file, "w") as archive:
        archive.writestr("people.xml", "<people/>")
    with pytest.raises(PublisherError, match="no CSV file"), sheets.opened(file):
        pass


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'=", "''+"])
def test_no_cell_is_taken_for_a_formula(start: str) -> None:
    stream = io.StringIO()

    spreadsheet.write(stream, [(f"{start}1", "a=b", "'a")])

    assert stream.getvalue().strip('"').startswith(f"'{start}1")
    assert stream.getvalue().endswith(",a=b,'a\n")


@given(st.lists(st.text("'=+-@ \t\r\n\",;a\u00e9", max_size=6), min_size=1, max_size=4))
@example(["=1", "'=1", "''=1", "'", "'a"])
@example(["-", "+", "@", '"=', "x\r=1"])
def test_what_is_written_for_spreadsheets_is_read_as_it_was(texts: list[str]) -> None:
    """So CSV needs no other form: only blanks around a text are lost, which nothing here has."""
    texts = [text.strip() for text in texts]
    stream = io.StringIO()
    names = [f"c{number}" for number, _ in enumerate(texts)]

    spreadsheet.write(stream, [("first", *names), ("1", *texts)])
    _, row = sheets.rows(sheets.held("own.csv", stream.getvalue().encode()))

    line = Line("own.csv", dict(zip(names, row.cells[1:], strict=True)), Offer.nothing(NOW))
    assert [line.text(name) for name in names] == texts
