"""`issues correct`, without a relay."""

from __future__ import annotations

import json

import pytest

from publisher.sqlite import sqlite3
from tests.cli.conftest import Command
from tests.rig.program import Site


@pytest.fixture
def sent(loaded: Command, site: Site) -> Command:
    """A site whose only reader has issue 1."""
    words = ("subscribers", "add", "ann@example.org", "--newsletter=digest", "--confirmed")
    assert 0 == loaded(*words).exit_code
    assert 0 == loaded("issues", "build", "digest").exit_code
    settle(site)
    return loaded


def settle(site: Site) -> None:
    """Let the relay have taken everything."""
    (database,) = site.folder.glob("var/*.db")
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE deliveries SET state = 'accepted'")
    connection.close()


def test_an_issue_is_corrected_once(sent: Command, site: Site) -> None:
    note = site.folder / "note.md"
    note.write_text("It was *ten*.", encoding="utf-8")
    tried = sent("issues", "correct", "1", "--note", str(note), "--dry-run").stdout
    assert tried.startswith("Subject: Correction: The Digest: Kept promises\n\n")
    assert "It was ten." in tried
    assert tried.endswith("Up to 1 reader would get it.\n")

    corrected = sent("issues", "correct", "1", "--note", str(note))

    expected = "Issue 1 (no. 1) is corrected, for 1 reader, by issue 2. A worker sends it.\n"
    assert expected == corrected.stdout
    again = sent("issues", "correct", "1", "--note", "It was eleven after all.")
    assert (1, True) == (again.exit_code, "nobody gets a second correction" in again.stderr)
    itself = sent("issues", "correct", "2", "--note", "It was eleven after all.")
    assert (2, True) == (itself.exit_code, "the correction of issue 1 itself" in itself.stderr)
    shown = json.loads(sent("issues", "show", "1", "--json").stdout)
    assert (2, "It was *ten*.") == (shown["corrected_by"], shown["correction"])
    assert "pending 1" in shown["correction_balance"]
    assert "corrects    1\n" in sent("issues", "show", "2").stdout


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        ("nothing.md", "nothing.md: there is no such file"),
        ("", "--note: says nothing"),
        ("<!-- not yet -->", "--note: says nothing"),
        ("{folder}/latin.md", "latin.md:1: is not UTF-8"),
        ("<div> " * 300, "--note: the HTML is nested more than 250 levels deep"),
        ("wrong " * 5000, "--note: is longer than 20,000 bytes"),
    ],
)
def test_a_note_that_cannot_be_meant_is_refused(
    sent: Command, site: Site, note: str, reason: str
) -> None:
    (site.folder / "latin.md").write_bytes(b"Gr\xfc\xdfe")

    refused = sent("issues", "correct", "1", "--note", note.format(folder=site.folder))

    assert (1, True) == (refused.exit_code, reason in refused.stderr)
    assert 1 == len(json.loads(sent("issues", "list", "--json").stdout))


def test_an_issue_that_is_still_being_sent_is_not_corrected_yet(loaded: Command) -> None:
    loaded("subscribers", "add", "ann@example.org", "--newsletter=digest", "--confirmed")
    loaded("issues", "build", "digest")

    refused = loaded("issues", "correct", "1", "--note", "It was ten.")

    assert (1, True) == (refused.exit_code, "still has 1 mail to be sent" in refused.stderr)
    assert 0 == loaded("issues", "cancel", "1").exit_code
    refused = loaded("issues", "correct", "1", "--note", "It was ten.")
    assert (1, "error: nobody has issue 1\n") == (refused.exit_code, refused.stderr)
