"""`subscribers`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command

TO_DIGEST = ("--newsletter", "digest")


def states(command: Command) -> dict[str, str]:
    rows = json.loads(command("subscribers", "list", "--json").stdout)
    return {row["address"]: row["state"] for row in rows}


def import_(command: Command, file: Path, text: str | bytes, *options: str) -> tuple[int, str]:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = command("subscribers", "import", str(file), *TO_DIGEST, *options)
    return result.exit_code, result.output.replace(str(file), "people.csv")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def test_add_without_confirmed_asks_by_mail(loaded: Command) -> None:
    result = loaded("subscribers", "add", "ann@example.org", *TO_DIGEST, "--name", "Ann")

    assert "is asked to confirm digest (daily): the worker sends the mail." in result.stdout
    assert {"ann@example.org": "pending"} == states(loaded)


def test_add_refuses_an_address_that_cannot_be_written_to(loaded: Command) -> None:
    result = loaded("subscribers", "add", "ann@", *TO_DIGEST)

    assert 1 == result.exit_code
    assert result.stderr.startswith("error: 'ann@' is not a usable address")


def test_add_names_the_nearest_cadence(loaded: Command) -> None:
    result = loaded("subscribers", "add", "ann@example.org", *TO_DIGEST, "--cadence", "dayly")

    assert 2 == result.exit_code
    assert "did you mean daily?" in result.stderr


def test_add_brings_nobody_back_who_left(loaded: Command) -> None:
    loaded("subscribers", "add", "ann@example.org", *TO_DIGEST, "--confirmed")
    loaded("subscribers", "remove", "ann@example.org")

    result = loaded("subscribers", "add", "ann@example.org", *TO_DIGEST, "--confirmed")

    assert 1 == result.exit_code
    assert {"ann@example.org": "ended"} == states(loaded)


def test_import_takes_the_good_and_tells_the_bad_by_line(loaded: Command, people: Path) -> None:
    text = 'email,name\nann@example.org,Ann\nbad,B\n\n,Nobody\n"bob\n@example.org",Bob\n'

    code, said = import_(loaded, people, text, "--confirmed")

    assert 1 == code
    assert {"ann@example.org": "active"} == states(loaded)
    assert "people.csv:3: 'bad' is not a usable address" in said
    assert "people.csv:5: there is no address\n" in said
    assert "people.csv:6: the address holds a control character" in said
    assert "people.csv: 1 subscribed; 3 lines rejected.\n" in said


def test_import_takes_people_with_odd_names_by_what_is_left_of_them(
    loaded: Command, people: Path
) -> None:
    text = f'email,name\nann@example.org,"Ann\r\nBcc: x"\nbob@example.org,{"Bob " * 1250}\n'

    code, said = import_(loaded, people, text, "--confirmed")

    shown = json.loads(loaded("subscribers", "list", "--json").stdout)
    assert (0, "people.csv: 2 subscribed.") == (code, said.strip().rpartition("/")[2])
    assert ["Ann Bcc: x", f"{'Bob ' * 49}Bob…"] == [row["name"] for row in shown]


@pytest.mark.parametrize(
    "data",
    [
        "Name;E-Mail;EMAIL\nZoë;x;zoe@example.org\n".encode("utf-8-sig"),
        "email\tname\r\nzoe@example.org\tZoë\r\n".encode(),
        "email,name\nzoe@example.org,Zoë\n".encode("utf-16"),
        "email,name\nzoe@example.org,Zoë\n".encode("cp1252"),
        '"Email" , "Name"\n"zoe@example.org","Zoë"\n'.replace(" ", "").encode(),
    ],
    ids=["semicolons and a mark", "tabs", "utf-16", "windows", "quotes"],
)
def test_import_reads_what_spreadsheets_write(loaded: Command, people: Path, data: bytes) -> None:
    code, _ = import_(loaded, people, data, "--confirmed")

    (row,) = json.loads(loaded("subscribers", "list", "--json").stdout)
    assert 0 == code
    assert ("zoe@example.org", "Zoë") == (row["address"], row["name"])


def test_import_wants_a_header(loaded: Command, people: Path) -> None:
    code, said = import_(loaded, people, "ann@example.org,Ann\n")

    assert 1 == code
    assert 'people.csv: line 1: there is no column "email"' in said


def test_import_brings_nobody_back_and_asks_nobody_twice(loaded: Command, people: Path) -> None:
    loaded("subscribers", "add", "left@example.org", *TO_DIGEST, "--confirmed")
    loaded("subscribers", "remove", "left@example.org")
    loaded("subscribers", "add", "asked@example.org", *TO_DIGEST)
    text = "email\nleft@example.org\nasked@example.org\nnew@example.org\nNEW@example.org\n"

    code, said = import_(loaded, people, text)

    assert 0 == code
    assert "1 asked to confirm" in said
    assert "2 asked before, no answer yet; 1 left before, and stay away." in said
    assert "ended" == states(loaded)["left@example.org"]


def test_import_again_changes_nothing(loaded: Command, people: Path) -> None:
    import_(loaded, people, "email\nann@example.org\nbob@example.org\n", "--confirmed")

    _, said = import_(loaded, people, "email\nann@example.org\nbob@example.org\n", "--confirmed")

    assert "people.csv: 2 subscribed already.\n" == said


def test_export_holds_no_formula_and_is_read_back(loaded: Command, people: Path) -> None:
    name = '=HYPERLINK("https://example.org")'
    loaded("subscribers", "add", "+tag@example.org", *TO_DIGEST, "--confirmed", "--name", name)

    exported = loaded("subscribers", "export").stdout

    (row,) = csv.DictReader(exported.splitlines())
    assert ("'+tag@example.org", f"'{name}") == (row["email"], row["name"])
    _, said = import_(loaded, people, exported, "--confirmed")
    assert "people.csv: 1 subscribed already.\n" == said


def test_a_person_is_shown_with_all_that_is_held(loaded: Command) -> None:
    loaded("subscribers", "add", "ann@example.org", *TO_DIGEST, "--confirmed", "--name", "Ann")
    loaded("suppressions", "add", "Ann@Example.org", "--reason", "complaint", "--note", "by ARF")

    shown = json.loads(loaded("subscribers", "show", "ann@example.org", "--json").stdout)
    told = loaded("subscribers", "show", "ann@example.org").stdout

    assert "complaint" == shown["suppressed"]
    assert ["active"] == [each["state"] for each in shown["subscriptions"]]
    assert [{"added_by": "command line"}] == [each["consent"] for each in shown["subscriptions"]]
    assert [("Ann", [])] == [(each["name"], shown["deliveries"]) for each in shown["subscribers"]]
    assert "ann@example.org is suppressed (ann@example.org, complaint, by ARF)" in told
    assert "Subscriptions\n" in told


def test_a_person_is_erased_with_a_receipt(loaded: Command) -> None:
    loaded("subscribers", "add", "ann@example.org", *TO_DIGEST, "--confirmed")

    unsure = loaded("subscribers", "erase", "ann@example.org")
    assert (1, {"ann@example.org": "active"}) == (unsure.exit_code, states(loaded))
    shown = loaded("subscribers", "erase", "ann@example.org", "--yes")
    again = loaded("subscribers", "erase", "ann@example.org", "--yes", "--json")

    lines = dict(line.split(maxsplit=1) for line in shown.stdout.splitlines())
    assert ("1", "1", "1") == (lines["receipt"], lines["subscriptions"], lines["subscribers"])
    assert lines["kept"].startswith("hash ")
    assert (1, "error: nobody is known under ann@example.org\n") == (
        again.exit_code,
        again.stderr,
    )
    added = loaded("subscribers", "add", "ann@example.org", *TO_DIGEST)
    assert (1, {}) == (added.exit_code, states(loaded))
    assert "ann@example.org is suppressed (erased) and not subscribed" in added.stderr


def test_an_unknown_person_is_told(loaded: Command) -> None:
    result = loaded("subscribers", "show", "ann@example.org")

    expected = "error: nobody is known under ann@example.org\n"
    assert (1, expected) == (result.exit_code, result.stderr)
