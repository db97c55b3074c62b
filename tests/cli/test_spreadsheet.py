"""Files of people, line by line."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from publisher.cli import spreadsheet
from publisher.errors import PublisherError


def rows(folder: Path, text: str) -> list[tuple[int, str]]:
    file = folder / "people.csv"
    file.write_text(text, encoding="utf-8")
    return [
        (row.line, row.address.mailbox if row.address else row.fault)
        for row in spreadsheet.read(file)
    ]


def test_lines_are_counted_as_editors_count_them(tmp_path: Path) -> None:
    text = 'name,email\n"A\nB",a@example.org\n\nC,c@example.org\n'

    found = rows(tmp_path, text)

    assert [2, 5] == [line for line, _ in found]


def test_a_field_without_end_spoils_no_other_line(tmp_path: Path) -> None:
    text = f'email\na@example.org\n"{"x" * 200_000}\nb@example.org\n'

    found = rows(tmp_path, text)

    assert [(2, "a@example.org"), (4, "b@example.org")] == [found[0], found[2]]
    assert "field larger than field limit" in found[1][1]


def test_a_short_line_has_no_name(tmp_path: Path) -> None:
    assert [(2, "a@example.org")] == rows(tmp_path, "email,name\na@example.org\n")


def test_a_file_of_zeros_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes(b"\xff\x00" * 50)

    with pytest.raises(PublisherError, match=r"people\.csv: "):
        list(spreadsheet.read(tmp_path / "people.csv"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_taken_for_a_formula(start: str) -> None:
    stream = io.StringIO()

    spreadsheet.write(stream, [(f"{start}1", "a=b")])

    assert stream.getvalue().strip('"').startswith(f"'{start}1")
