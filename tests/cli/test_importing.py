"""`subscribers import` and `export`."""

from __future__ import annotations

import csv
import io
import json
import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from publisher.cli.importing import _BATCH
from publisher.importing import formats
from publisher.sqlite import sqlite3
from tests.cli.conftest import Command
from tests.cli.test_people import TO_DIGEST, states
from tests.rig.program import PROGRAM, Site, environment

SAMPLES = Path(__file__).parent.parent / "importing" / "samples"


def import_(command: Command, file: Path, text: str | bytes, *options: str) -> tuple[int, str]:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = command("subscribers", "import", str(file), *TO_DIGEST, *options)
    return result.exit_code, result.output.replace(str(file), "people.csv")


def rejects_of(file: Path) -> Path:
    return file.with_name("people.csv.rejects.csv")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def test_import_takes_the_good_and_tells_the_bad_by_line(loaded: Command, people: Path) -> None:
    text = 'email,name\nann@example.org,Ann\nbad,B\n\n,Nobody\n"bob\n@example.org",Bob\n'

    code, said = import_(loaded, people, text, "--confirmed")

    assert 1 == code
    assert {"ann@example.org": "active"} == states(loaded)
    assert "people.csv:3: 'bad' is not a usable address" in said
    assert "people.csv:5: there is no address\n" in said
    assert "people.csv:6: the quotation marks do not pair up\n" in said
    assert "They are in people.csv.rejects.csv.\n" in said
    assert "people.csv: 1 subscribed; 4 lines rejected.\n" in said
    assert [
        ["file", "line", "address", "reason"],
        ["people.csv", "3", "bad", ""],
        ["people.csv", "5", "", "there is no address"],
        ["people.csv", "6", '"bob', "the quotation marks do not pair up"],
        ["people.csv", "7", "'@example.org\"", ""],
    ] == [
        [*cells[:3], "" if "usable" in cells[3] else cells[3]]
        for cells in csv.reader(rejects_of(people).read_text(encoding="utf-8").splitlines())
    ]


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
    assert not rejects_of(people).exists()


def test_import_wants_a_header(loaded: Command, people: Path) -> None:
    code, said = import_(loaded, people, "ann@example.org,Ann\n")

    assert 1 == code
    assert 'people.csv: line 1: there is no column "email"' in said
    assert "(it is: ann@example.org, ann)" in said


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


def test_a_rehearsal_says_what_would_be_done(loaded: Command, people: Path) -> None:
    loaded("subscribers", "add", "ann@example.org", *TO_DIGEST, "--confirmed")
    lines = [f"r{number}@example.org" for number in range(_BATCH)]
    text = "\n".join(["email", "ann@example.org", *lines, "bad", *lines[:2], ""])

    code, rehearsed = import_(loaded, people, text, "--confirmed", "--dry-run")

    assert {"ann@example.org": "active"} == states(loaded)
    expected = f"{_BATCH:,} subscribed; 3 subscribed already; 1 line rejected.\n"
    assert rehearsed.endswith(f"people.csv: nothing was changed; there would be {expected}")
    assert 1 == code
    assert import_(loaded, people, text, "--confirmed")[1].endswith(f"people.csv: {expected}")


def test_what_a_file_does_not_say_may_be_said(loaded: Command, people: Path) -> None:
    listmonk = SAMPLES / "listmonk" / "subscribers.csv"

    result = loaded("subscribers", "import", str(listmonk), *TO_DIGEST, "--state", "ended")

    assert 0 == result.exit_code
    assert {"ended"} == set(states(loaded).values())
    text = "Mail;Wer\nzoe@example.org;Zoe, Z\n"
    mapping = ("--map", "email=Mail,name=Wer", "--state", "active")
    assert 0 == import_(loaded, people, text, *mapping)[0]
    assert "active" == states(loaded)["zoe@example.org"]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--from", "mailchump"), "did you mean mailchimp?"),
        (("--map", "emial=Mail"), "did you mean email?"),
        (("--map", "Mail"), 'error: --map: "Mail" is not FIELD=COLUMN'),
        (("--confirmed", "--state", "ended"), "give one of them"),
    ],
)
def test_what_is_mistyped_is_told(
    loaded: Command, people: Path, options: tuple[str, ...], fault: str
) -> None:
    code, said = import_(loaded, people, "email\nann@example.org\n", *options)

    assert 2 == code
    assert fault in said


def test_help_names_every_format(command: Command) -> None:
    # As it is on a wide terminal: in one piece.
    from publisher.cli.importing import _FORMATS

    assert _FORMATS == tuple(formats.names())


