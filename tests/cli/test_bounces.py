"""`bounces`: mailboxes, one mail on standard input, the lists, the quarantine."""

from __future__ import annotations

import io
import json
import sqlite3
import sys

import pytest
from typer.testing import Result

from publisher.tokens import Purpose, Tokens
from tests.cli.conftest import Command
from tests.rig.program import Site
from tests.rig.returned import note, report


@pytest.fixture
def sent(loaded: Command, site: Site) -> str:
    """An issue to one reader, as if it had been accepted; gives the address of its bounces."""
    loaded("subscribers", "add", "ada@example.org", "--newsletter", "digest", "--confirmed")
    loaded("issues", "send-now", "digest", "--cadence", "daily", "--no-wait")
    with sqlite3.connect(site.folder / "var" / "publisher.db") as database:
        database.execute("UPDATE deliveries SET state = 'accepted'")
        keys = dict(database.execute("SELECT id, secret FROM keys").fetchall())
    token = Tokens(keys, max(keys)).sign(Purpose.BOUNCE, 1)
    return f"bounce+{token}@example.org"


def piped(command: Command, monkeypatch: pytest.MonkeyPatch, raw: bytes, *words: str) -> Result:
    """Hand one mail to `bounces pipe`."""

    class Input:
        buffer = io.BytesIO(raw)

    monkeypatch.setattr("publisher.cli.bounces.sys", type("_", (), {"stdin": Input}))
    try:
        return command("bounces", "pipe", *words)
    finally:
        monkeypatch.setattr("publisher.cli.bounces.sys", sys)


def test_mail_on_standard_input_is_recorded_and_shown(
    command: Command, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = report(sent, diagnostic="550 5.1.1 <script>\x1b[31m no such user")

    before = command("issues", "recipients", "1", "--bounced")
    taken = piped(command, monkeypatch, hostile)

    assert (before.stdout, "has no such recipient" in before.stderr) == ("", True)
    assert (taken.exit_code, taken.stdout) == (0, "")
    (recipient,) = json.loads(command("issues", "recipients", "1", "--bounced", "--json").stdout)
    assert (recipient["address"], recipient["state"]) == ("ada@example.org", "accepted")
    (row,) = json.loads(command("bounces", "list", "--json").stdout)
    assert (row["kind"], row["address"], row["status"], row["consequence"], row["via"]) == (
        *("hard", "ada@example.org", "5.1.1", "suppressed", "pipe"),
    )
    assert (row["issue"], row["diagnostic"]) == (1, "550 5.1.1 <script> [31m no such user")
    assert "ada@example.org" in command("bounces", "list", "--kind", "hard", "--issue", "1").stdout
    assert command("bounces", "list", "--kind", "soft").stdout == ""
    assert command("bounces", "list", "--address", "bob@example.org").stdout == ""
    assert "5.1.1" in command("bounces", "show", "1").stdout
    assert command("bounces", "show", "2").exit_code == 1
    assert json.loads(command("issues", "show", "1", "--json").stdout)["bounced"] == {"hard": 1}
    assert "bounced     1 hard" in command("issues", "show", "1").stdout
    status = command("status")
    assert "\nBounces: 1 hard in the last day\n" in status.stdout


def test_mail_that_does_not_say_whom_it_went_to_is_known_by_its_envelope(
    command: Command, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = report("undisclosed-recipients:;")

    piped(command, monkeypatch, raw, "--recipient", sent)

    assert [row["kind"] for row in json.loads(command("bounces", "list", "--json").stdout)] == [
        "hard"
    ]


def test_mail_server_keeps_what_cannot_be_recorded_now(
    command: Command, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EX_TEMPFAIL of sysexits.h, whatever is the matter."""
    assert piped(command, monkeypatch, b"").exit_code == 75  # no database yet
    site.config.write_text("[", encoding="utf-8")
    assert piped(command, monkeypatch, b"").exit_code == 75


def test_mailboxes_are_read_now(command: Command, site: Site, sent: str) -> None:
    assert command("bounces", "process").exit_code == 2

    folder = site.folder / "var" / "bounces"
    with site.config.open("a", encoding="utf-8") as config:
        config.write('maildir = "../var/bounces"\n')
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    (folder / "new" / "1").write_bytes(report(sent))

    assert command("bounces", "process").stdout == "maildir: 1 mail\n"
    assert [file.name for file in folder.glob("*/*")] == ["1:2,S"]
    assert len(json.loads(command("bounces", "list", "--json").stdout)) == 1


def test_quarantine_is_listed_shown_retried_and_dropped(
    command: Command, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = [note(sent, text=f"Question {number}\x1b[31m") for number in range(3)]
    for letter in letters:
        piped(command, monkeypatch, letter)

    rows = json.loads(command("bounces", "quarantine", "list", "--json").stdout)

    assert [(row["id"], row["reason"], row["via"]) for row in rows] == [
        (number, "is no bounce", "pipe") for number in (1, 2, 3)
    ]
    assert command("bounces", "quarantine", "show", "1").stdout_bytes == letters[0]
    assert "3 in quarantine, see `publisher bounces quarantine list`" in command("status").stdout
    retried = command("bounces", "quarantine", "retry")
    assert retried.stdout == "0 mails of 3 could be read.\n"
    assert command("bounces", "quarantine", "drop").exit_code == 2
    assert command("bounces", "quarantine", "drop", "1", "9").exit_code == 1
    assert command("bounces", "quarantine", "drop", "--all").stdout == "2 mails dropped.\n"
    assert json.loads(command("bounces", "quarantine", "list", "--json").stdout) == []
    assert command("bounces", "quarantine", "show", "1").exit_code == 1
    assert command("bounces", "quarantine", "retry", "1").exit_code == 1
