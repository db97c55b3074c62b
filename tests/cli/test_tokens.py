"""`tokens`: shown once, listed without being shown, and taken away."""

from __future__ import annotations

import json

import pytest

from publisher.model import Scope
from tests.cli.conftest import Command

EVENTS = ("--scope", "events:read")


def test_token_is_shown_once_and_listed_by_its_name(loaded: Command) -> None:
    made = loaded("tokens", "add", "crm", *EVENTS, "--scope", "issues:read")
    twice = loaded("tokens", "add", "crm", *EVENTS)
    until = loaded("tokens", "add", "fair", *EVENTS, "--expires", "2999-01-01")
    listed = loaded("tokens", "list").stdout
    rows = json.loads(loaded("tokens", "list", "--json").stdout)
    removed = loaded("tokens", "remove", "crm")
    again = loaded("tokens", "remove", "crm")

    token = made.stdout.strip()
    assert token.startswith("pub_")
    assert token != until.stdout.strip()
    assert "The token of crm, for events:read, issues:read:" in made.stderr
    assert twice.exit_code == 1
    assert 'there is a token "crm" already' in twice.stderr
    assert token not in listed + json.dumps(rows)
    assert [(row["name"], row["scopes"], row["used"]) for row in rows] == [
        ("crm", ["events:read", "issues:read"], None),
        ("fair", ["events:read"], None),
    ]
    assert rows[1]["expires"].startswith("2999-01-01T00:00")
    assert removed.stdout == "The token of crm opens nothing any more.\n"
    assert again.exit_code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("crm", "--scope", "event:read"), "did you mean events:read?"),
        (("crm", *EVENTS, "--expires", "soon"), '"soon" is not a date'),
        (("crm", *EVENTS, "--expires", "2020-01-01"), "that is over"),
        ((" ", *EVENTS), "a token needs a name"),
        (("crm",), "Missing option '--scope'"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    loaded: Command, words: tuple[str, ...], said: str
) -> None:
    result = loaded("tokens", "add", *words)

    assert result.exit_code == 2
    assert said in result.stderr


def test_help_names_every_scope(loaded: Command) -> None:
    shown = " ".join(loaded("tokens", "add", "--help").stdout.replace("│", " ").split())

    assert [scope for scope in Scope if scope not in shown] == []
