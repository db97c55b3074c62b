"""`subscribers choose`."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Command
from tests.rig.program import Site

TO_DIGEST = ("--newsletter", "digest")


@pytest.fixture
def read(site: Site, loaded: Command) -> Command:
    """A newsletter of which readers may choose a good deal, and a reader of it."""
    text = site.config.read_text(encoding="utf-8")
    offered = (
        '[[newsletters]]\nlanguages = ["de"]\ntopics.ports = { title = "P", tags = ["ports"] }'
    )
    text = text.replace("[[newsletters]]", offered, 1)
    daily = next(line for line in text.splitlines() if line.startswith("daily"))
    text = text.replace(daily, 'daily = { cron = "0 7 * * *", own_time = true }')
    site.config.write_text(text, encoding="utf-8")
    assert loaded("subscribers", "add", "ann@example.org", *TO_DIGEST, "--confirmed").exit_code == 0
    return loaded


def test_reader_has_it_as_they_chose(read: Command) -> None:
    result = read(
        *("subscribers", "choose", "ann@example.org", *TO_DIGEST),
        *("--topics", "ports", "--language", "de", "--hour", "18", "--zone", "Asia/Tokyo"),
        *("--pause-until", "2026-12-31"),
    )

    assert result.stdout == (
        "ann@example.org has digest daily; ports; in de; at 18 o'clock;"
        " by the clock of Asia/Tokyo; from 2026-12-31 on.\n"
    )


def test_what_is_not_named_stays_and_each_can_be_taken_back(read: Command) -> None:
    ann = ("subscribers", "choose", "ann@example.org", *TO_DIGEST)
    read(*ann, "--topics", "ports", "--hour", "18", "--pause-until", "2026-12-31")

    said = [
        read(*ann, *words).stdout
        for words in (
            ("--language", "de"),
            ("--usual-time",),
            ("--topics", "", "--pause-until", ""),
        )
    ]

    assert [line.partition("digest ")[2] for line in said] == [
        "daily; ports; in de; at 18 o'clock; from 2026-12-31 on.\n",
        "daily; ports; in de; from 2026-12-31 on.\n",
        "daily; on everything; in de.\n",
    ]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--topics", "prots"), "ports"),
        (("--language", "fr"), "de"),
        (("--zone", "Mars/Base"), 'there is no time zone "Mars/Base"'),
        (("--zone", "../secret"), 'there is no time zone "../secret"'),
        (("--pause-until", "soon"), '"soon" is not a date'),
    ],
)
def test_what_cannot_be_chosen_is_refused_with_what_can(
    read: Command, words: tuple[str, ...], fault: str
) -> None:
    result = read("subscribers", "choose", "ann@example.org", *TO_DIGEST, *words)

    assert (result.exit_code, fault in result.stderr) == (2, True), result.stderr


def test_time_of_ones_own_needs_a_cadence_that_allows_it(site: Site, loaded: Command) -> None:
    loaded("subscribers", "add", "ann@example.org", *TO_DIGEST, "--confirmed")

    result = loaded("subscribers", "choose", "ann@example.org", *TO_DIGEST, "--hour", "9")

    assert result.exit_code == 2
    assert "own_time = true" in result.stderr


def test_who_does_not_read_it_can_choose_nothing(loaded: Command) -> None:
    result = loaded("subscribers", "choose", "bob@example.org", *TO_DIGEST, "--topics", "")

    assert (result.exit_code, "does not read digest" in result.stderr) == (1, True)
