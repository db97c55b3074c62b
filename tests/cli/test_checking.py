"""`preview --check`: what the next issue would be held for, or warned of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.rig.program import Site


@pytest.fixture
def read(loaded: Command, site: Site, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A newsletter with three readers, one of them with an odd name, and without SpamAssassin."""
    people = site.folder / "people.csv"
    people.write_text(
        'email,name\nann@example.org,Ann\nbob@example.org,"Bob\n{{7*7}}"\neve@example.org,\n',
        encoding="utf-8",
    )
    arguments = ("--newsletter", "digest", "--cadence", "daily", "--confirmed")
    assert loaded("subscribers", "import", str(people), *arguments).exit_code == 0
    monkeypatch.setenv("PATH", "/nowhere")
    return loaded


def spoil(site: Site) -> None:
    """Put a link that leads nowhere into the site's own digest."""
    folder = site.folder / "templates" / "email"
    folder.mkdir(parents=True)
    (folder / "digest.html").write_text(
        '{% extends "shipped/email/digest.html" %}\n'
        '{% block footer %}<a href="/here">Here</a>{{ super() }}{% endblock %}\n',
        encoding="utf-8",
    )


def test_good_issue_passes_and_tells_what_was_not_asked(read: Command) -> None:
    result = read("preview", "digest", "--check")

    assert (0, "3 mails examined, nothing found.\n") == (result.exit_code, result.stdout)
    assert "not asked: spam: SpamAssassin is not installed\n" == result.stderr


def test_issue_that_would_be_held_fails_with_the_reason(read: Command, site: Site) -> None:
    spoil(site)

    result = read("preview", "digest", "--check")

    expected = "block  links: <a href> is not absolute: /here (HTML, en)\n"
    assert (1, expected) == (result.exit_code, result.stdout)


def test_findings_are_printed_as_json(read: Command, site: Site) -> None:
    spoil(site)

    result = read("preview", "digest", "--check", "--json")

    (finding,) = json.loads(result.stdout)
    assert 1 == result.exit_code
    assert ["rule", "weight", "words", "where"] == list(finding)
    assert ("links", "block") == (finding["rule"], finding["weight"])


def test_rule_that_warns_does_not_fail(read: Command, site: Site) -> None:
    spoil(site)
    with site.config.open("a", encoding="utf-8") as config:
        config.write('[preflight]\nlinks = "warn"\n')

    result = read("preview", "digest", "--check")

    assert 0 == result.exit_code
    assert result.stdout.startswith("warn   links: ")


def test_one_reader_may_be_chosen(read: Command) -> None:
    result = read("preview", "digest", "--check", "--as", "bob@example.org")

    assert "1 mail examined, nothing found.\n" == result.stdout


def test_nobody_reads_it_yet(loaded: Command) -> None:
    assert loaded("preview", "digest", "--check").stdout.startswith("1 mail examined")


def test_sudden_audience_is_warned_of(read: Command, site: Site, tmp_path: Path) -> None:
    read("issues", "build", "digest", "--cadence", "daily")
    crowd = tmp_path / "crowd.csv"
    crowd.write_text("email\n" + "".join(f"n{n}@example.org\n" for n in range(9)))
    arguments = ("--newsletter", "digest", "--cadence", "daily", "--confirmed")
    read("subscribers", "import", str(crowd), *arguments)
    site.write("second", "Second thoughts")
    read("ingest")

    shown = read("preview", "digest", "--cadence", "daily", "--check").stdout

    assert "warn   audience: 12 get it, more than double the 3 of the last issue" in shown


def test_json_is_for_findings_only(read: Command) -> None:
    result = read("preview", "digest", "--json")

    assert 2 == result.exit_code
    assert "--json prints what --check finds" in result.stderr


def test_empty_issue_has_no_findings(read: Command) -> None:
    read("issues", "build", "digest", "--cadence", "daily")

    result = read("preview", "digest", "--cadence", "daily", "--check", "--json")

    assert (0, []) == (result.exit_code, json.loads(result.stdout))


def test_template_that_spoils_a_slot_is_told(read: Command, site: Site) -> None:
    folder = site.folder / "templates" / "email"
    folder.mkdir(parents=True)
    (folder / "digest.html").write_text(
        '{% extends "shipped/email/digest.html" %}\n'
        "{% block masthead %}{{ recipient.name|upper }}{% endblock %}\n",
        encoding="utf-8",
    )

    shown = read("preview", "digest")
    sent = read("send-test", "digest", "--to", "ann@example.org")

    assert (1, 1) == (shown.exit_code, sent.exit_code)
    assert "digest: the template of the HTML part spoils" in shown.stderr
    assert "unknown slot 'NAME'" in sent.stderr


def test_looking_writes_nothing(read: Command, site: Site) -> None:
    """Not even a schedule that the config has and the site does not know yet."""
    text = site.config.read_text(encoding="utf-8").replace("0 7 * * *", "0 8 * * *")
    site.config.write_text(text, encoding="utf-8")
    database = site.folder / "var" / "publisher.db"
    before = database.read_bytes()

    assert 0 == read("preview", "digest", "--cadence", "daily", "--check").exit_code

    assert before == database.read_bytes()