def test_an_archive_is_read_as_it_is(loaded: Command, tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    with ZipFile(file, "w") as archive:
        for sample in sorted((SAMPLES / "mailchimp").iterdir()):
            archive.write(sample, sample.name)
        archive.writestr("orders.csv", "id,amount\n1,5\n")

    result = loaded("subscribers", "import", str(file), *TO_DIGEST)

    assert 'passed over: orders.csv: line 1: there is no column "email"' in result.stderr
    assert "nonsubscribed_export_1.csv:2: Mailchimp has them as not subscribed" in result.stderr
    assert {
        **{"ann@example.org": "active", "bob@example.org": "ended"},
        **{"cat@example.org": "ended", "dan@example.org": "ended"},
    } == states(loaded)
    reasons = json.loads(loaded("suppressions", "list", "--json").stdout)
    assert {"cat@example.org": "complaint", "dan@example.org": "hard_bounce"} == {
        row["address"]: row["reason"] for row in reasons
    }


def test_rejects_go_where_they_are_wanted(
    loaded: Command, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = tmp_path / "bad.csv"
    import_(loaded, people, "email\nbad\n", "--rejects", str(wanted))
    assert ["people.csv,2,bad"] == [
        line.rpartition(",")[0] for line in wanted.read_text().splitlines()[1:]
    ]

    # A folder in its place: there it cannot be written.
    rejects_of(people).mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    _, said = import_(loaded, people, "email\n" + "bad\n" * 7)

    assert "… and 2 more; all are in people.csv.rejects.csv.\n" in said
    assert 8 == len((tmp_path / "work" / "people.csv.rejects.csv").read_text().splitlines())


def cells(exported: str) -> list[dict[str, str]]:
    """Give what an export says, but for since when the pending are: that is when they came here."""
    return [
        row | ({"created": ""} if row["state"] == "pending" else {})
        for row in csv.DictReader(io.StringIO(exported))
    ]


def lines(as_json: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in as_json.splitlines()]
    return [row | ({"created": ""} if row["state"] == "pending" else {}) for row in rows]


ROUND_TRIP = (SAMPLES / "csv" / "people.csv").read_text(encoding="utf-8")


def test_an_export_read_into_an_empty_site_gives_the_same(
    site: Site, loaded: Command, people: Path
) -> None:
    config = site.config.read_text()
    choices = (
        'languages = ["de"]\n[newsletters.topics]\nharbour = { title = "Harbour", tags = ["x"] }\n'
    )
    site.config.write_text(
        config.replace("[newsletters.cadences]", f"{choices}[newsletters.cadences]")
    )
    assert 0 == import_(loaded, people, ROUND_TRIP)[0]
    exported = loaded("subscribers", "export").stdout
    as_json = loaded("subscribers", "export", "--json").stdout
    shutil.rmtree(site.config.parent / "../var")
    loaded("migrate")

    assert 0 == import_(loaded, people, exported)[0]

    assert cells(exported) == cells(loaded("subscribers", "export").stdout)
    assert lines(as_json) == lines(loaded("subscribers", "export", "--json").stdout)
    first, *rows = [json.loads(line) for line in as_json.splitlines()]
    assert ("+tag@example.org", '=HYPERLINK("https://example.org")') == (
        first["email"],
        first["name"],
    )
    assert ({"ip": "192.0.2.1"}, ["harbour"]) == ({"ip": first["consent"]["ip"]}, first["topics"])
    assert [
        ("pending", None),
        ("ended", None),
        ("ended", "hard_bounce"),
        ("active", "complaint"),
    ] == [(row["state"], row["suppressed"]) for row in rows]
    assert "'+tag@example.org,\"'=HYPERLINK(" in exported
    kept = loaded("subscribers", "export", "--state", "pending", "--newsletter", "digest").stdout
    assert ["asked@example.org"] == [row["email"] for row in csv.DictReader(kept.splitlines())]


def test_people_of_another_newsletter_are_passed_over(loaded: Command, people: Path) -> None:
    text = "email,newsletter\nann@example.org,digest\nbob@example.org,other\n"

    _, said = import_(loaded, people, text, "--confirmed")

    assert "people.csv: 1 subscribed; 1 of another newsletter, and passed over.\n" in said
    _, said = import_(loaded, people, text, "--confirmed", "--map", "newsletter=")
    assert "people.csv: 1 subscribed; 1 subscribed already.\n" in said


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT])
def test_an_import_that_was_broken_off_is_run_again(
    site: Site, loaded: Command, people: Path, way: signal.Signals
) -> None:
    lines = [f"r{number}@example.org" for number in range(3 * _BATCH)]
    people.write_text("\n".join(["email", *lines, ""]))
    command = ["subscribers", "import", str(people), *TO_DIGEST]
    database = site.config.parent / "../var/publisher.db"

    running = subprocess.Popen(
        [PROGRAM, *command],
        cwd=site.folder,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    with closing(sqlite3.connect(database, timeout=60)) as watching:
        while not (done := watching.execute("SELECT count(*) FROM subscriptions").fetchone()[0]):
            assert running.poll() is None
            time.sleep(0.005)
    running.send_signal(way)
    _, said = running.communicate()
    assert (-way if way == signal.SIGKILL else 130) == running.returncode
    if way == signal.SIGINT:
        assert "Stopped before the end; the same command goes on." in said

    result = loaded(*command)

    assert 0 < done < len(lines)
    assert "asked before, no answer yet" in result.stdout
    with closing(sqlite3.connect(database)) as watching:
        assert (len(lines),) * 3 == tuple(
            watching.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("subscribers", "subscriptions", "deliveries")
        )
