"""`subscribers`."""

from __future__ import annotations

import json

from tests.cli.conftest import Command

TO_DIGEST = ("--newsletter", "digest")


def states(command: Command) -> dict[str, str]:
    rows = json.loads(command("subscribers", "list", "--json").stdout)
    return {row["address"]: row["state"] for row in rows}


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
    assert "Consent to digest\nadded_by  command line\n" in told


def test_a_person_moves(loaded: Command) -> None:
    loaded("subscribers", "add", "ann@example.org", *TO_DIGEST, "--confirmed")

    moved = loaded("subscribers", "move", "ann@example.org", "Ann@New.example")
    again = loaded("subscribers", "move", "ann@example.org", "Ann@New.example")

    assert "What went to ann@example.org goes to Ann@New.example.\n" == moved.stdout
    assert {"Ann@new.example": "active"} == states(loaded)
    assert (1, "error: nobody is known under ann@example.org\n") == (again.exit_code, again.stderr)


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
