"""`newsletters`, `issues` and `preview`, without a relay."""

from __future__ import annotations

import email
import email.policy
import json
from pathlib import Path

import pytest

from publisher.sqlite import sqlite3
from tests.cli.conftest import Command
from tests.rig.program import Site


@pytest.fixture
def read(loaded: Command) -> Command:
    """A site with one reader of the daily digest."""
    added = loaded(
        *("subscribers", "add", "ann@example.org", "--newsletter", "digest"),
        *("--cadence", "daily", "--name", "Ann", "--confirmed"),
    )
    assert 0 == added.exit_code
    return loaded


@pytest.fixture
def built(read: Command) -> Command:
    """The same, with an issue that nobody has sent yet."""
    assert 0 == read("issues", "build", "digest").exit_code
    return read


def state(command: Command) -> str:
    return str(json.loads(command("issues", "show", "1", "--json").stdout)["state"])


def test_newsletters_are_listed_with_cadences(command: Command) -> None:
    (row,) = json.loads(command("newsletters", "list", "--json").stdout)

    assert ("digest", ["instant", "daily"]) == (row["slug"], row["cadences"])


def test_dry_run_tells_what_and_how_many_and_makes_nothing(read: Command) -> None:
    result = read("issues", "build", "digest", "--dry-run")

    expected = "digest, daily: up to 1 article for 1 reader, each only what they have not had:\n"
    assert f"{expected}  Kept promises\n" == result.stdout
    assert "[]\n" == read("issues", "list", "--json").stdout


def test_build_makes_an_issue_and_sends_nothing(read: Command) -> None:
    result = read("issues", "build", "digest")

    assert "digest, daily: issue 1 (no. 1) for 1 reader\n" in result.stdout
    assert "pending 1" in read("issues", "show", "1").stdout


def test_send_now_without_waiting_leaves_the_rest_to_a_worker(read: Command) -> None:
    result = read("issues", "send-now", "digest", "--no-wait")

    assert 0 == result.exit_code
    assert "pending 1" in read("issues", "show", "1").stdout


def test_a_newsletter_without_readers_says_so(loaded: Command) -> None:
    result = loaded("issues", "send-now", "digest")

    assert 0 == result.exit_code
    assert result.stdout.startswith("Nobody reads digest yet.")


def test_an_unknown_newsletter_names_the_nearest(loaded: Command) -> None:
    result = loaded("issues", "send-now", "digset")

    expected = 'error: there is no newsletter "digset"; did you mean digest?\n'
    assert (2, expected) == (result.exit_code, result.stderr)


def test_show_tells_the_balance_as_an_equation(built: Command) -> None:
    shown = built("issues", "show", "1").stdout

    assert "subject     The Digest: Kept promises\n" in shown
    assert shown.endswith(
        "audience 1 = accepted 0 + failed 0 + skipped 0 + pending 1 + in doubt 0\n"
    )


def test_show_is_loud_about_a_balance_that_does_not_hold(built: Command, site: Site) -> None:
    (database,) = site.folder.glob("var/*.db")
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE issues SET audience = 2")
    connection.close()

    result = built("issues", "show", "1")

    assert 1 == result.exit_code
    assert "error: the balance of issue 1 does not hold" in result.stderr


def test_an_issue_is_paused_resumed_and_cancelled(built: Command) -> None:
    states = []
    for word in ("pause", "resume", "cancel"):
        assert 0 == built("issues", word, "1").exit_code
        states.append(state(built))

    assert ["paused", "open", "stopped"] == states
    assert "skipped 1 + pending 0" in built("issues", "show", "1").stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("approve", "1"), "only one that is held can be approved"),
        (("resume", "1"), "only one that is paused can be resumed"),
        (("retry", "1", "--only", "accepted"), 'there is no state to retry "accepted"'),
    ],
)
def test_what_an_issue_is_not_ready_for_is_refused(
    built: Command, words: tuple[str, ...], reason: str
) -> None:
    result = built("issues", *words)

    assert 2 == result.exit_code
    assert reason in result.stderr


def test_cancel_refuses_an_issue_that_is_stopped(built: Command) -> None:
    built("issues", "cancel", "1")

    result = built("issues", "cancel", "1")

    assert 2 == result.exit_code
    assert "issue 1 is stopped" in result.stderr


def test_recipients_are_listed_by_state(built: Command) -> None:
    (row,) = json.loads(built("issues", "recipients", "1", "--json").stdout)
    none = built("issues", "recipients", "1", "--state", "in-doubt")

    assert ("ann@example.org", "Ann", "pending") == (row["address"], row["name"], row["state"])
    assert ("", 0) == (none.stdout, none.exit_code)


def test_retry_says_how_many(built: Command) -> None:
    result = built("issues", "retry", "1", "--only", "failed,in-doubt")

    assert "0 mails of issue 1 to be sent again.\n" == result.stdout


def test_an_unknown_issue_is_told(loaded: Command) -> None:
    result = loaded("issues", "show", "7")

    expected = "error: there is no issue 7; `publisher issues list` shows them all\n"
    assert (1, expected) == (result.exit_code, result.stderr)


def test_preview_prints_subject_and_text(read: Command) -> None:
    shown = read("preview", "digest", "--as", "ann@example.org").stdout

    assert shown.startswith("Subject: The Digest: Kept promises\n\n")
    assert "ann@example.org" in shown
    assert "\N{REPLACEMENT CHARACTER}" not in shown


def test_preview_writes_what_a_mail_program_gets(read: Command, tmp_path: Path) -> None:
    read("preview", "digest", "--as", "ann@example.org", "--out", str(tmp_path / "out"))

    folder = tmp_path / "out"
    message = email.message_from_bytes(
        (folder / "digest-daily.eml").read_bytes(), policy=email.policy.default
    )
    html = (folder / "digest-daily.html").read_text(encoding="utf-8")
    assert "Ann <ann@example.org>" == message["To"]
    assert "Kept promises" in html
    assert "Kept promises" in (folder / "digest-daily.txt").read_text(encoding="utf-8")


def test_preview_of_an_empty_issue_says_so(command: Command, site: Site) -> None:
    (site.articles / "kept.md").unlink()
    command("migrate")

    result = command("preview", "digest", "--cadence", "daily")

    assert "digest, daily: nothing new for anybody; no issue.\n" == result.stdout
