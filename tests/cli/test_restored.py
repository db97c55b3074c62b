"""A site whose database is put back from a backup, by the commands that its admin gives."""

from __future__ import annotations

import json

from tests.cli.conftest import Command
from tests.rig.program import Site


def test_what_was_sent_after_the_copy_is_not_sent_again(site: Site, command: Command) -> None:
    """F40."""
    site.send_by('protocol = "file"\nfolder = "../box"\n')
    command("migrate")
    command("ingest")
    who = ("ann@example.org", "--newsletter", "digest", "--cadence", "daily", "--confirmed")
    command("subscribers", "add", *who)
    database = site.folder / "var" / "publisher.db"
    copy = database.read_bytes()
    command("issues", "send-now", "digest")
    current = command("restored")
    database.write_bytes(copy)
    as_json = ("status", "--json")
    older = command(*as_json)

    again = command("issues", "send-now", "digest")
    status = command("status")
    given_up = command("restored")
    told = [json.loads(each.stdout)["ledger_is_older"] for each in (older, command(*as_json))]
    shown = command("issues", "show", "1")

    assert current.exit_code == 1
    assert "is not older than" in current.stderr
    assert "run `publisher restored`" in status.stderr
    assert told == [True, False]
    assert again.exit_code == 1
    assert "publisher restored" in again.stderr
    assert given_up.stdout == "1 mail given up, as each may have been sent. Mail goes on.\n"
    assert "failed 1" in shown.stdout
    assert len(list((site.folder / "box").iterdir())) == 1
